"""Parsers of environment variables, and checks of values that belong together.

A parser takes the text of a variable, which is never empty, and returns its value. It raises
ValueError with the end of a sentence that begins with the variable and the text. A check takes
values and yields one line for each mistake. Imports only the standard library, because it runs
before anything is installed.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_NEAR_MISS: Final = 0.855  # similarity: SCENARIO_JWT and SCENARIO_SDK_JWT, not ..._LOG
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
# Kubernetes sets these for every service whose name begins with akin or scenario.
_KUBERNETES: Final = re.compile(
    r"(AKIN|SCENARIO)_(\w+_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)"
)


def read(environ: Mapping[str, str], variable: str, *, from_file: bool) -> str:
    """Return the text of a variable, or of the file that `<variable>_FILE` names; empty: not set.

    Raises ValueError with a sentence about `<variable>_FILE`.
    """
    value = environ.get(variable, "").strip()
    path = environ.get(f"{variable}_FILE", "").strip() if from_file else ""
    if not path:
        return value
    if value:
        raise ValueError(f"{variable} is set as well; remove one of the two")
    try:
        content = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"“{path}” cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ValueError(f"“{path}” is not a file with text in UTF-8") from error
    content = content.removesuffix("\n").removesuffix("\r")
    if not content:
        raise ValueError(f"“{path}” is empty")
    return content


# --- one value -------------------------------------------------------------------------------


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


# --- values that belong together -------------------------------------------------------------


def check_key_pair(key: str, secret: str) -> Iterator[str]:
    """Yield a mistake where one half of the pair is missing."""
    if bool(key) != bool(secret):
        missing = "SCENARIO_SDK_API_SECRET" if key else "SCENARIO_SDK_API_KEY"
        yield f"{missing} is missing: a key pair needs both."


def check_access(
    *,
    auth: str,
    listen: str,
    hosts: Sequence[str],
    proxies: Sequence[str],
    editors: Sequence[str] = (),
) -> Iterator[str]:
    """Yield the mistakes in who can reach the server and how they sign in."""
    is_local = ipaddress.ip_address(listen).is_loopback
    choices = "password, oidc or proxy (AKIN_AUTH=password)"
    if auth == "none" and not is_local:
        yield (
            f"AKIN_LISTEN: “{listen}” can be reached from other machines, and with AKIN_AUTH=none "
            f"everyone could use Akin. Set AKIN_AUTH to {choices}."
        )
    if auth == "none" and hosts:
        yield (
            "AKIN_HOSTS: with AKIN_AUTH=none Akin serves only this machine, which needs no host "
            f"name. Set AKIN_AUTH to {choices}."
        )
    if auth != "none" and not is_local and not hosts:
        yield "AKIN_HOSTS is missing: the names that people reach Akin by: akin.example.com"
    if auth == "none" and editors:
        yield (
            "AKIN_EDITORS: with AKIN_AUTH=none there are no users. Leave it out (AKIN_WRITE says "
            f"what may be changed), or set AKIN_AUTH to {choices}."
        )
    if auth == "proxy" and not proxies:
        yield "AKIN_PROXIES is missing: the address of the proxy that signs people in: 10.0.0.2"


def check_oidc(
    *,
    issuer: str,
    client_id: str,
    client_secret: str,
    admitted: Sequence[str],
    scopes: Sequence[str],
) -> Iterator[str]:
    """Yield the mistakes in the settings of an OpenID provider; `admitted`: domains and groups."""
    required = {
        "AKIN_OIDC_ISSUER": (issuer, "the provider: https://login.example.com"),
        "AKIN_OIDC_CLIENT_ID": (client_id, "Akin's client id at the provider: akin"),
        "AKIN_OIDC_CLIENT_SECRET": (client_secret, "the secret that belongs to the client id"),
        "AKIN_OIDC_DOMAINS": (
            admitted,
            "who can sign in: example.com, or AKIN_OIDC_GROUPS; * admits every account",
        ),
    }
    for variable, (value, description) in required.items():
        if not value:
            yield f"{variable} is missing: {description}"
    host = re.match(r"http://([^/:]+|\[[^]]+\])", issuer)
    if host and host[1] not in {"127.0.0.1", "localhost", "[::1]"}:
        yield f"AKIN_OIDC_ISSUER: “{issuer}” must begin with https://"
    if "openid" not in scopes:
        yield "AKIN_OIDC_SCOPES: openid must be one of the scopes: openid email profile"


def check_names(environ: Mapping[str, str], known: Iterable[str]) -> Iterator[str]:
    """Yield a mistake for each variable that looks like a setting and is not one."""
    known = list(known)
    for name in sorted(environ):
        if name in known or _KUBERNETES.fullmatch(name):
            continue
        if name.startswith("AKIN_"):
            similar = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {similar[0]}?" if similar else "; see the table of settings"
            yield f"{name}: there is no such setting{hint}"
        elif name.startswith("SCENARIO_"):
            # Other programs read variables that begin so: only near-misses are mistakes.
            similar = difflib.get_close_matches(name, known, 1, cutoff=_NEAR_MISS)
            if similar and not environ.get(similar[0]):
                yield f"{name}: there is no such setting; did you mean {similar[0]}?"
