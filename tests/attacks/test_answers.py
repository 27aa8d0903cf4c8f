"""An API, or somebody who can write into its library, that attacks those who look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup, Tag

from tests.pages.wire import CDN, Wire, answer, page, refusal

if TYPE_CHECKING:
    from flask.testing import FlaskClient

BREAKOUTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "{{ 7*7 }}{% include 'x' %}",
    "javascript:alert(1)",
    "</textarea><script>alert(1)</script>",
    "-->\u2028<script>alert(1)</script>",
)
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
    """An asset in which every text that its author chooses is `text`, and every URL `address`."""
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
    """A page as a browser reads it."""
    return BeautifulSoup(client.get(path, follow_redirects=True).data, "html.parser")


def serve(wire: Wire, asset: dict[str, Any]) -> None:
    """Answer every question with this asset."""
    wire.always(page(asset))
    wire.always(answer({"asset": asset}), on="/v1/assets/asset_hostile")
    wire.always(answer({"assets": [asset]}), on="/v1/assets/get-bulk")
    named = [{"id": "c", "name": asset["description"], "itemCount": 1}]
    wire.always(answer({"collections": named}), on="/v1/collections")
    wire.always(answer({"tags": [{"tagName": asset["description"]}]}), on="/v1/tags")
    wire.always(answer({"models": named}), on="/v1/models")


def foreign(soup: BeautifulSoup) -> list[str]:
    """What is in a page that no template has put there."""
    found = [str(tag) for tag in soup.find_all("script") if not str(tag.get("src")).startswith("/")]
    for tag in soup.find_all(True):
        assert isinstance(tag, Tag)
        found += [f"{tag.name} {name}" for name in tag.attrs if name.startswith("on")]
        for name in ("href", "src", "action", "formaction", "poster", "srcset"):
            scheme = urlsplit(str(tag.get(name, "")).strip()).scheme.lower()
            if scheme not in {"", "http", "https"}:
                found.append(f"{tag.name} {name}={tag[name]}")
    return found


@pytest.mark.parametrize("path", PAGES)
def test_text_stays_text(client: FlaskClient, wire: Wire, path: str) -> None:
    """Whatever an asset is called, it is read and never run."""
    for text in BREAKOUTS:
        serve(wire, hostile(text))
        soup = shown(client, path)
        assert foreign(soup) == []
        assert "49" not in soup.title.get_text()  # type: ignore[union-attr]


@pytest.mark.parametrize("path", PAGES)
def test_addresses_that_are_programs(client: FlaskClient, wire: Wire, path: str) -> None:
    """No link, picture or form leads to what is no web address."""
    for address in ADDRESSES:
        serve(wire, hostile("a name", address))
        assert foreign(shown(client, path)) == []


@pytest.mark.parametrize("path", ["/assets/asset_hostile/image", "/assets/asset_hostile/download"])
def test_redirects_to_programs(client: FlaskClient, wire: Wire, path: str) -> None:
    """Nor does a redirect."""
    for address in ADDRESSES:
        serve(wire, hostile("a name", address))
        wire.always(answer({"url": address}), on="/v1/assets/asset_hostile/download")
        assert "Location" not in client.get(path).headers


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_errors_stay_text(client: FlaskClient, wire: Wire, status: int) -> None:
    """What an API says of an error is quoted."""
    for text in BREAKOUTS:
        wire.always(refusal(status, text, text))
        soup = shown(client, "/?query=a")
        assert soup.select_one(".failure") is not None
        assert foreign(soup) == []
