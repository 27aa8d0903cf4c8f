"""Proxy headers: applied where a named proxy (AKIN_PROXIES) sent them, else removed.

A WSGI layer around the whole application. It also removes the environment variables of this
process, which granian copies into every request, the API key among them.
"""

from __future__ import annotations

import ipaddress
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from werkzeug.middleware.proxy_fix import ProxyFix

from app.auth.base_path import SAFE, script_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from app.auth.proxy_notices import ProxyNotices

FROM_PROXY: Final = "akin.from_proxy"
FORWARDED: Final = "akin.is_forwarded"
IGNORED: Final = "akin.has_ignored_headers"
HEADERS_IGNORED: Final = (
    "Headers of a proxy were ignored, because AKIN_PROXIES does not contain its address."
)
_FORWARDED: Final = "HTTP_X_FORWARDED_"
_PREFIX_HEADER: Final = "HTTP_X_FORWARDED_PREFIX"
_PREFIX_NAME: Final = "X-Forwarded-Prefix"
# Those that a proxy in front of Akin adds, and not one of the client.
_ALSO_FORWARDED: Final = frozenset({"HTTP_FORWARDED", "HTTP_X_REAL_IP"})
# What proxies, tunnels and content delivery networks add to a request, besides X-Forwarded-*.
_OF_PROXIES: Final = frozenset(
    f"HTTP_{name}"
    for name in (
        *("FORWARDED", "VIA", "X_REAL_IP", "X_CLIENT_IP", "X_CLUSTER_CLIENT_IP", "CLIENT_IP"),
        *("TRUE_CLIENT_IP", "X_FORWARDED", "FORWARDED_FOR", "X_ORIGINAL_FORWARDED_FOR"),
        *("X_ORIGINAL_HOST", "X_ORIGINAL_FOR", "X_ORIGINAL_PROTO", "X_PROXYUSER_IP"),
        *("CF_CONNECTING_IP", "CF_CONNECTING_IPV6", "CF_RAY", "CF_VISITOR", "CF_IPCOUNTRY"),
        *("CDN_LOOP", "FASTLY_CLIENT_IP", "FLY_CLIENT_IP", "AKAMAI_ORIGIN_HOP", "INCAP_CLIENT_IP"),
        *("X_AMZN_TRACE_ID", "X_AMZ_CF_ID", "X_APPENGINE_USER_IP", "X_CLOUD_TRACE_CONTEXT"),
        *("X_AZURE_CLIENTIP", "X_AZURE_SOCKETIP", "X_ARR_LOG_ID", "X_ENVOY_EXTERNAL_ADDRESS"),
        *("X_ENVOY_EXPECTED_RQ_TIMEOUT_MS", "X_NF_CLIENT_CONNECTION_IP", "X_VERCEL_ID"),
        *("TAILSCALE_USER_LOGIN", "X_SCHEME", "X_PROXY_USER", "PROXY_CONNECTION"),
    )
)
# nginx sends HTTP/1.0 where its configuration is a `proxy_pass` alone; browsers never do.
_OLD_PROTOCOLS: Final = frozenset({"HTTP/1.0", "HTTP/1", "HTTP/0.9"})
_SCHEMES: Final = frozenset({"http", "https"})
_SECRET_PREFIXES: Final = ("SCENARIO_", "AKIN_")


