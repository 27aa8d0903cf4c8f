"""What settings must not say together, and variables that only look like settings.

Each mistake is a line that begins with its variable and says what would be right. Knows no
environment of its own: `config.Settings` asks.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from config import Settings

# What Kubernetes sets for every service whose name begins with akin.
_OF_KUBERNETES: Final = re.compile(
    r"AKIN_(\w+_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)"
)


def mistakes(settings: Settings) -> Iterator[str]:
    """A line for each thing that does not fit together."""
    if bool(settings.api_key) != bool(settings.api_secret):
        missing = "SCENARIO_SDK_API_SECRET" if settings.api_key else "SCENARIO_SDK_API_KEY"
        yield f"{missing} is missing: a key pair needs both."
    is_local = ipaddress.ip_address(settings.listen).is_loopback
    choices = "password, oidc or proxy (AKIN_AUTH=password)"
    if settings.auth == "none" and not is_local:
        yield (
            f"AKIN_LISTEN: “{settings.listen}” is not of this machine alone, and AKIN_AUTH=none "
            f"would let in everybody who reaches it. Set AKIN_AUTH to {choices}."
        )
    if settings.auth == "none" and settings.hosts:
        yield (
            "AKIN_HOSTS: names for others to reach this server need AKIN_AUTH to be "
            f"{choices}; without it Akin serves this machine alone."
        )
    if settings.auth != "none" and not is_local and not settings.hosts:
        yield "AKIN_HOSTS is missing: the names that people reach Akin by: akin.example.com"
    if settings.auth == "proxy" and not settings.proxies:
        yield "AKIN_PROXIES is missing: the address of the proxy that signs people in: 10.0.0.2"
    if settings.auth == "oidc":
        yield from _of_oidc(settings)


def _of_oidc(settings: Settings) -> Iterator[str]:
    needed = {
        "AKIN_OIDC_ISSUER": (settings.oidc_issuer, "the provider: https://login.example.com"),
        "AKIN_OIDC_CLIENT_ID": (settings.oidc_client_id, "Akin's id at the provider: akin"),
        "AKIN_OIDC_CLIENT_SECRET": (settings.oidc_client_secret, "what the provider gave with it"),
        "AKIN_OIDC_DOMAINS": (
            settings.oidc_domains or settings.oidc_groups,
            "who may come in: example.com, or AKIN_OIDC_GROUPS; * lets in all it knows",
        ),
    }
    for variable, (value, what) in needed.items():
        if not value:
            yield f"{variable} is missing: {what}"
    issuer = re.match(r"http://([^/:]+|\[[^]]+\])", settings.oidc_issuer)
    if issuer and issuer[1] not in {"127.0.0.1", "localhost", "[::1]"}:
        yield f"AKIN_OIDC_ISSUER: “{settings.oidc_issuer}” has to begin with https://"
    if "openid" not in settings.oidc_scopes:
        yield "AKIN_OIDC_SCOPES: openid has to be one of them: openid email profile"


def unknown(environ: Mapping[str, str], known: Sequence[str]) -> Iterator[str]:
    """Variables that look like Akin's and are not: a typing mistake would pass in silence."""
    for name in sorted(environ):
        if name.startswith("AKIN_") and name not in known and not _OF_KUBERNETES.fullmatch(name):
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; is {near[0]} meant?" if near else "; README lists them all"
            yield f"{name}: there is no such setting{hint}"
