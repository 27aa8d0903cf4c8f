"""Checks of host, origin and redirect target of a request: pure functions over headers.

Sources: Fetch Metadata (W3C), and Go's `http.CrossOriginProtection`, with one rule more: a request
with cookies and neither header is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from werkzeug.datastructures import Headers

    AnyHeaders = Mapping[str, str] | Headers

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK: Final = ("localhost", ".localhost", "127.0.0.1", "[::1]")
_HOST: Final = re.compile(r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?")
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f\\]")
HOME: Final = "/"
LONGEST_PATH: Final = 65_536  # characters with the query; the server accepts no longer request line


def is_known_host(host: str, names: Iterable[str], port: int = 0) -> bool:
    """Return whether a Host header names this server.

    In `names`, `.example.com` means every name below it, and a name may include its port. Without
    one, its port is `port` (on which this server listens), 80, 443 or none. Loopback names may have
    any port, because tunnels change it.
    """
    match = _HOST.fullmatch(host.lower())
    if not match:
        return False
    name, given = match["name"].rstrip("."), match["port"]
    if _is_one_of(name, LOOPBACK):
        return True
    usual = {None, "80", "443", str(port)}
    return any(
        _is_one_of(name, (listed["name"],))
        and given in ({own} if (own := listed["port"]) else usual)
        for each in names
        if (listed := _HOST.fullmatch(each))
    )


def _is_one_of(name: str, names: Iterable[str]) -> bool:
    return any(name == each or (each.startswith(".") and name.endswith(each)) for each in names)


def is_cross_site_write(method: str, headers: AnyHeaders, host: str) -> bool:
    """Return whether a page of another site made a browser send a request that changes something.

    Browsers send `Sec-Fetch-Site`, or without TLS `Origin`. A request with neither and without a
    cookie is not from a browser, and has no rights that an attacker could use.
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


def cross_site_reason(
    headers: AnyHeaders, host: str, scheme: str, is_own: Callable[[str], bool]
) -> str:
    """Return why `is_cross_site_write` is true, with the setting to change where Akin is the site.

    `is_own` returns whether a host is one of this server. The browser states where its page is in
    `Origin`; `host` and `scheme` are what arrived here.
    """
    try:
        page = urlsplit(headers.get("Origin") or "")
        page_host, name, arrived = (
            page.netloc.lower(),
            page.hostname,
            urlsplit(f"//{host}").hostname,
        )
    except ValueError:
        return "Another site sent this request, not a page of Akin."
    if page.scheme not in {"http", "https"} or not page_host:
        return "Another site sent this request, not a page of Akin."
    shown = f"{page.scheme}://{page_host}"[:200]
    if page_host == host.lower():
        return (
            f"The page is at {shown}, but its request arrived by {scheme}. Open Akin by one scheme "
            "only. A proxy that does TLS has to send X-Forwarded-Proto, and AKIN_PROXIES has to "
            "contain its address."
        )
    if is_own(page_host) or name == arrived:
        return (
            f"The page is at {shown}, but its request arrived for {host[:200]}. The proxy has to "
            "pass on the host with its port (in nginx: proxy_set_header Host $http_host), or "
            "send it as X-Forwarded-Host, and AKIN_PROXIES has to contain the proxy's address."
        )
    return (
        f"A page at {shown} sent this request, not a page of Akin. If people reach Akin by that "
        f"address, add {page_host[:200]} to AKIN_HOSTS, and have the proxy pass on the host."
    )


def is_from_public_page(headers: AnyHeaders) -> bool:
    """Return whether a page whose host is no loopback name sent a request as if to itself.

    Without a sign-in such a page is one of Akin behind a proxy. `Origin` counts always. `Referer`
    is also sent for a link that a person follows from another site, and an image there: browsers
    then state another site in `Sec-Fetch-Site`.
    """
    pages = [headers.get("Origin")]
    if headers.get("Sec-Fetch-Site") not in {"cross-site", "same-site"}:
        pages.append(headers.get("Referer"))
    return any(page and page != "null" and not _is_loopback(page) for page in pages)


def local_page(headers: AnyHeaders) -> str:
    """Return the origin of a page on a loopback host that sent a request; empty for any other."""
    origin = headers.get("Origin") or ""
    return origin if _is_loopback(origin) else ""


def _is_loopback(url: str) -> bool:
    try:
        return is_known_host(urlsplit(url).netloc, ())
    except ValueError:
        return False


def is_cross_site_embed(headers: AnyHeaders) -> bool:
    """Return whether a page of another site embeds the response: image, script, frame or fetch.

    A prefetch is one too; a link that a person follows is not. The other page could not read the
    response, but making it costs searches of the API's quota.
    """
    if headers.get("Sec-Fetch-Site", "same-origin") in {"same-origin", "none"}:
        return False
    if "Sec-Purpose" in headers or "Purpose" in headers:  # prefetch, or a page made in advance
        return True
    is_page = headers.get("Sec-Fetch-Dest", "document") == "document"
    return not is_page or headers.get("Sec-Fetch-Mode") != "navigate"


def safe_redirect_path(target: str) -> str:
    r"""Return `target` where it is a path of this site, else the first page.

    Refuses what a browser would read as another host: `//host`, `/\host`, and anything with control
    characters, which browsers remove before they parse.
    """
    is_path = target.startswith("/") and not target.startswith(("//", "/sign-"))
    is_short = len(target) <= LONGEST_PATH
    return target if is_path and is_short and not _CONTROL.search(target) else HOME
