"""How the text of each variable is read: a value, or a ValueError that says what would be right.

Every reader takes the text, which is never empty, and answers the value that `config.Settings`
keeps. Its error ends a sentence that begins with the variable and the text. Knows no settings.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


def text(value: str) -> str:
    """Any text, as it is."""
    return value


def address(value: str) -> str:
    """An http address without a name, a password or a query in it; no slash at its end."""
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
        raise ValueError("is not an address such as https://api.cloud.scenario.com/v1")
    _check_port(value, "https://api.cloud.scenario.com:443/v1")
    return value.rstrip("/")


def _check_port(value: str, example: str) -> None:
    try:
        _ = urlsplit(value).port  # which reads it only now
    except ValueError as error:
        raise ValueError(f"has no port from 0 to 65535, such as {example}") from error


def number(least: float, most: float, example: str) -> Callable[[str], float]:
    """A number of a range, both ends in it."""

    def parse(value: str) -> float:
        try:
            found = float(value)
        except ValueError:
            found = float("nan")
        if not least <= found <= most:
            raise ValueError(f"is not a number from {least:g} to {most:g}, such as {example}")
        return found

    return parse


def whole(least: int, most: int, example: str) -> Callable[[str], int]:
    """A whole number of a range, both ends in it."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", value) or not least <= int(value) <= most:
            raise ValueError(f"is not a whole number from {least} to {most}, such as {example}")
        return int(value)

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """One of these words."""

    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"is none of {', '.join(choices)}")
        return value

    return parse


def words(value: str) -> tuple[str, ...]:
    """Words between spaces or commas."""
    return tuple(value.replace(",", " ").split())


def parts(value: str) -> tuple[str, ...]:
    """What stands between commas, spaces and all."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def hosts(value: str) -> tuple[str, ...]:
    """Origins, whose host may begin with `*.`."""
    found = words(value)
    for host in found:
        if not re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9.-]+(:[0-9]+)?", host):
            raise ValueError(f"has “{host}”, which is no origin such as https://cdn.example.com")
    return found


def names(value: str) -> tuple[str, ...]:
    """Names of hosts; one that begins with a dot means every name below it."""
    found = words(value.lower())
    for name in found:
        if not re.fullmatch(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", name):
            raise ValueError(f"has “{name}”, which is no name such as akin.example.com")
    return found


def networks(value: str) -> tuple[str, ...]:
    """Addresses and networks."""
    found = words(value)
    for network in found:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            message = f"has “{network}”, which is no address such as 127.0.0.1 or 10.0.0.0/24"
            raise ValueError(message) from error
    return found


def listen(value: str) -> str:
    """An address of a machine."""
    try:
        ipaddress.ip_address(value)
    except ValueError as error:
        raise ValueError("is no address such as 127.0.0.1 or 0.0.0.0") from error
    return value


def cache(value: str) -> str:
    """A place where answers are kept."""
    if value not in {"memory", "none"} and not value.startswith(("redis://", "rediss://", "file:")):
        raise ValueError("is none of memory, none, file:FOLDER, redis://HOST:6379/0")
    if "://" in value:
        _check_port(value, "redis://HOST:6379/0")
    return value


def place(value: str) -> str:
    """A folder, or a URL that fsspec can reach on this machine."""
    scheme = _SCHEME.match(value)
    if scheme is None:
        return value
    if scheme[1] == "file":
        if not re.fullmatch(r"file:(//(localhost)?)?/[^/].*", value):
            raise ValueError("names no folder such as file:///srv/akin/references")
        return value
    if not re.fullmatch(r"[^/]+://[^/].*", value):
        raise ValueError("is no folder and no URL such as s3://bucket/prefix")
    _check_known(scheme[1])
    return value


def _check_known(scheme: str) -> None:
    """Raise ValueError where nothing that is installed reaches addresses of a scheme."""
    if importlib.util.find_spec("fsspec") is None:  # `python config.py` runs without any package
        return
    from fsspec.registry import get_filesystem_class  # only here: few keep pictures elsewhere

    try:
        get_filesystem_class(scheme)
    except ImportError as error:
        also = "; install requirements-s3.txt" if scheme in {"s3", "s3a"} else ""
        raise ValueError(f"needs a package that is not installed: {error}{also}") from error
    except ValueError as error:
        raise ValueError(
            f"has “{scheme}”, which nothing reads; known are folders, and URLs such as "
            "s3://bucket/prefix"
        ) from error


def keys(value: str) -> tuple[str, ...]:
    """Keys that sign something, none of them short."""
    found = words(value)
    if any(len(key) < 32 for key in found):
        raise ValueError(
            "has a key of fewer than 32 characters; `python -m app secret` makes one such as "
            "hW2l0pUSuTTrtgOuCbvDzzyq3RAxZBHPDqjNK2wzLqU"
        )
    return found


def token(value: str) -> str:
    """A secret that a header can carry."""
    if len(value) < 16 or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("is no token of 16 characters or more; `python -m app secret` makes one")
    return value


def header(value: str) -> str:
    """The name of a header."""
    if not re.fullmatch(r"[A-Za-z0-9-]+", value):
        raise ValueError("is no name of a header, such as X-Forwarded-User")
    return value


def target(value: str) -> str:
    """Where a link leads: an http address, or a path of the host that a page came from."""
    if not re.fullmatch(r"(https?:/)?/[^\s/\\\"'<>@][^\s\\\"'<>@]*", value):
        raise ValueError("is no address or path such as /oauth2/sign_out")
    return value


def folder(value: str) -> Path:
    """A folder, there or not."""
    return Path(value)
