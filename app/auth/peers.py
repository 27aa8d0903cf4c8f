"""Whom a request comes from: proxies' words are believed of named proxies only.

A WSGI layer around the whole application. It also drops what nobody should find in a request: the
variables of this process, which granian hands to every request with the key among them.
"""

from __future__ import annotations

import ipaddress
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PEER: Final = "akin.peer_is_proxy"
_FORWARDED: Final = ("FOR", "PROTO", "HOST", "PORT", "PREFIX")
_SECRET_PREFIXES: Final = ("SCENARIO_", "AKIN_")


class Peers:
    """Applies what a named proxy says of its client; forgets what anybody else says."""

    def __init__(self, application: WSGIApplication, proxies: Iterable[str], header: str) -> None:
        """`proxies` are addresses or networks; `header` is where they name the user."""
        self.wrap(application)
        self._networks = [ipaddress.ip_network(each) for each in proxies]
        self._user_key = header_key(header)
        self._dropped = [name for name in os.environ if name.startswith(_SECRET_PREFIXES)]

    def wrap(self, application: WSGIApplication) -> None:
        """Stand around this application from now on."""
        self.application = application
        self._believed = ProxyFix(application, x_for=1, x_proto=1, x_host=1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request whose environ says where it really comes from."""
        for name in self._dropped:
            environ.pop(name, None)
        if self._is_proxy(environ.get("REMOTE_ADDR", "")):
            environ[PEER] = True
            return self._believed(environ, start_response)
        is_forwarded = False
        for name in _FORWARDED:
            is_forwarded |= environ.pop(f"HTTP_X_FORWARDED_{name}", None) is not None
        environ.pop(self._user_key, None)
        environ["akin.is_forwarded"] = is_forwarded or "HTTP_FORWARDED" in environ
        return self.application(environ, start_response)

    def _is_proxy(self, address: str) -> bool:
        if not self._networks or (peer := _address(address)) is None:
            return False
        return any(peer in network for network in self._networks)


def header_key(header: str) -> str:
    """How WSGI spells a header's name."""
    return "HTTP_" + header.upper().replace("-", "_")


def is_this_machine(environ: dict[str, Any]) -> bool:
    """Tell whether a request was made on this machine, and not handed on to it."""
    peer = _address(environ.get("REMOTE_ADDR", ""))
    return peer is not None and peer.is_loopback and not environ.get("akin.is_forwarded")


@lru_cache(1024)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a text is; None where it is none, as with a socket in the file system."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # An IPv4 peer of a server that listens on both shows as ::ffff:127.0.0.1.
    return getattr(address, "ipv4_mapped", None) or address
