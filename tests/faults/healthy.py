"""The Scenario API in good health: routes and answers as scenario-api.md has them.

Over synthetic hits; filters and sorting are accepted and not carried out.
"""

from __future__ import annotations

import functools
import io
import time
from typing import TYPE_CHECKING, Any

from PIL import Image

from tests.faults import synthetic
from tests.faults.exchange import Refusal

if TYPE_CHECKING:
    from tests.faults.exchange import Exchange, Request

Json = dict[str, Any]


class Healthy:
    """The API in good health, over `count` synthetic assets."""

    def __init__(self, count: int, cdn: str) -> None:
        """Serve `count` assets whose URLs begin with `cdn`; `numbers` finds one by its id."""
        self.count = count
        self.cdn = cdn
        self.numbers = {synthetic.asset_id(number): number for number in range(count)}

    def __call__(self, exchange: Exchange) -> None:
        """Answer one request, whatever it is."""
        try:
            if exchange.request.path.startswith("/v1/"):
                exchange.json(self.api(exchange.request))
            else:
                self._file(exchange)
        except Refusal as refusal:
            exchange.json(refusal.body, refusal.status)

    def hit(self, number: int) -> Json:
        """The hit of that number, its URLs good for a week."""
        return synthetic.hit(number, cdn=self.cdn)

    def api(self, request: Request) -> Json:
        """The JSON that answers a request below /v1; raises Refusal."""
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
            case "GET", ["assets", asset_id] if asset_id in self.numbers:
                answer = {"asset": self._asset(asset_id)}
            case "POST", ["assets", asset_id, "download"] if asset_id in self.numbers:
                answer = {"url": self.hit(self.numbers[asset_id])["url"]}
            case "GET", ["tags"]:
                answer = {"tags": [{"tagName": "synthetic", "itemCount": self.count}]}
            case "GET", ["collections"]:
                listed = [{"id": f"collection_{n}", "name": f"Folder {n}"} for n in range(5)]
                answer = {"collections": listed}
        if answer is None:
            raise Refusal(404, "Not found", "NOT_FOUND")
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
        return {"hits": [self.hit(number) for number in found[first : first + size]]} | counts

    def _asset(self, asset_id: str) -> Json:
        found = self.hit(self.numbers[asset_id])
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
        return [i for i in asked if i in self.numbers or i.startswith("model_")]

    def _file(self, exchange: Exchange) -> None:
        """The CDN: thumbnails for everybody, the rest as long as its policy lasts."""
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
