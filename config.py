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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class InvalidSettings(ValueError):
    """One or more variables cannot be used; the message has a line for each."""


def _text(value: str) -> str:
    return value


def _address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", value):
        raise ValueError("is not an address such as https://api.cloud.scenario.com/v1")
    return value.rstrip("/")


def _number(least: float, most: float, example: str) -> Callable[[str], float]:
    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not least <= number <= most:
            raise ValueError(f"is not a number from {least:g} to {most:g}, such as {example}")
        return number

    return parse


def _whole(least: int, most: int, example: str) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", value) or not least <= int(value) <= most:
            raise ValueError(f"is not a whole number from {least} to {most}, such as {example}")
        return int(value)

    return parse


def _hosts(value: str) -> tuple[str, ...]:
    hosts = tuple(value.replace(",", " ").split())
    for host in hosts:
        if not re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9.-]+(:[0-9]+)?", host):
            raise ValueError(f"has “{host}”, which is no origin such as https://cdn.example.com")
    return hosts


def _cache(value: str) -> str:
    if value not in {"memory", "none"} and not value.startswith(("redis://", "rediss://", "file:")):
        raise ValueError("is none of memory, none, file:FOLDER, redis://HOST:6379/0")
    return value


def setting(
    variable: str,
    default: object,
    meaning: str,
    parse: Callable[[str], Any] = _text,
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
        _address,
    )
    project_id: str = setting(
        "SCENARIO_PROJECT_ID", "", "Sent as `projectId` with every call, where set."
    )
    data: Path = setting(  # noqa: RUF009 - setting() is dataclasses.field()
        "AKIN_DATA", Path("instance"), "Folder for what Akin keeps: libraries, examples.", Path
    )
    assets: str = setting(
        "AKIN_ASSETS", "", "Folder to browse without a key; empty: the demo library."
    )
    timeout: float = setting(
        "AKIN_TIMEOUT",
        10.0,
        "Seconds that one call to the API may take, retries included.",
        _number(0.1, 120, "10"),
    )
    cache_url: str = setting(
        "AKIN_CACHE_URL",
        "memory",
        "Where answers are kept: `memory`, `none`, `file:FOLDER` or `redis://HOST:6379/0`.",
        _cache,
        secret=True,  # may carry a password
    )
    cache_seconds: int = setting(
        "AKIN_CACHE_SECONDS",
        60,
        "How long an answer of the API is kept; 0: not at all.",
        _whole(0, 86400, "60"),
    )
    reference_bytes: int = setting(
        "AKIN_REFERENCE_BYTES",
        20_000_000,
        "Largest example picture that can be uploaded.",
        _whole(10_000, 200_000_000, "20000000"),
    )
    media_origins: tuple[str, ...] = setting(
        "AKIN_MEDIA_ORIGINS",
        ("https://*.scenario.com",),
        "Origins that pictures may be loaded from, besides Akin itself.",
        _hosts,
    )

    def __post_init__(self) -> None:
        """Refuse half a key pair."""
        if bool(self.api_key) != bool(self.api_secret):
            missing = "SCENARIO_SDK_API_SECRET" if self.api_key else "SCENARIO_SDK_API_KEY"
            raise InvalidSettings(f"{missing} is missing: a key pair needs both.")

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
                shown = "its value" if item.metadata["secret"] else f"“{text}”"
                mistakes.append(f"{variable}: {shown} {error}")
        if mistakes:
            raise InvalidSettings("\n".join(mistakes))
        return cls(**values)


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
