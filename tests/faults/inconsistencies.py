"""Faults of well-formed responses: expired URLs, wrong counts, shrinking pages, duplicates."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.faults import synthetic
from tests.faults.healthy import Healthy
from tests.faults.server import change_hits, fault

if TYPE_CHECKING:
    from tests.faults.exchange import Exchange
    from tests.faults.server import Upstream


@fault("expired-urls")
def expired_urls(exchange: Exchange, upstream: Upstream) -> None:
    """Sign every URL with an expiry an hour ago; the fake CDN then responds 403."""
    cdn, ended = upstream.origin, time.time() - 3600

    def change(hit: dict[str, Any]) -> dict[str, Any]:
        number = upstream.healthy.numbers[hit["id"]]
        return hit | synthetic.hit(number, cdn=cdn, expires=ended)

    change_hits(exchange, upstream, change)


@fault("totals-lie")
def totals_lie(exchange: Exchange, upstream: Upstream) -> None:
    """State a million hits and list none."""
    lie = {"hits": [], "totalHits": 10**6, "totalPages": 10**6, "estimatedTotalHits": 10**6}
    _change_totals(exchange, upstream, lie)


@fault("totals-short")
def totals_short(exchange: Exchange, upstream: Upstream) -> None:
    """State zero hits and list a page of them."""
    _change_totals(exchange, upstream, {"totalHits": 0, "totalPages": 0, "estimatedTotalHits": 0})


@fault("totals-odd")
def totals_odd(exchange: Exchange, upstream: Upstream) -> None:
    """State counts that are a string, negative, and null."""
    odd = {"totalHits": "many", "totalPages": -3, "estimatedTotalHits": None, "page": None}
    _change_totals(exchange, upstream, odd)


@fault("totals-missing")
def totals_missing(exchange: Exchange, upstream: Upstream) -> None:
    """List hits without counts."""
    body = upstream.healthy.api(exchange.request)
    exchange.json({name: value for name, value in body.items() if name in ("hits", "asset")})


@fault("shrinking-pages")
def shrinking_pages(exchange: Exchange, upstream: Upstream) -> None:
    """Have ten assets fewer at each search, so that the pages shrink during paging."""
    gone = 10 * len(upstream.received(exchange.request.path))
    shrunk = Healthy(max(upstream.healthy.count - gone, 0), upstream.origin)
    shrunk(exchange)


@fault("duplicate-hits")
def duplicate_hits(exchange: Exchange, upstream: Upstream) -> None:
    """List the first hit of a page three times, the others once."""
    body = upstream.healthy.api(exchange.request)
    if body.get("hits"):
        body["hits"] = [body["hits"][0]] * 2 + body["hits"]
    exchange.json(body)


def _change_totals(exchange: Exchange, upstream: Upstream, lie: dict[str, Any]) -> None:
    body = upstream.healthy.api(exchange.request)
    exchange.json(body | {name: value for name, value in lie.items() if name in body})
