"""Faults of bodies: not JSON, of the wrong shape, with odd fields, too large."""

from __future__ import annotations

import functools
import json
import zlib
from typing import TYPE_CHECKING, Any

from tests.faults.exchange import chunk
from tests.faults.server import FAULTS, change_hits, fault, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.exchange import Exchange
    from tests.faults.server import Upstream

HUGE = 100 * 1024 * 1024  # bytes of the responses named "100-mb"
BOMB = 1024 * 1024 * 1024  # bytes that the gzip bomb unpacks to
_PAGE = b"<!doctype html><title>Welcome</title><h1>Please sign in to the hotel's network</h1>"


@fault("html")
def html(exchange: Exchange, _: Upstream) -> None:
    """Answer 200 with a page of HTML, like a captive portal."""
    exchange.answer(200, _PAGE, "text/html")


@fault("not-json")
def not_json(exchange: Exchange, upstream: Upstream) -> None:
    """Answer 200 with half a JSON text and its correct length."""
    body = whole(exchange, upstream)
    exchange.answer(200, body[: len(body) // 2])


@fault("not-utf-8")
def not_utf_8(exchange: Exchange, upstream: Upstream) -> None:
    """Answer 200 with a name in Latin-1 inside the JSON."""
    body = whole(exchange, upstream)
    exchange.answer(200, body.replace(b"synthetic", b"synth\xe9tique", 1))


@fault("empty-body")
def empty_body(exchange: Exchange, _: Upstream) -> None:
    """Answer 200 with no body at all."""
    exchange.answer(200, b"")


def _register_shapes() -> None:
    shapes: dict[str, object] = {
        "shape-list": [],
        "shape-string": "hits",
        "shape-null": None,
        "shape-number": 7,
        "hits-missing": {"totalHits": 3, "totalPages": 1, "page": 1, "hitsPerPage": 48},
        "hits-null": {"hits": None, "asset": None, "totalHits": 3},
        "hits-object": {"hits": {"0": {"id": "asset_x"}}, "asset": [], "totalHits": 1},
    }
    for name, value in shapes.items():
        body = json.dumps(value).encode()

        def answer(exchange: Exchange, _: Upstream, body: bytes = body) -> None:
            exchange.answer(200, body)

        answer.__doc__ = f"Answer 200 with {body.decode()}."
        FAULTS[name] = answer


_register_shapes()


@fault("hits-odd")
def hits_odd(exchange: Exchange, upstream: Upstream) -> None:
    """Insert values that are not hits: null, a number, a string, a list, an empty object."""
    body = upstream.healthy.api(exchange.request)
    if "hits" in body:
        first, *rest = body["hits"]
        body["hits"] = [None, first, 7, "asset_x", [first], {}, {"id": None}, {"id": 7}, *rest]
    exchange.json(body)


@fault("fields-missing")
def fields_missing(exchange: Exchange, upstream: Upstream) -> None:
    """Remove all fields of a hit but its id."""
    change_hits(exchange, upstream, lambda hit: {"id": hit["id"]})


@fault("fields-null")
def fields_null(exchange: Exchange, upstream: Upstream) -> None:
    """Make every field of a hit null but its id."""
    change_hits(exchange, upstream, lambda hit: dict.fromkeys(hit) | {"id": hit["id"]})


@fault("metadata-null")
def metadata_null(exchange: Exchange, upstream: Upstream) -> None:
    """Make every field of a hit's metadata, and every item of its lists, null."""

    def change(hit: dict[str, Any]) -> dict[str, Any]:
        lists = {name: [None] for name, value in hit.items() if isinstance(value, list)}
        return hit | lists | {"metadata": dict.fromkeys(hit["metadata"])}

    change_hits(exchange, upstream, change)


@fault("fields-mistyped")
def fields_mistyped(exchange: Exchange, upstream: Upstream) -> None:
    """Give every field of a hit but its id another type."""
    change_hits(exchange, upstream, lambda hit: _mistyped(hit) | {"id": hit["id"]})


@fault("fields-new")
def fields_new(exchange: Exchange, upstream: Upstream) -> None:
    """Add unknown fields, and an unknown kind, type and MIME type."""

    def change(hit: dict[str, Any]) -> dict[str, Any]:
        metadata = hit["metadata"] | {"kind": "hologram", "type": "txt2smell", "aura": {"a": [1]}}
        return hit | {"metadata": metadata, "mimeType": "x-new/kind", "aura": [{"b": None}]}

    change_hits(exchange, upstream, change)


@fault("lone-surrogates")
def lone_surrogates(exchange: Exchange, upstream: Upstream) -> None:
    r"""Put \ud800 into names, prompts and tags: valid JSON that UTF-8 cannot encode."""

    def change(hit: dict[str, Any]) -> dict[str, Any]:
        metadata = hit["metadata"] | {"name": "lone \ud800", "prompt": "lone \udfff \x00 \x1b"}
        return hit | {"metadata": metadata, "tags": ["lone \ud800"], "description": "\udc80"}

    change_hits(exchange, upstream, change)


@fault("odd-numbers")
def odd_numbers(exchange: Exchange, upstream: Upstream) -> None:
    """Give sizes and scores that are zero, negative, NaN, infinite or of 400 digits."""
    numbers = [0, -1, float("nan"), float("inf"), 10**400, 1e308, 0.5]

    def change(hit: dict[str, Any]) -> dict[str, Any]:
        number = numbers[int(hit["id"][6:], 16) % len(numbers)]
        odd = dict.fromkeys(("width", "height", "size", "guidance", "numInferenceSteps"), number)
        return hit | {"metadata": hit["metadata"] | odd, "score": number}

    change_hits(exchange, upstream, change)


@fault("dates-odd")
def dates_odd(exchange: Exchange, upstream: Upstream) -> None:
    """Give dates that are invalid, in the year 99999, or a number."""
    dates = ["", "yesterday", "99999-12-31T00:00:00Z", "2025-02-30T25:61:61Z", 1735689600]

    def change(hit: dict[str, Any]) -> dict[str, Any]:
        date = dates[int(hit["id"][6:], 16) % len(dates)]
        return hit | {"createdAt": date, "updatedAt": date}

    change_hits(exchange, upstream, change)


@fault("urls-odd")
def urls_odd(exchange: Exchange, upstream: Upstream) -> None:
    """Give URLs that are empty, invalid, or of the schemes `javascript:` and `file:`."""
    urls = ["", "javascript:alert(1)", "file:///etc/passwd", "//elsewhere.invalid/x", "http://[::1"]

    def change(hit: dict[str, Any]) -> dict[str, Any]:
        url = urls[int(hit["id"][6:], 16) % len(urls)]
        return hit | {"url": url, "thumbnail": {"assetId": hit["id"], "url": url}}

    change_hits(exchange, upstream, change)


@fault("deep-json")
def deep_json(exchange: Exchange, _: Upstream) -> None:
    """Answer 200 with a hundred thousand nested lists."""
    exchange.answer(200, b'{"hits": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")


@fault("100-mb")
def hundred_megabytes(exchange: Exchange, _: Upstream) -> None:
    """Answer 200 with 100 MB of JSON, with `content-length`."""
    exchange.head(200, {"content-type": "application/json", "content-length": str(HUGE)})
    for block in _padded(HUGE):
        exchange.send(block)


@fault("100-mb-chunked")
def hundred_megabytes_chunked(exchange: Exchange, _: Upstream) -> None:
    """Answer 200 with 100 MB of JSON, chunked."""
    exchange.head(200, {"content-type": "application/json", "transfer-encoding": "chunked"})
    for block in _padded(HUGE):
        exchange.send(chunk(block))
    exchange.send(chunk(b""))


@fault("gzip-bomb")
def gzip_bomb(exchange: Exchange, _: Upstream) -> None:
    """Answer 200 with a megabyte of gzip that unpacks to 1 GB of JSON."""
    exchange.answer(200, bomb(), content_encoding="gzip")


@fault("gzip-broken")
def gzip_broken(exchange: Exchange, upstream: Upstream) -> None:
    """Send a plain body with `content-encoding: gzip`."""
    exchange.answer(200, whole(exchange, upstream), content_encoding="gzip")


@functools.cache
def bomb() -> bytes:
    """Return a gzip file of a megabyte that unpacks to `BOMB` bytes of valid JSON."""
    block = b" " * (1024 * 1024)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start, end = b'{"hits": [', b"]}"
    packed = [packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)]
    # After a full flush a block stands alone, so one packed block can be repeated.
    spaces = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    times, rest = divmod(BOMB - len(start) - len(end), len(block))
    packed += [spaces] * times
    packed.append(packer.compress(block[:rest] + end) + packer.flush())
    checksum = zlib.crc32(start)
    for _ in range(times):
        checksum = zlib.crc32(block, checksum)
    checksum = zlib.crc32(block[:rest] + end, checksum)
    trailer = checksum.to_bytes(4, "little") + (BOMB % 2**32).to_bytes(4, "little")
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"".join(packed) + trailer


def _padded(size: int) -> Iterator[bytes]:
    start, end, block = b'{"hits": [', b"]}", b" " * 65536
    yield start
    left = size - len(start) - len(end)
    while left > 0:
        yield block[:left]
        left -= len(block)
    yield end


def _mistyped(value: Any) -> Any:
    """Return a value of another type, with all nested values mistyped too."""
    match value:
        case dict():
            return {name: _mistyped(inner) for name, inner in value.items()}
        case list():
            return "not a list"
        case str():
            return {"not": ["a string"]}
        case _:
            return "not a number"
