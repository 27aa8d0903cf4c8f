"""3D models: what a viewer can show, from where, and what stands in where it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from tests.faults.synthetic import hit
from tests.pages.handed import make_app
from tests.pages.wire import CDN, HOST, Reply, answer, asset_id, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.pages.wire import Wire

MODEL = asset_id(3)
GLB = b"glTF and so on"


@pytest.fixture
def app(wire: Wire, tmp_path: Path) -> Flask:
    """An application that can fetch from the pretended CDN, too."""
    wire.always(Reply(200, GLB, {"content-type": "text/html"}), on=f"/assets/{MODEL}")
    return make_app(wire, tmp_path)


def stored_as(wire: Wire, mime: str) -> dict[str, Any]:
    """Let the model be of a type."""
    found = hit(3, cdn=CDN) | {"mimeType": mime}
    wire.always(answer({"asset": found}), on=f"/v1/assets/{MODEL}")
    wire.next(answer({"asset": found}), on=f"/v1/assets/{MODEL}")
    wire.next(answer({"url": found["url"]}), on=f"/v1/assets/{MODEL}/download")
    return found


def viewer(client: FlaskClient) -> dict[str, Any]:
    """What the viewer is told."""
    found = BeautifulSoup(client.get(f"/assets/{MODEL}/viewer").data, "html.parser")
    told = found.find("model-viewer")
    assert told
    return dict(told.attrs)  # type: ignore[union-attr]


def test_a_viewer_asks_the_file_itself_and_then_akin(client: FlaskClient) -> None:
    """The CDN may not let a page read its files."""
    told = viewer(client)
    assert told["src"].startswith(f"{CDN}/assets/{MODEL}?")
    assert told["data-again"] == f"/assets/{MODEL}/model"


def test_what_is_no_gltf_is_asked_of_akin_at_once(client: FlaskClient, wire: Wire) -> None:
    """Which lets the API convert it."""
    stored_as(wire, "model/fbx")
    assert viewer(client)["src"] == f"/assets/{MODEL}/model"


def test_akin_hands_the_model_through(client: FlaskClient, wire: Wire) -> None:
    """As what it is, whatever the CDN calls it, and as nothing that could run here."""
    response = client.get(f"/assets/{MODEL}/model")
    assert (response.status_code, response.data) == (200, GLB)
    response.close()
    assert response.mimetype == "model/gltf-binary"
    assert response.content_length == len(GLB)
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert "authorization" not in wire.asked(f"/assets/{MODEL}")[-1].headers


def test_what_is_no_model_is_not_handed_through(client: FlaskClient) -> None:
    """The server fetches nothing else for a viewer."""
    assert client.get(f"/assets/{asset_id(16)}/model").status_code == 404


def test_a_model_that_cannot_be_fetched_is_an_error(client: FlaskClient, wire: Wire) -> None:
    """With its status, so that the viewer shows the picture."""
    wire.always(Reply(403, b"no"), on=f"/assets/{MODEL}")
    assert client.get(f"/assets/{MODEL}/model").status_code == 404
    wire.always(refusal(500, "Internal error"), on=f"/v1/assets/{MODEL}/download")
    assert client.get(f"/assets/{MODEL}/model").status_code in {404, 502}


def test_the_library_converts_no_model_and_the_page_says_so(wire: Wire, tmp_path: Path) -> None:
    """Its drawing is shown, and the file offered."""
    client = make_app(wire, tmp_path, mounts={"/library": HOST}).test_client()
    stored_as(wire, "model/obj")
    shown = BeautifulSoup(client.get(f"/assets/{MODEL}").data, "html.parser")
    assert shown.find("iframe") is None
    stage = shown.select_one(".stage .hint")
    assert stage is not None
    assert "model/obj is not converted here" in stage.get_text()
    files = [link.get_text(" ", strip=True) for link in shown.select(".downloads li a")]
    assert [each.split()[0] for each in files] == ["Original"]
    assert client.get(f"/assets/{MODEL}/model").status_code == 404