class ProxyHeaders:
    """WSGI layer that applies the headers of named proxies and removes those of anyone else."""

    def __init__(
        self,
        application: WSGIApplication,
        proxies: Iterable[str],
        header: str,
        *,
        notices: ProxyNotices | None = None,
        reserved: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """`proxies` are addresses or networks; `header` is where they name the user.

        `notices` receives what is ignored. `reserved` returns the names that a base path must not
        begin with, because the application's own paths do.
        """
        self.wrap(application)
        self._networks = [ipaddress.ip_network(each) for each in proxies]
        self._user_header = environ_key(header)
        self._dropped = [name for name in os.environ if name.startswith(_SECRET_PREFIXES)]
        self._notices = notices
        self._reserved = reserved

    def wrap(self, application: WSGIApplication) -> None:
        """Pass requests to this application from now on."""
        self.application = application
        self._trusting = ProxyFix(self._below_base_path, x_for=1, x_proto=1, x_host=1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass on a request whose environ says where it really comes from."""
        for name in self._dropped:
            environ.pop(name, None)
        forwarded = [name for name in environ if name.startswith(_FORWARDED)]
        environ[FORWARDED] = (
            bool(forwarded)
            or not _OF_PROXIES.isdisjoint(environ)
            or environ.get("SERVER_PROTOCOL") in _OLD_PROTOCOLS
        )
        if self.is_proxy(environ.get("REMOTE_ADDR", "")):
            environ[FROM_PROXY] = environ[FORWARDED] = True
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip()
            if scheme not in _SCHEMES:
                environ.pop("HTTP_X_FORWARDED_PROTO", None)
            self._set_base_path(environ)
            return self._trusting(environ, start_response)
        self._note_ignored(environ, forwarded)
        for name in forwarded:
            del environ[name]
        environ.pop(self._user_header, None)
        return self._below_base_path(environ, start_response)

    def is_proxy(self, address: str) -> bool:
        """Return whether an address is one of the named proxies."""
        if not self._networks or (peer := _address(address)) is None:
            return False
        return any(peer in network for network in self._networks)

    def report(self) -> list[str]:
        """Return what was ignored in the last day and still would be."""
        notices = self._notices.stored() if self._notices else []
        return [
            each.message
            for each in notices
            if self.is_proxy(each.address) == (each.subject == _PREFIX_NAME)
        ]

    def _set_base_path(self, environ: WSGIEnvironment) -> None:
        """Apply X-Forwarded-Prefix, whether or not the proxy left it in the path."""
        header = environ.pop(_PREFIX_HEADER, "").rpartition(",")[2]
        base = script_name(header)
        if base is None or (base and base.split("/")[1] in self._reserved()):
            self._note(
                _PREFIX_NAME,
                environ.get("REMOTE_ADDR", ""),
                f"X-Forwarded-Prefix is ignored: {header[:80]!r} is not a path such as /akin, or "
                "begins as paths of Akin itself do. Correct it at the proxy.",
            )
        elif base:
            environ["SCRIPT_NAME"] = base
            rest = environ["PATH_INFO"].removeprefix(base)
            if not rest or (rest != environ["PATH_INFO"] and rest.startswith("/")):
                environ["PATH_INFO"] = rest

    def _below_base_path(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Redirect the base path without its last slash."""
        if environ.get("SCRIPT_NAME") and not environ.get("PATH_INFO"):
            query = environ.get("QUERY_STRING", "")
            name = environ["SCRIPT_NAME"].encode("latin-1", "replace")
            location = f"{quote(name, safe=SAFE)}/{'?' if query else ''}{query}"
            start_response("302 Found", [("Location", location), ("Content-Length", "0")])
            return [b""]
        return self.application(environ, start_response)

    def _note_ignored(self, environ: WSGIEnvironment, forwarded: Iterable[str]) -> None:
        names = {*forwarded, *_ALSO_FORWARDED.intersection(environ)}
        if self._user_header in environ:
            names.add(self._user_header)
        if not names:
            return
        environ[IGNORED] = True
        address = environ.get("REMOTE_ADDR", "")
        if (peer := _address(address)) is None:
            shown, advice = "a Unix socket", "Let the proxy connect to an address and a port."
        else:
            shown, advice = str(peer), f"If this is your proxy, set AKIN_PROXIES={peer}."
        listed = ", ".join(sorted(name[5:].replace("_", "-").title() for name in names)[:6])
        self._note(
            "AKIN_PROXIES",
            address,
            f"Ignored headers of {shown}: {listed}. AKIN_PROXIES does not contain it. {advice}",
        )

    def _note(self, subject: str, address: str, message: str) -> None:
        if self._notices:
            self._notices.note(subject, address, message)


def environ_key(header: str) -> str:
    """Return the WSGI variable of a header."""
    return "HTTP_" + header.upper().replace("-", "_")


def is_from_this_machine(environ: dict[str, Any]) -> bool:
    """Return whether a request was made on this machine and did not come through a proxy."""
    peer = _address(environ.get("REMOTE_ADDR", ""))
    return peer is not None and peer.is_loopback and not environ.get(FORWARDED)


@lru_cache(1024)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an IP address; None for anything else, such as a socket in the file system."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # An IPv4 peer of a server that listens on both shows as ::ffff:127.0.0.1.
    return getattr(address, "ipv4_mapped", None) or address
