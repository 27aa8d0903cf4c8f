"""Faults of connections: refused, broken, late, slow, cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.exchange import chunk
from tests.faults.server import fault, whole

if TYPE_CHECKING:
    from tests.faults.exchange import Exchange
    from tests.faults.server import Upstream


@fault("healthy")
def healthy(exchange: Exchange, upstream: Upstream) -> None:
    """Send a healthy response."""
    upstream.healthy(exchange)


@fault("refused")
def refused(exchange: Exchange, _: Upstream) -> None:
    """Refuse the connection (`Upstream.always` closes the port, so nothing comes here)."""
    exchange.reset()


@fault("reset")
def reset(exchange: Exchange, _: Upstream) -> None:
    """Read the request, then RST before the first byte."""
    exchange.reset()


@fault("hang-up")
def hang_up(exchange: Exchange, _: Upstream) -> None:
    """Read the request, then FIN before the first byte."""
    exchange.hang_up()


@fault("stale-connection")
def stale_connection(exchange: Exchange, upstream: Upstream) -> None:
    """Send a healthy response, then close the keep-alive connection."""
    upstream.healthy(exchange)
    exchange.hang_up()


@fault("no-answer")
def no_answer(exchange: Exchange, _: Upstream) -> None:
    """Read the request and never respond."""
    exchange.wait(float("inf"))
    exchange.hang_up()


@fault("slow-first-byte")
def slow_first_byte(exchange: Exchange, upstream: Upstream) -> None:
    """Send a healthy response, `delay` seconds late."""
    if exchange.wait(upstream.delay):
        upstream.healthy(exchange)
    else:
        exchange.hang_up()


@fault("slow-body")
def slow_body(exchange: Exchange, upstream: Upstream) -> None:
    """Send a healthy response, a byte every `drip` seconds: no read times out."""
    body = _head_of_whole(exchange, upstream)
    for place in range(len(body)):
        exchange.send(body[place : place + 1])
        if not exchange.wait(upstream.drip):
            break
    exchange.hang_up()


@fault("slow-headers")
def slow_headers(exchange: Exchange, upstream: Upstream) -> None:
    """Send a status line, then one endless header, a letter every `drip` seconds."""
    exchange.send(b"HTTP/1.1 200 Fake\r\ncontent-type: application/json\r\nx-slow: ")
    while exchange.wait(upstream.drip):
        exchange.send(b"x")
    exchange.hang_up()


@fault("slow-status")
def slow_status(exchange: Exchange, upstream: Upstream) -> None:
    """Send an endless reason phrase, a letter every `drip` seconds."""
    exchange.send(b"HTTP/1.1 200 ")
    while exchange.wait(upstream.drip):
        exchange.send(b"x")
    exchange.hang_up()


@fault("stalled-body")
def stalled_body(exchange: Exchange, upstream: Upstream) -> None:
    """Send half of the body, then nothing, and stay connected."""
    body = _head_of_whole(exchange, upstream)
    exchange.send(body[: len(body) // 2])
    exchange.wait(float("inf"))
    exchange.hang_up()


@fault("cut-body")
def cut_body(exchange: Exchange, upstream: Upstream) -> None:
    """State the whole length, send half of the body, then FIN."""
    body = _head_of_whole(exchange, upstream)
    exchange.send(body[: len(body) // 2])
    exchange.hang_up()


@fault("cut-body-chunked")
def cut_body_chunked(exchange: Exchange, upstream: Upstream) -> None:
    """Send half of the body as one chunk, then FIN without the last chunk."""
    body = whole(exchange, upstream)
    exchange.head(200, {"content-type": "application/json", "transfer-encoding": "chunked"})
    exchange.send(chunk(body[: len(body) // 2]))
    exchange.hang_up()


@fault("reset-body")
def reset_body(exchange: Exchange, upstream: Upstream) -> None:
    """State the whole length, send half of the body, then RST."""
    body = _head_of_whole(exchange, upstream)
    exchange.send(body[: len(body) // 2])
    exchange.reset()


@fault("not-http")
def not_http(exchange: Exchange, _: Upstream) -> None:
    """Respond in a protocol that is not HTTP."""
    exchange.send(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n")
    exchange.hang_up()


@fault("long-header")
def long_header(exchange: Exchange, upstream: Upstream) -> None:
    """Send a healthy response with a header of 100,000 bytes."""
    exchange.answer(200, whole(exchange, upstream), x_long="x" * 100_000)


def _head_of_whole(exchange: Exchange, upstream: Upstream) -> bytes:
    body = whole(exchange, upstream)
    length = str(len(body))
    exchange.head(200, {"content-type": "application/json", "content-length": length})
    return body
