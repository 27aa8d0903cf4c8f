"""What a request says of where it comes from: host, other sites, and where it wants to go on to.

Pure functions over headers. Sources: Fetch Metadata (W3C), and Go's `http.CrossOriginProtection`,
whose rule this is, but for a request that has cookies and neither header.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK: Final = ("localhost", ".localhost", "127.0.0.1", "[::1]")
_HOST: Final = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f\\]")
HOME: Final = "/"


def is_known_host(host: str, names: Iterable[str]) -> bool:
    """Tell whether a Host header names this server; `.example.com` means every name below it."""
    found = _HOST.fullmatch(host.lower())
    if not found:
        return False
    name = found[1].rstrip(".")
    return any(name == each or (each.startswith(".") and name.endswith(each)) for each in names)


def is_forged(method: str, headers: Mapping[str, str], host: str) -> bool:
    """Tell whether a browser says that another site made it send this.

    A browser says so in `Sec-Fetch-Site`, or, where that is not sent (plain HTTP), in `Origin`.
    What has neither and no cookie is no browser's, and can do what anybody can.
    """
    if method in SAFE_METHODS:
        return False
    if (site := headers.get("Sec-Fetch-Site")) is not None:
        return site not in {"same-origin", "none"}
    if (origin := headers.get("Origin")) is not None:
        try:
            return urlsplit(origin).netloc.lower() != host.lower()
        except ValueError:
            return True
    return "Cookie" in headers


def path_of_ours(target: str) -> str:
    r"""The path to go on to, as it was asked for where it is one of this site; else the first page.

    Refuses what any browser would read as another host: `//host`, `/\host`, and what has control
    characters, which browsers take out before they look.
    """
    is_path = target.startswith("/") and not target.startswith(("//", "/sign-"))
    return target[:4000] if is_path and not _CONTROL.search(target) else HOME
