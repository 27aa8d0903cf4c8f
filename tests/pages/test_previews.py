"""What a link shows where people sign in: nothing, unless the settings open it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from tests.pages.handed import make_app

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.pages.wire import Wire

LINK = "/?query=castle&kind=image"
PICTURE = "/search.png?query=castle&kind=image"


def stranger(wire: Wire, folder: Path, previews: str) -> FlaskClient:
    """Somebody who has not signed in."""
    return make_app(wire, folder, auth="password", previews=previews).test_client()


def shown(client: FlaskClient) -> dict[str, str]:
    """What a messenger finds that follows the link."""
    response = client.get(LINK, follow_redirects=True)
    found = BeautifulSoup(response.data, "html.parser")
    tags = found.find_all("meta", property=True)
    return {str(tag["property"]): str(tag["content"]) for tag in tags}


@pytest.mark.parametrize("previews", ["auto", "off"])
def test_nothing_is_shown_to_strangers(wire: Wire, tmp_path: Path, previews: str) -> None:
    """Not even the words of the search, and no picture is drawn."""
    client = stranger(wire, tmp_path, previews)
    assert shown(client) == {}
    assert client.get(PICTURE).status_code in {303, 401}
    assert wire.requests == []


def test_an_opened_preview_is_shown(wire: Wire, tmp_path: Path) -> None:
    """In words and as a contact sheet; the API is asked for the picture alone."""
    client = stranger(wire, tmp_path, "on")
    found = shown(client)
    assert wire.requests == []
    assert found["og:title"] == "castle · images"
    assert found["og:url"] == f"http://localhost{LINK}"
    assert found["og:image"] == f"http://localhost{PICTURE}"
    assert client.get(PICTURE).mimetype == "image/png"


@pytest.mark.parametrize(
    "path",
    ["/search.csv", "/search.atom", "/search.json", "/selection.png?id=asset_1", "/code"],
)
def test_an_opened_preview_opens_nothing_else(wire: Wire, tmp_path: Path, path: str) -> None:
    """Whoever wants more signs in."""
    client = stranger(wire, tmp_path, "on")
    assert client.get(path).status_code in {303, 401}
    assert wire.requests == []
