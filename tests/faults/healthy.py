"""The Scenario API without faults: routes and responses as in docs/scenario-api.md.

With synthetic hits; filters and sorting are accepted and ignored.
"""

from __future__ import annotations

import functools
import io
import time
from typing import TYPE_CHECKING, Any

from PIL import Image

from tests.faults import synthetic
from tests.faults.exchange import Refusal
from tests.faults.writes import Writes

if TYPE_CHECKING:
    from tests.faults.exchange import Exchange, Request

Json = dict[str, Any]


class Healthy:
    """The API without faults, with `count` synthetic assets."""

    def __init__(self, count: int, cdn: str) -> None:
        """Serve `count` assets whose URLs begin with `cdn`; `numbers` finds one by its id."""
        self.count = count
        self.cdn = cdn
        self.writes = Writes()
        self.numbers = {synthetic.asset_id(number): number for number in range(count)}

    def __call__(self, exchange: Exchange) -> None:
        """Respond to one request."""
        try:
            if exchange.request.path.startswith("/v1/"):
                exchange.json(self.api(exchange.request))
            else:
                self._file(exchange)
        except Refusal as refusal:
            exchange.json(refusal.body, refusal.status)

    def hit(self, number: int) -> Json:
        """Return the hit of that number; its URLs expire in a week."""
        return synthetic.hit(number, cdn=self.cdn)

    def api(self, request: Request) -> Json:
        """Return the JSON response to a request below /v1. Raises Refusal."""
        if not request.headers.get("authorization", "").startswith(("Basic ", "Bearer ")):
            raise Refusal(401, "Unauthorized", "UNAUTHORIZED")
        answer: Json | None = None
        match request.method, request.path.removeprefix("/v1/").split("/"):
            case "POST", ["search", "assets"]:
                answer = self._search(request)
            case "POST", ["assets", "get-bulk"]:
                answer = {"assets": [self._asset(i) for i in self._ids(request, "assetIds")]}
            case "POST", ["models", "get-bulk"]:
                names = [i for i in self._ids(request, "modelIds") if i.startswith("model_")]
                answer = {
                    "models": [{"id": i, "name": f"Model {i}", "type": "flux"} for i in names]
                }
            case "GET", ["assets", asset_id] if self._exists(asset_id):
                answer = {"asset": self._asset(asset_id)}
            case "POST", ["assets", asset_id, "download"] if asset_id in self.numbers:
                answer = {"url": self.hit(self.numbers[asset_id])["url"]}
            case "GET", ["assets"] if {"parentAssetId", "rootAssetId"} & request.query.keys():
                answer = {"assets": []}
            case "GET", ["tags"]:
                answer = {"tags": [{"tagName": "synthetic", "itemCount": self.count}]}
            case "GET", ["collections"]:
                each = self.writes.collection
                answer = {"collections": [each(i)["collection"] for i in self.writes.collections]}
        answer = self._written(request) if answer is None else answer
        if answer is None:
            raise Refusal(404, "Not found", "NOT_FOUND")
        return answer

    def _written(self, request: Request) -> Json | None:
        """Return the response to a call that writes, or about a collection."""
        answer: Json | None = None
        match request.method, request.path.removeprefix("/v1/").split("/"):
            case "PUT", ["assets", asset_id] if self._exists(asset_id):
                answer = self.writes.edit_asset(request, self.hit(self.numbers[asset_id]))
            case "PUT", ["assets", asset_id, "tags"] if self._exists(asset_id):
                answer = self.writes.edit_tags(request, self.hit(self.numbers[asset_id]))
            case "POST", ["collections"]:
                answer = self.writes.create(request)
            case "GET", ["collections", collection_id]:
                answer = self.writes.collection(collection_id)
            case "DELETE", ["collections", collection_id]:
                answer = self.writes.delete(collection_id)
            case ("PUT" | "DELETE") as method, ["collections", collection_id, "assets"]:
                ids = request.json["assetIds"]
                if not all(map(self._exists, ids)):
                    raise Refusal(404, "Asset not found", "NOT_FOUND")
                hits = [self.hit(self.numbers[each]) for each in ids]
                answer = self.writes.edit_members(collection_id, hits, add=method == "PUT")
        return answer

    def _search(self, request: Request) -> Json:
        body: Json = request.json
        if not any(body.get(name) for name in ("query", "filter", "image", "images")):
            raise Refusal(400, "Must provide at least one search parameter", "BAD_REQUEST")
        images = body.get("images") or {}
        left_out = {body.get("image"), *images.get("like", ()), *images.get("unlike", ())}
        word = str(body.get("query") or "").casefold()
        found = [
            number
            for number in range(self.count - 1, -1, -1)
            if synthetic.asset_id(number) not in left_out
            and (not word or word in self.hit(number)["metadata"]["name"])
        ]
        if "page" in body or "hitsPerPage" in body:
            page, size = int(body.get("page", 1)), int(body.get("hitsPerPage", 20))
            first, total = (page - 1) * size, len(found)
            counts = {"page": page, "hitsPerPage": size, "totalHits": total}
            counts["totalPages"] = -(-total // size)
        else:
            first = int(request.query.get("offset") or body.get("offset", 0))
            size = int(body.get("limit", 20))
            counts = {"offset": first, "limit": size, "estimatedTotalHits": len(found)}
        if size > 100:
            raise Refusal(400, "Limit exceeds maximum (100)", "BAD_REQUEST")
        hits = [self.hit(number) for number in found[first : first + size]]
        return {"hits": [self.writes.shown(hit, by_search=True) for hit in hits]} | counts

    def _asset(self, asset_id: str) -> Json:
        found = self.writes.shown(self.hit(self.numbers[asset_id]))
        metadata = found["metadata"]
        sizes = {name: metadata[name] for name in ("size", "width", "height") if name in metadata}
        return found | {
            "kind": metadata["kind"],
            "status": "success",
            "source": metadata["type"],
            "properties": sizes,
        }

    def _ids(self, request: Request, field: str) -> list[str]:
        asked: list[str] = request.json[field]
        if len(asked) > 200:
            raise Refusal(400, f"{field} exceeds maximum (200)", "BAD_REQUEST")
        return [i for i in asked if self._exists(i) or i.startswith("model_")]

    def _exists(self, asset_id: str) -> bool:
        return asset_id in self.numbers and asset_id not in self.writes.deleted

    def _file(self, exchange: Exchange) -> None:
        """Send a file as the CDN does: thumbnails without a signature, others until they expire."""
        request = exchange.request
        match request.path.split("/"):
            case ["", "thumbnails", asset_id]:
                public = True
            case ["", "assets" | "assets-transform", asset_id]:
                public = False
            case _:
                raise Refusal(404, "Not found")
        if asset_id not in self.numbers:
            raise Refusal(404, "Not found")
        if not public and synthetic.expiry(request.query) <= time.time():
            exchange.answer(403, b"<Error><Code>AccessDenied</Code></Error>", "application/xml")
            return
        body = picture(self.numbers[asset_id])
        exchange.answer(200, body, "image/png", access_control_allow_origin="*")


@functools.cache
def picture(number: int) -> bytes:
    """A PNG of one colour, 64 x 64."""
    colour = (number * 67 % 256, number * 131 % 256, number * 29 % 256)
    file = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(file, "PNG")
    return file.getvalue()
