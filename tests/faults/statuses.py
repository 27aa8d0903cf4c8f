"""Faults by status: redirects, client errors, quotas and server errors, with their headers."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

from tests.faults.server import FAULTS, fault

if TYPE_CHECKING:
    from tests.faults.exchange import Exchange
    from tests.faults.server import Upstream


@fault("301")
def moved(exchange: Exchange, _: Upstream) -> None:
    """Redirect to another path of the same server, which responds 404."""
    exchange.answer(301, b"", location="/moved")


@fault("301-elsewhere")
def moved_elsewhere(exchange: Exchange, upstream: Upstream) -> None:
    """Redirect to another host (another name of this server)."""
    exchange.answer(301, b"", location=f"http://localhost:{upstream.port}/v1/elsewhere")


@fault("301-loop")
def moved_in_a_loop(exchange: Exchange, _: Upstream) -> None:
    """Redirect to the same URL."""
    exchange.answer(308, b"", location=exchange.request.path)


def _register_statuses() -> None:
    def error(text: str, code: str = "BAD_REQUEST") -> bytes:
        return json.dumps({"error": text, "code": code}).encode()

    gateway = b"<html><head><title>Bad Gateway</title></head><body><hr>nginx</body></html>"
    quota = error("Asset search quota exceeded", "QUOTA_EXCEEDED")
    busy = error("Too many requests", "TOO_MANY_REQUESTS")
    down = error("Service unavailable", "UNAVAILABLE")
    statuses: dict[str, tuple[int, bytes, dict[str, str]]] = {
        "400-empty": (400, error("Must provide at least one search parameter"), {}),
        "400-filter": (400, error("Invalid filter syntax"), {}),
        "400-field": (400, error('"colour" is not a filterable field'), {}),
        "400-limit": (400, error("Limit exceeds maximum (100)"), {}),
        "400-message": (400, b'{"message": "Invalid filter syntax"}', {}),
        "400-object": (400, b'{"error": {"message": ["Invalid filter syntax"]}}', {}),
        "400-text": (400, b"Invalid filter syntax", {"content-type": "text/plain"}),
        "400-no-body": (400, b"", {}),
        "400-script": (400, error("<script>alert(1)</script>" * 1000), {}),
        "401": (401, error("Unauthorized", "UNAUTHORIZED"), {}),
        "403": (403, error("Forbidden", "FORBIDDEN"), {}),
        "404": (404, error("Not found", "NOT_FOUND"), {}),
        "408": (408, error("Request timeout", "TIMEOUT"), {}),
        "409": (409, error("Conflict", "CONFLICT"), {}),
        "429": (429, busy, {}),
        "429-quota": (429, quota, {}),
        "429-retry-after-seconds": (429, busy, {"retry-after": "1"}),
        "429-retry-after-date": (429, busy, {"retry-after": "@date"}),
        "429-retry-after-ms": (429, busy, {"retry-after-ms": "50"}),
        "429-retry-after-far": (429, busy, {"retry-after": "86400"}),
        "429-retry-after-nonsense": (429, busy, {"retry-after": "soon", "retry-after-ms": "-1"}),
        "429-should-not-retry": (429, quota, {"x-should-retry": "false"}),
        "400-should-retry": (400, error("Try again"), {"x-should-retry": "true"}),
        "500": (500, error("Internal server error", "INTERNAL"), {}),
        "502": (502, gateway, {"content-type": "text/html"}),
        "503": (503, down, {}),
        "503-should-retry": (503, down, {"x-should-retry": "true"}),
        "503-should-not-retry": (503, down, {"x-should-retry": "false"}),
        "504": (504, gateway, {"content-type": "text/html"}),
    }
    for name, (status, body, headers) in statuses.items():

        def answer(
            exchange: Exchange,
            _: Upstream,
            status: int = status,
            body: bytes = body,
            headers: dict[str, str] = headers,
        ) -> None:
            sent = {"content-type": "application/json", "content-length": str(len(body))} | headers
            if sent.get("retry-after") == "@date":
                sent["retry-after"] = formatdate(time.time() + 2, usegmt=True)
            exchange.head(status, sent)
            exchange.send(body)

        answer.__doc__ = f"Answer {status} with {headers or 'no header'} and {body[:60]!r}."
        FAULTS[name] = answer


_register_statuses()
