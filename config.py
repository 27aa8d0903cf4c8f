"""Every setting: its variable, default and meaning; read from the environment once.

`Settings.from_environ` reports every mistake at once, each with the variable's name, what is wrong
and an example. `python config.py` prints the table that README shows.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import consistency
import variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class InvalidSettings(ValueError):
    """One or more variables cannot be used; the message has a line for each."""


def setting(
    variable: str,
    default: object,
    meaning: str,
    parse: Callable[[str], Any] = variables.text,
    *,
    secret: bool = False,
) -> Any:
    """Declare a setting once: the variable it is read from, its default and its meaning."""
    return field(
        default=default,
        repr=not secret,
        metadata={"variable": variable, "meaning": meaning, "parse": parse, "secret": secret},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process. Secrets are not in its repr."""

    api_key: str = setting(
        "SCENARIO_SDK_API_KEY",
        "",
        "Key of the Scenario API. Without a key Akin browses a folder.",
        secret=True,
    )
    api_secret: str = setting(
        "SCENARIO_SDK_API_SECRET", "", "The secret that belongs to the key.", secret=True
    )
    jwt: str = setting(
        "SCENARIO_SDK_JWT", "", "A bearer token, instead of key and secret.", secret=True
    )
    base_url: str = setting(
        "SCENARIO_BASE_URL",
        "https://api.cloud.scenario.com/v1",
        "Where the API is; any server that speaks it.",
        variables.address,
    )
    project_id: str = setting(
        "SCENARIO_PROJECT_ID", "", "Sent as `projectId` with every call, where set."
    )
    data: Path = setting(  # noqa: RUF009 - setting() is dataclasses.field()
        "AKIN_DATA",
        Path("instance"),
        "Folder for what Akin keeps: libraries, examples.",
        variables.folder,
    )
    assets: str = setting(
        "AKIN_ASSETS", "", "Folder to browse without a key; empty: the demo library."
    )
    image_model: str = setting(
        "AKIN_IMAGE_MODEL",
        "",
        "What `make run` and `python -m library` embed pictures with: `clip` (through fastembed), "
        "a folder with ONNX files, or empty for the packaged one; `python -m library reembed` "
        "changes a library that there is.",
    )
    timeout: float = setting(
        "AKIN_TIMEOUT",
        10.0,
        "Seconds that a page may take, with every call to the API that it needs, and its retries.",
        variables.number(0.1, 120, "10"),
    )
    cache_url: str = setting(
        "AKIN_CACHE_URL",
        "memory",
        "Where answers are kept: `memory`, `none`, `file:FOLDER` or `redis://HOST:6379/0`.",
        variables.cache,
        secret=True,  # may carry a password
    )
    cache_seconds: int = setting(
        "AKIN_CACHE_SECONDS",
        60,
        "Seconds that an answer of the API is fresh; 0: none is kept.",
        variables.whole(0, 86400, "60"),
    )
    stale_seconds: int = setting(
        "AKIN_STALE_SECONDS",
        86400,
        "How old an answer may be that is shown, with a notice, when the API does not answer.",
        variables.whole(0, 604800, "86400"),
    )
    calls_per_minute: int = setting(
        "AKIN_CALLS_PER_MINUTE",
        0,
        "Calls to the API a minute, of all workers together; 0: as many as are needed.",
        variables.whole(0, 1_000_000, "600"),
    )
    references_url: str = setting(
        "AKIN_REFERENCES_URL",
        "",
        "Where example pictures are kept: a folder, `s3://BUCKET/PREFIX` (with s3fs installed), or "
        "another URL of fsspec; empty: below AKIN_DATA.",
        variables.place,
    )
    reference_bytes: int = setting(
        "AKIN_REFERENCE_BYTES",
        20_000_000,
        "Largest example picture that can be uploaded.",
        variables.whole(10_000, 200_000_000, "20000000"),
    )
    reference_origins: tuple[str, ...] = setting(
        "AKIN_REFERENCE_ORIGINS",
        (),
        "Origins that a pasted picture address is fetched from; nothing else ever is.",
        variables.hosts,
    )
    media_origins: tuple[str, ...] = setting(
        "AKIN_MEDIA_ORIGINS",
        ("https://*.scenario.com",),
        "Origins that pictures may be loaded from, besides Akin itself.",
        variables.hosts,
    )
    previews: str = setting(
        "AKIN_PREVIEWS",
        "auto",
        "Pictures in the previews that messengers show of a link: `on` (whoever knows the address "
        "of a search sees its contact sheet), `off`, or `auto`: on where nobody has to sign in.",
        variables.one_of("auto", "on", "off"),
    )
    export_rows: int = setting(
        "AKIN_EXPORT_ROWS",
        10_000,
        "Most assets in one CSV; each hundred is one search of the API's quota.",
        variables.whole(1, 1_000_000, "10000"),
    )

    auth: str = setting(
        "AKIN_AUTH",
        "none",
        "Who gets in: `none` (anybody, but only on this machine), `password`, `oidc` or `proxy`.",
        variables.one_of("none", "password", "oidc", "proxy"),
    )
    listen: str = setting(
        "AKIN_LISTEN", "127.0.0.1", "Address that `make serve` listens on.", variables.listen
    )
    port: int = setting("PORT", 8000, "Port to listen on.", variables.whole(1, 65535, "8000"))
    workers: int = setting(
        "AKIN_WORKERS",
        2,
        "Processes of `make serve`; one a core is right.",
        variables.whole(1, 64, "2"),
    )
    hosts: tuple[str, ...] = setting(
        "AKIN_HOSTS",
        (),
        "Names that people reach Akin by, besides those of loopback: `akin.example.com`.",
        variables.names,
    )
    proxies: tuple[str, ...] = setting(
        "AKIN_PROXIES",
        (),
        "Addresses or networks whose `X-Forwarded-For`, `-Proto` and `-Host` are believed.",
        variables.networks,
    )
    secret_keys: tuple[str, ...] = setting(
        "AKIN_SECRET_KEYS",
        (),
        "Keys that sign the sessions, newest first; empty: one that is made in the data folder.",
        variables.keys,
        secret=True,
    )
    session_hours: int = setting(
        "AKIN_SESSION_HOURS", 168, "How long a sign-in lasts.", variables.whole(1, 8760, "168")
    )
    users: str = setting(
        "AKIN_USERS", "", "File of names and password hashes; empty: users.json in the data folder."
    )
    oidc_issuer: str = setting(
        "AKIN_OIDC_ISSUER",
        "",
        "The OpenID provider: `https://login.example.com`.",
        variables.address,
    )
    oidc_client_id: str = setting("AKIN_OIDC_CLIENT_ID", "", "Akin's id at the provider.")
    oidc_client_secret: str = setting(
        "AKIN_OIDC_CLIENT_SECRET", "", "Akin's secret at the provider.", secret=True
    )
    oidc_scopes: tuple[str, ...] = setting(
        "AKIN_OIDC_SCOPES",
        ("openid", "email", "profile"),
        "What the provider is asked to tell; some want `groups` as well.",
        variables.words,
    )
    oidc_domains: tuple[str, ...] = setting(
        "AKIN_OIDC_DOMAINS",
        (),
        "Domains of the verified mail addresses that may come in; `*`: everybody the provider "
        "knows.",
        variables.words,
    )
    oidc_groups: tuple[str, ...] = setting(
        "AKIN_OIDC_GROUPS",
        (),
        "Groups (the `groups` claim, separated by commas) of which one is needed to come in.",
        variables.parts,
    )
    proxy_header: str = setting(
        "AKIN_PROXY_HEADER",
        "X-Forwarded-User",
        "With `AKIN_AUTH=proxy`: the header in which AKIN_PROXIES name the user.",
        variables.header,
    )
    proxy_sign_out: str = setting(
        "AKIN_PROXY_SIGN_OUT",
        "",
        "With `AKIN_AUTH=proxy`: where one signs out, an address or a path at the proxy such as "
        "`/oauth2/sign_out`; empty: no such link.",
        variables.target,
    )
    feed_days: int = setting(
        "AKIN_FEED_DAYS",
        90,
        "Where people sign in: how long the address of a feed lasts that somebody makes for a "
        "program that cannot sign in; 0: there are none.",
        variables.whole(0, 3650, "90"),
    )
    facets: str = setting(
        "AKIN_FACETS",
        "auto",
        "`on`: ask for counts beside the filters and for ranking scores, an extension of Akin's "
        "own library; `off`: never; `auto`: where Akin serves that library itself.",
        variables.one_of("auto", "on", "off"),
    )
    metrics_token: str = setting(
        "AKIN_METRICS_TOKEN",
        "",
        "Bearer token that `/metrics` asks for; without one it answers with `AKIN_AUTH=none` only.",
        variables.token,
        secret=True,
    )
    log: str = setting(
        "AKIN_LOG",
        "quiet",
        "`quiet` (only what is wrong), `text` or `json` (a line for each request as well).",
        variables.one_of("quiet", "text", "json"),
    )

    def __post_init__(self) -> None:
        """Refuse what does not fit together, every mistake at once."""
        if mistakes := [*consistency.mistakes(self)]:
            raise InvalidSettings("\n".join(mistakes))

    @property
    def has_previews(self) -> bool:
        """True where a link's preview shows its pictures to whoever is sent the link."""
        return self.auth == "none" if self.previews == "auto" else self.previews == "on"

    @property
    def has_feeds(self) -> bool:
        """True where whoever is signed in can make the address of a feed for a program."""
        return self.auth != "none" and self.feed_days > 0

    @property
    def has_key(self) -> bool:
        """True where a Scenario project is browsed, False where the library is."""
        return bool(self.jwt or self.api_key)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the environment. Raises InvalidSettings with every mistake in it."""
        values: dict[str, Any] = {}
        mistakes: list[str] = []
        for item in dataclasses.fields(cls):
            variable = item.metadata["variable"]
            text = environ.get(variable, "").strip()
            if not text:
                continue
            try:
                values[item.name] = item.metadata["parse"](text)
            except ValueError as error:
                # An address may have a password in it, though it should not.
                plain = re.sub(r"//[^/]*@", "//…@", text)
                shown = "its value" if item.metadata["secret"] else f"“{plain}”"
                mistakes.append(f"{variable}: {shown} {error}")
        known = [item.metadata["variable"] for item in dataclasses.fields(cls)]
        mistakes += consistency.unknown(environ, known)
        try:
            settings = cls(**values)
        except InvalidSettings as error:
            named = {line.partition(":")[0] for line in mistakes}
            lines = str(error).splitlines()
            mistakes += [line for line in lines if line.split()[0].rstrip(":") not in named]
        if mistakes:
            raise InvalidSettings("\n".join(mistakes))
        return settings


TABLE_HEAD: Final = "| variable | default | meaning |\n| --- | --- | --- |\n"


def table() -> str:
    """Every setting as a Markdown table, for README."""
    rows = []
    for item in dataclasses.fields(Settings):
        default = item.default
        if isinstance(default, tuple):
            default = ", ".join(default)
        shown = f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
        shown = shown if str(default) else ""
        rows.append(f"| `{item.metadata['variable']}` | {shown} | {item.metadata['meaning']} |\n")
    return TABLE_HEAD + "".join(rows)


if __name__ == "__main__":
    print(table(), end="")
