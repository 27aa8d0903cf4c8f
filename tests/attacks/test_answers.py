"""Attacks by the API, or by authors of assets, on people who view the assets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from tests.support.injection import BREAKOUTS, foreign
from tests.support.scenario_api import CDN, FakeAPI, answer, page, refusal

if TYPE_CHECKING:
    from flask.testing import FlaskClient


ADDRESSES = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "//evil.example/x",
    "///evil.example/x",
    "file:///etc/passwd",
)


def hostile(text: str, address: str = f"{CDN}/assets-transform/asset_1?p=100") -> dict[str, Any]:
    """Return an asset whose every text is `text` and whose every URL is `address`."""
    return {
        "id": "asset_hostile",
        "url": address,
        "thumbnail": {"assetId": "asset_hostile", "url": address},
        "mimeType": text,
        "createdAt": text,
        "tags": [text],
        "collectionIds": [text],
        "authorId": text,
        "ownerId": text,
        "privacy": text,
        "nsfw": [text],
        "description": text,
        "content": text,
        "kind": "image",
        "preview": {"assetId": "x", "url": address},
        "properties": {"width": text, text: text},
        "metadata": {
            **dict.fromkeys(("name", "prompt", "negativePrompt", "modelId", "scheduler"), text),
            **dict.fromkeys(("seed", "text", "baseModelId", "type", "aspectRatio"), text),
            "kind": "image",
            text: text,
        },
    }


PAGES = ("/?query=a", "/?like=asset_hostile", "/assets/asset_hostile", "/compare?ids=asset_hostile")


def shown(client: FlaskClient, path: str) -> BeautifulSoup:
    """Return a page as a browser parses it."""
    return BeautifulSoup(client.get(path, follow_redirects=True).data, "html.parser")


def serve(api: FakeAPI, asset: dict[str, Any]) -> None:
    """Return this asset for every request."""
    api.always(page(asset))
    api.always(answer({"asset": asset}), on="/v1/assets/asset_hostile")
    api.always(answer({"assets": [asset]}), on="/v1/assets/get-bulk")
    named = [{"id": "c", "name": asset["description"], "itemCount": 1}]
    api.always(answer({"collections": named}), on="/v1/collections")
    api.always(answer({"tags": [{"tagName": asset["description"]}]}), on="/v1/tags")
    api.always(answer({"models": named}), on="/v1/models")


@pytest.mark.parametrize("path", PAGES)
def test_text_stays_text(client: FlaskClient, api: FakeAPI, path: str) -> None:
    """Texts of an asset are shown and never run."""
    for text in BREAKOUTS:
        serve(api, hostile(text))
        soup = shown(client, path)
        assert foreign(soup) == []
        assert "49" not in soup.title.get_text()  # type: ignore[union-attr]


@pytest.mark.parametrize("path", PAGES)
def test_addresses_that_are_programs(client: FlaskClient, api: FakeAPI, path: str) -> None:
    """No link, image or form has a URL that is no web address."""
    for address in ADDRESSES:
        serve(api, hostile("a name", address))
        assert foreign(shown(client, path)) == []


@pytest.mark.parametrize("path", ["/assets/asset_hostile/image", "/assets/asset_hostile/download"])
def test_redirects_to_programs(client: FlaskClient, api: FakeAPI, path: str) -> None:
    """No redirect leads to a URL that is no web address."""
    for address in ADDRESSES:
        serve(api, hostile("a name", address))
        api.always(answer({"url": address}), on="/v1/assets/asset_hostile/download")
        assert "Location" not in client.get(path).headers


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_errors_stay_text(client: FlaskClient, api: FakeAPI, status: int) -> None:
    """The API's text of an error is escaped."""
    for text in BREAKOUTS:
        api.always(refusal(status, text, text))
        soup = shown(client, "/?query=a")
        assert soup.select_one(".failure") is not None
        assert foreign(soup) == []
