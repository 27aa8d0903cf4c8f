"""The settings: the variable, default and meaning of each, read from the environment.

`Settings.from_environ` reports every mistake at once, each with the variable's name, what is wrong
and an example. `python config.py` prints the settings as a Markdown table. Imports only the
standard library and `environment`, because it runs before anything is installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from environment import checks, parsers
from environment.declarations import InvalidSettings, setting, table, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["InvalidSettings", "Settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process. Its repr shows no secrets."""

    api_key: str = setting(
        "SCENARIO_SDK_API_KEY",
        "",
        "Key of the Scenario API. Without a key Akin browses a folder.",
        parsers.api_key,
        secret=True,
    )
    api_secret: str = setting(
        "SCENARIO_SDK_API_SECRET",
        "",
        "The secret that belongs to the key.",
        parsers.credential,
        secret=True,
    )
    jwt: str = setting(
        "SCENARIO_SDK_JWT",
        "",
        "Bearer token for the Scenario API, instead of key and secret.",
        parsers.credential,
        secret=True,
    )
    base_url: str = setting(
        "SCENARIO_BASE_URL",
        "https://api.cloud.scenario.com/v1",
        "Base URL of the Scenario API, or of a server that implements it.",
        parsers.address,
    )
    project_id: str = setting(
        "SCENARIO_PROJECT_ID",
        "",
        "Project of the Scenario API, sent as `projectId` with every call.",
    )
    data: Path = setting(  # noqa: RUF009 - setting() is dataclasses.field()
        "AKIN_DATA",
        Path("instance"),
        "Folder for Akin's own files: libraries, example pictures, users.",
        parsers.folder,
    )
    assets: str = setting(
        "AKIN_ASSETS",
        "",
        "Folders to browse without a key, separated as in PATH, each `folder` or `name=folder`; "
        "`s3://bucket/prefix` is a folder as well; empty: the demo library.",
    )
    exclude: str = setting(
        "AKIN_EXCLUDE",
        "",
        "Patterns of files and folders that are not indexed, in the syntax of gitignore, separated "
        "by spaces or line breaks: `*.bak drafts/`.",
    )
    text_in_images: str = setting(
        "AKIN_TEXT_IN_IMAGES",
        "off",
        "`on`: text in pictures is recognised after indexing, and searched. Installs packages of "
        "200 MB, and takes up to a second of processor time per picture ([files.md](files.md)).",
        parsers.one_of("off", "on"),
    )
    sensitive_images: str = setting(
        "AKIN_SENSITIVE_IMAGES",
        "off",
        "`on`: a network marks sensitive pictures that have no mark, after indexing. 23 MB; "
        "it is not known how many it finds: do not rely on it ([files.md](files.md)).",
        parsers.one_of("off", "on"),
    )
    write: str = setting(
        "AKIN_WRITE",
        "",
        "What may be changed, in Akin and by clients of its library: `off`, `tags` (tags, ratings "
        "and labels) or `all` (also names, descriptions, collections and what is sensitive); "
        "empty: `all` for a folder without sign-in (this machine only), otherwise `off`. The "
        "content of files is never changed; `all` also lets rejected files be moved to the trash.",
        parsers.one_of("off", "tags", "all"),
    )
    sidecars: str = setting(
        "AKIN_SIDECARS",
        "off",
        "`xmp` also writes what is decided about the files of a folder to XMP files beside them: "
        "tags, ratings, labels, names and descriptions ([metadata.md](metadata.md)). Originals are "
        "never changed.",
        parsers.one_of("off", "xmp"),
    )
    editors: tuple[str, ...] = setting(
        "AKIN_EDITORS",
        (),
        "Who may make these changes in Akin, separated by commas: names of users; with "
        "`AKIN_AUTH=oidc` groups and mail addresses; empty: all who are signed in.",
        parsers.comma_separated,
    )
    image_model: str = setting(
        "AKIN_IMAGE_MODEL",
        "",
        "Model that `make run` and `python -m library` embed pictures with: `clip` (through "
        "fastembed), a folder with ONNX files, or empty for the packaged model. "
        "`python -m library reembed` changes the model of an existing library.",
    )
    install: str = setting(
        "AKIN_INSTALL",
        "auto",
        "Whether `make run` and `python -m library` install packages that an indexed file needs "
        "(video, sound, HEIC): `auto`; `off` in the container and in `make serve`, which has all.",
        parsers.one_of("auto", "off"),
    )
    watch: str = setting(
        "AKIN_WATCH",
        "auto",
        "How `make run` and `make serve` notice changes in the folders: `auto` (by the system; "
        "network shares by looking every 30 seconds or less often), `poll` (all by looking), "
        "`off` (folders are indexed at the start alone).",
        parsers.one_of("auto", "poll", "off"),
    )
    timeout: float = setting(
        "AKIN_TIMEOUT",
        10.0,
        "Most seconds that a page may take, including its calls to the API and their retries.",
        parsers.number(0.1, 120, "10"),
    )
    cache_url: str = setting(
        "AKIN_CACHE_URL",
        "memory",
        "Response cache: `memory`, `none`, `file:FOLDER` or `redis://HOST:6379/0`.",
        parsers.cache_url,
        secret=True,  # may carry a password
    )
    cache_seconds: int = setting(
        "AKIN_CACHE_SECONDS",
        60,
        "Seconds that a cached response of the API is fresh; 0: no cache.",
        parsers.whole(0, 86400, "60"),
    )
    stale_seconds: int = setting(
        "AKIN_STALE_SECONDS",
        86400,
        "Greatest age in seconds of a response that is shown, with a notice, when the API fails.",
        parsers.whole(0, 604800, "86400"),
    )
    calls_per_minute: int = setting(
        "AKIN_CALLS_PER_MINUTE",
        0,
        "Most calls to the API per minute, all workers together; 0: no limit.",
        parsers.whole(0, 1_000_000, "600"),
    )
    store_url: str = setting(
        "AKIN_STORE_URL",
        "",
        "Database of what people store (selections, changes, reviews): "
        "`postgresql://USER:PASSWORD@HOST/DB` for several machines; empty: SQLite, in AKIN_DATA.",
        parsers.postgresql_url,
        secret=True,  # may carry a password
    )
    notify: tuple[str, ...] = setting(
        "AKIN_NOTIFY",
        (),
        "Receivers of messages about reviews and team searches: URLs for the package `apprise`, "
        "separated by spaces: `slack://…`, `discord://…`, `mailtos://…` "
        "([reviews.md](reviews.md)); empty: none.",
        parsers.receivers,
        secret=True,
    )
    news_minutes: int = setting(
        "AKIN_NEWS_MINUTES",
        60,
        "Where AKIN_NOTIFY is set: minutes between two checks of a team search for new results; "
        "each check costs one search of the API's quota ([team-searches.md](team-searches.md)).",
        parsers.whole(5, 10_080, "60"),
    )
    library_url: str = setting(
        "AKIN_LIBRARY_URL",
        "",
        "Database of the library of AKIN_ASSETS: `postgresql://USER:PASSWORD@HOST/DB?library=NAME` "
        "for several machines; empty: files in AKIN_DATA.",
        parsers.postgresql_url,
        secret=True,  # may carry a password
    )
    references_url: str = setting(
        "AKIN_REFERENCES_URL",
        "",
        "Storage of uploaded example pictures: a folder, `s3://BUCKET/PREFIX` (with s3fs "
        "installed), or another URL of fsspec; empty: a folder in AKIN_DATA.",
        parsers.storage_url,
        file=True,  # may carry a password
    )
    reference_bytes: int = setting(
        "AKIN_REFERENCE_BYTES",
        20_000_000,
        "Largest size in bytes of an example picture that is uploaded.",
        parsers.whole(10_000, 200_000_000, "20000000"),
    )
    reference_origins: tuple[str, ...] = setting(
        "AKIN_REFERENCE_ORIGINS",
        (),
        "Origins that pasted picture addresses may be fetched from, separated by spaces.",
        parsers.origins,
    )
    media_origins: tuple[str, ...] = setting(
        "AKIN_MEDIA_ORIGINS",
        ("https://*.scenario.com",),
        "Origins that pictures and files of assets may be loaded from, besides Akin itself.",
        parsers.origins,
    )
    previews: str = setting(
        "AKIN_PREVIEWS",
        "auto",
        "Pictures in the link previews of messengers: `on` (everyone who knows the address of a "
        "search can see its contact sheet), `off`, or `auto` (on with `AKIN_AUTH=none` only).",
        parsers.one_of("auto", "on", "off"),
    )
    export_rows: int = setting(
        "AKIN_EXPORT_ROWS",
        10_000,
        "Most assets in one CSV file; every 100 of them cost one search of the API's quota.",
        parsers.whole(1, 1_000_000, "10000"),
    )

    auth: str = setting(
        "AKIN_AUTH",
        "none",
        "How users sign in: `none` (no sign-in, this machine only), `password`, `oidc` or `proxy`.",
        parsers.one_of("none", "password", "oidc", "proxy"),
    )
    listen: str = setting(
        "AKIN_LISTEN", "127.0.0.1", "IP address that `make serve` listens on.", parsers.ip_address
    )
    port: int = setting("PORT", 8000, "Port to listen on.", parsers.whole(1, 65535, "8000"))
    workers: int = setting(
        "AKIN_WORKERS",
        2,
        "Worker processes of `make serve`; one per core is a good choice.",
        parsers.whole(1, 64, "2"),
    )
    hosts: tuple[str, ...] = setting(
        "AKIN_HOSTS",
        (),
        "Host names that people reach Akin by, besides those of loopback: `akin.example.com`; with "
        "the port where it is not 80, 443 or PORT: `akin.example.com:8443`.",
        parsers.host_names,
    )
    proxies: tuple[str, ...] = setting(
        "AKIN_PROXIES",
        (),
        "Addresses or networks of trusted proxies (`X-Forwarded-For`, `-Proto`, `-Host` and "
        "`-Prefix`).",
        parsers.networks,
    )
    secret_keys: tuple[str, ...] = setting(
        "AKIN_SECRET_KEYS",
        (),
        "Keys that sign the sessions, newest first; empty: a key that Akin creates in AKIN_DATA.",
        parsers.signing_keys,
        secret=True,
    )
    session_hours: int = setting(
        "AKIN_SESSION_HOURS",
        168,
        "Hours until a user must sign in again.",
        parsers.whole(1, 8760, "168"),
    )
    users: str = setting(
        "AKIN_USERS",
        "",
        "File with user names and password hashes; empty: `users.json` in AKIN_DATA.",
    )
    oidc_issuer: str = setting(
        "AKIN_OIDC_ISSUER",
        "",
        "Address of the OpenID provider: `https://login.example.com`.",
        parsers.address,
    )
    oidc_client_id: str = setting(
        "AKIN_OIDC_CLIENT_ID", "", "Akin's client id at the OpenID provider."
    )
    oidc_client_secret: str = setting(
        "AKIN_OIDC_CLIENT_SECRET",
        "",
        "Akin's client secret at the OpenID provider.",
        parsers.header_text,
        secret=True,
    )
    oidc_scopes: tuple[str, ...] = setting(
        "AKIN_OIDC_SCOPES",
        ("openid", "email", "profile"),
        "Scopes that are requested; some providers need `groups` as well.",
        parsers.words,
    )
    oidc_domains: tuple[str, ...] = setting(
        "AKIN_OIDC_DOMAINS",
        (),
        "Domains of verified mail addresses that can sign in; `*`: every account of the provider.",
        parsers.words,
    )
    oidc_groups: tuple[str, ...] = setting(
        "AKIN_OIDC_GROUPS",
        (),
        "Groups, separated by commas; a user must be in one of them. A leading `/` is ignored.",
        parsers.comma_separated,
    )
    oidc_groups_claim: tuple[str, ...] = setting(
        "AKIN_OIDC_GROUPS_CLAIM",
        ("groups",),
        "Claims with the groups: a list or a text; dots lead into claims: `realm_access.roles`.",
        parsers.words,
    )
    oidc_email_verified: str = setting(
        "AKIN_OIDC_EMAIL_VERIFIED",
        "strict",
        "`strict`: `email_verified` must be true; `text`: also the text “true”; `optional`: it may "
        "also be missing, for a provider that verifies every address. False is always refused.",
        parsers.one_of("strict", "text", "optional"),
    )
    proxy_header: str = setting(
        "AKIN_PROXY_HEADER",
        "X-Forwarded-User",
        "With `AKIN_AUTH=proxy`: the header in which the proxy sends the user name.",
        parsers.header_name,
    )
    proxy_sign_out: str = setting(
        "AKIN_PROXY_SIGN_OUT",
        "",
        "With `AKIN_AUTH=proxy`: the address to sign out, or its path at the proxy, such as "
        "`/oauth2/sign_out`; empty: no such link.",
        parsers.link_target,
    )
    feed_days: int = setting(
        "AKIN_FEED_DAYS",
        90,
        "Where users sign in: days that an address lasts which a user creates for a feed reader "
        "or a review; 0: no such addresses.",
        parsers.whole(0, 3650, "90"),
    )
    facets: str = setting(
        "AKIN_FACETS",
        "auto",
        "Counts beside the filters, and ranking scores: `on` (the API must be Akin's own library, "
        "which has this extension), `off`, or `auto` (on where Akin serves the library itself).",
        parsers.one_of("auto", "on", "off"),
    )
    metrics_token: str = setting(
        "AKIN_METRICS_TOKEN",
        "",
        "Bearer token for `/metrics`; without one it is available with `AKIN_AUTH=none` only.",
        parsers.token,
        secret=True,
    )
    log: str = setting(
        "AKIN_LOG",
        "quiet",
        "Log: `quiet` (warnings and errors), `text` or `json` (also one line per request).",
        parsers.one_of("quiet", "text", "json"),
    )

    def __post_init__(self) -> None:
        """Check values that belong together. Raises InvalidSettings with every mistake."""
        mistakes = [
            *checks.check_key_pair(self.api_key, self.api_secret),
            *checks.check_access(
                auth=self.auth,
                listen=self.listen,
                hosts=self.hosts,
                proxies=self.proxies,
                editors=self.editors,
            ),
        ]
        if self.auth == "oidc":
            mistakes += checks.check_oidc(
                issuer=self.oidc_issuer,
                client_id=self.oidc_client_id,
                client_secret=self.oidc_client_secret,
                admitted=self.oidc_domains + self.oidc_groups,
                scopes=self.oidc_scopes,
            )
        if mistakes:
            raise InvalidSettings("\n".join(mistakes))

    @property
    def has_previews(self) -> bool:
        """True where the preview of a link shows its pictures without a sign-in."""
        return self.auth == "none" if self.previews == "auto" else self.previews == "on"

    @property
    def write_mode(self) -> str:
        """What may be changed: off, tags or all."""
        is_own_folder = self.auth == "none" and not self.has_key
        return self.write or ("all" if is_own_folder else "off")

    @property
    def has_feeds(self) -> bool:
        """True where users who are signed in can create feed addresses for programs."""
        return self.auth != "none" and self.feed_days > 0

    @property
    def has_key(self) -> bool:
        """True where a Scenario project is browsed, False where Akin's own library is."""
        return bool(self.jwt or self.api_key)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Return the settings of an environment. Raises InvalidSettings with every mistake."""
        values, mistakes = values_of(cls, environ)
        try:
            settings = cls(**values)
        except InvalidSettings as error:
            reported = {line.partition(":")[0].removesuffix("_FILE") for line in mistakes}
            lines = str(error).splitlines()
            mistakes += [line for line in lines if line.split()[0].rstrip(":") not in reported]
        if mistakes:
            raise InvalidSettings("\n".join(mistakes))
        return settings


if __name__ == "__main__":
    print(table(Settings), end="")
