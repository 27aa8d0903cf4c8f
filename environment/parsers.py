"""Parsers of environment variables.

A parser takes the text of a variable, which is never empty, and returns its value. It raises
ValueError with the end of a sentence that begins with the variable and the text.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


def text(value: str) -> str:
    """Any text, unchanged."""
    return value


def address(value: str) -> str:
    """An HTTP address without credentials and query; a slash at its end is removed."""
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
        raise ValueError("is not an address such as https://api.cloud.scenario.com/v1")
    _check_port(value, "https://api.cloud.scenario.com:443/v1")
    return value.rstrip("/")


def _check_port(value: str, example: str) -> None:
    try:
        _ = urlsplit(value).port  # parsed on access
    except ValueError as error:
        raise ValueError(f"does not have a port from 0 to 65535, such as {example}") from error


def number(least: float, most: float, example: str) -> Callable[[str], float]:
    """Return a parser of numbers from `least` to `most`."""

    def parse(value: str) -> float:
        try:
            parsed = float(value)
        except ValueError:
            parsed = float("nan")
        if not least <= parsed <= most:
            raise ValueError(f"is not a number from {least:g} to {most:g}, such as {example}")
        return parsed

    return parse


def whole(least: int, most: int, example: str) -> Callable[[str], int]:
    """Return a parser of whole numbers from `least` to `most`."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", value) or not least <= int(value) <= most:
            raise ValueError(f"is not a whole number from {least} to {most}, such as {example}")
        return int(value)

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a parser that accepts these words."""

    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"is not one of {', '.join(choices)}")
        return value

    return parse


def words(value: str) -> tuple[str, ...]:
    """Words separated by spaces or commas."""
    return tuple(value.replace(",", " ").split())


def receivers(value: str) -> tuple[str, ...]:
    """URLs of services, separated by spaces or line breaks; they may contain commas."""
    parsed = tuple(value.split())
    if any(not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://.", url) for url in parsed):
        raise ValueError("contains something that is no URL such as slack://TOKEN")
    return parsed


def comma_separated(value: str) -> tuple[str, ...]:
    """Texts separated by commas, which may contain spaces."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def origins(value: str) -> tuple[str, ...]:
    """Origins, whose host may begin with `*.`."""
    parsed = words(value)
    for origin in parsed:
        if not re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9.-]+(:[0-9]+)?", origin):
            raise ValueError(
                f"contains “{origin}”, which is not an origin such as https://cdn.example.com"
            )
    return parsed


def host_names(value: str) -> tuple[str, ...]:
    """Host names, with a port where it is unusual; a leading dot includes all subdomains."""
    parsed = words(value.lower())
    for name in parsed:
        if not re.fullmatch(
            r"(\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", name
        ):
            raise ValueError(
                f"contains “{name}”, which is not a host name such as akin.example.com"
            )
    return parsed


def networks(value: str) -> tuple[str, ...]:
    """IP addresses and networks."""
    parsed = words(value)
    for network in parsed:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            message = (
                f"contains “{network}”, which is not an address such as 127.0.0.1 or 10.0.0.0/24"
            )
            raise ValueError(message) from error
    return parsed


def ip_address(value: str) -> str:
    """An IP address."""
    try:
        ipaddress.ip_address(value)
    except ValueError as error:
        raise ValueError("is not an IP address such as 127.0.0.1 or 0.0.0.0") from error
    return value


def cache_url(value: str) -> str:
    """The place of the response cache."""
    if value not in {"memory", "none"} and not value.startswith(("redis://", "rediss://", "file:")):
        raise ValueError("is not one of memory, none, file:FOLDER, redis://HOST:6379/0")
    if "://" in value:
        _check_password(value)
        _check_port(value, "redis://HOST:6379/0")
    return value


# Options of connections: a server that is gone without a word is noticed within ten seconds, not
# after the quarter of an hour in which the system sends again what was not acknowledged.
POSTGRESQL_LOSS: Final = {
    "keepalives_idle": 4,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}


def postgresql_url(value: str) -> str:
    """The address of a database in PostgreSQL."""
    example = "postgresql://USER:PASSWORD@HOST/DATABASE"
    if not re.fullmatch(r"postgresql://[^/]*/[^/?#]+(\?.*)?", value):
        raise ValueError(f"is not an address such as {example}")
    _check_password(value.partition("?")[0])
    _check_port(value, example)
    return value


def _check_password(value: str) -> None:
    """Raise ValueError where the password in a URL has characters that would end it."""
    authority, *rest = re.split(r"[/?#]", value.partition("://")[2], maxsplit=1)
    if authority.count("@") > 1 or "@" in "".join(rest):
        raise ValueError(
            "has a password with one of the characters / # ? @, which must be encoded: "
            "%2F for /, %23 for #, %3F for ?, %40 for @"
        )


def storage_url(value: str) -> str:
    """A folder or the URL of a file system; whether its package is installed is not checked."""
    scheme = _SCHEME.match(value)
    if scheme is None:
        return value
    if scheme[1] == "file":
        if not re.fullmatch(r"file:(//(localhost)?)?/[^/].*", value):
            raise ValueError("is not a folder such as file:///srv/akin/references")
    elif not re.fullmatch(r"[^/]+://[^/].*", value):
        raise ValueError("is not a folder and not a URL such as s3://bucket/prefix")
    return value


def signing_keys(value: str) -> tuple[str, ...]:
    """Keys for signatures, each of 32 characters or more."""
    parsed = words(value)
    if any(len(key) < 32 for key in parsed):
        raise ValueError(
            "contains a key of fewer than 32 characters; `python -m app secret` prints one such as "
            "hW2l0pUSuTTrtgOuCbvDzzyq3RAxZBHPDqjNK2wzLqU"
        )
    return parsed


def token(value: str) -> str:
    """A secret that fits into an HTTP header."""
    if len(value) < 16 or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError(
            "is not a token of 16 characters or more; `python -m app secret` prints one"
        )
    return value


def header_text(value: str) -> str:
    """A secret that can be sent in an HTTP header."""
    if not value.isascii() or not value.isprintable():
        raise ValueError(
            "contains a character that cannot be sent in a header, such as a line break or “é”; "
            "copy it again"
        )
    return value


def credential(value: str) -> str:
    """A secret of the API, which contains no space."""
    if " " in header_text(value):
        raise ValueError("contains a space; copy it again")
    return value


def api_key(value: str) -> str:
    """A key of the API. HTTP Basic authentication separates it from the secret by a colon."""
    if ":" in credential(value):
        raise ValueError("contains a colon; the secret belongs in SCENARIO_SDK_API_SECRET")
    return value


def header_name(value: str) -> str:
    """The name of an HTTP header."""
    if not re.fullmatch(r"[A-Za-z0-9-]+", value):
        raise ValueError("is not the name of a header, such as X-Forwarded-User")
    return value


def link_target(value: str) -> str:
    """The target of a link: an HTTP address, or a path on the same host."""
    if not re.fullmatch(r"(https?:/)?/[^\s/\\\"'<>@][^\s\\\"'<>@]*", value):
        raise ValueError("is not an address or a path such as /oauth2/sign_out")
    return value


def folder(value: str) -> Path:
    """A folder, which need not exist."""
    return Path(value)
