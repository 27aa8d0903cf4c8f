"""What a link shows where people sign in: nothing, unless the settings open it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from tests.support.scenario_api import make_app_with_cdn

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI

LINK = "/?query=castle&kind=image"
PICTURE = "/search.png?query=castle&kind=image"


def anonymous_client(api: FakeAPI, folder: Path, previews: str) -> FlaskClient:
    """Return a client that has not signed in."""
    return make_app_with_cdn(api, folder, auth="password", previews=previews).test_client()


def shown(client: FlaskClient) -> dict[str, str]:
    """Return the Open Graph tags behind the link."""
    response = client.get(LINK, follow_redirects=True)
    found = BeautifulSoup(response.data, "html.parser")
    tags = found.find_all("meta", property=True)
    return {str(tag["property"]): str(tag["content"]) for tag in tags}


@pytest.mark.parametrize("previews", ["auto", "off"])
def test_nothing_is_shown_without_sign_in(api: FakeAPI, tmp_path: Path, previews: str) -> None:
    """Not even the words of the search, and no picture is drawn."""
    client = anonymous_client(api, tmp_path, previews)
    assert shown(client) == {}
    assert client.get(PICTURE).status_code in {303, 401}
    assert api.requests == []


def test_an_opened_preview_is_shown(api: FakeAPI, tmp_path: Path) -> None:
    """As text and as a contact sheet; only the sheet needs a request to the API."""
    client = anonymous_client(api, tmp_path, "on")
    found = shown(client)
    assert api.requests == []
    assert found["og:title"] == "castle · images"
    assert found["og:url"] == f"http://localhost{LINK}"
    assert found["og:image"] == f"http://localhost{PICTURE}"
    assert client.get(PICTURE).mimetype == "image/png"


@pytest.mark.parametrize(
    "path",
    ["/search.csv", "/search.atom", "/search.json", "/selection.png?id=asset_1", "/code"],
)
def test_an_opened_preview_opens_nothing_else(api: FakeAPI, tmp_path: Path, path: str) -> None:
    """More needs a sign-in."""
    client = anonymous_client(api, tmp_path, "on")
    assert client.get(path).status_code in {303, 401}
    assert api.requests == []
