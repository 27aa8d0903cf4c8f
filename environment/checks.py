"""Checks of values that belong together, and of names: one line for each mistake."""

from __future__ import annotations

import difflib
import ipaddress
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_NEAR_MISS: Final = 0.855  # similarity: SCENARIO_JWT and SCENARIO_SDK_JWT, not ..._LOG
# Kubernetes sets these for every service whose name begins with akin or scenario.
_KUBERNETES: Final = re.compile(
    r"(AKIN|SCENARIO)_(\w+_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)"
)


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
