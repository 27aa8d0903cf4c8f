"""3D models: supported formats, origins of files, and the fallback for other formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from tests.faults.synthetic import hit
from tests.support.scenario_api import (
    CDN,
    HOST,
    Reply,
    answer,
    asset_id,
    make_app_with_cdn,
    refusal,
)

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI

MODEL = asset_id(3)
GLB = b"glTF and so on"


@pytest.fixture
def app(api: FakeAPI, tmp_path: Path) -> Flask:
    """An application that can also fetch files from the fake CDN."""
    api.always(Reply(200, GLB, {"content-type": "text/html"}), on=f"/assets/{MODEL}")
    return make_app_with_cdn(api, tmp_path)


def stored_as(api: FakeAPI, mime: str) -> dict[str, Any]:
    """Let the model be of a type."""
    found = hit(3, cdn=CDN) | {"mimeType": mime}
    api.always(answer({"asset": found}), on=f"/v1/assets/{MODEL}")
    api.next(answer({"asset": found}), on=f"/v1/assets/{MODEL}")
    api.next(answer({"url": found["url"]}), on=f"/v1/assets/{MODEL}/download")
    return found


def viewer(client: FlaskClient) -> dict[str, Any]:
    """Return the attributes of the viewer."""
    found = BeautifulSoup(client.get(f"/assets/{MODEL}/viewer").data, "html.parser")
    told = found.find("model-viewer")
    assert told
    return dict(told.attrs)  # type: ignore[union-attr]


def test_a_viewer_asks_the_file_itself_and_then_akin(client: FlaskClient) -> None:
    """The CDN may not let a page read its files."""
    told = viewer(client)
    assert told["src"].startswith(f"{CDN}/assets/{MODEL}?")
    assert told["data-retry-url"] == f"/assets/{MODEL}/model"


def test_other_formats_than_gltf_are_requested_from_akin(client: FlaskClient, api: FakeAPI) -> None:
    """Which lets the API convert it."""
    stored_as(api, "model/fbx")
    assert viewer(client)["src"] == f"/assets/{MODEL}/model"


def test_akin_hands_the_model_through(client: FlaskClient, api: FakeAPI) -> None:
    """As what it is, whatever the CDN calls it, and as nothing that could run here."""
    response = client.get(f"/assets/{MODEL}/model")
    assert (response.status_code, response.data) == (200, GLB)
    response.close()
    assert response.mimetype == "model/gltf-binary"
    assert response.content_length == len(GLB)
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert "authorization" not in api.received(f"/assets/{MODEL}")[-1].headers


def test_other_files_than_models_are_not_proxied(client: FlaskClient) -> None:
    """The server fetches nothing else for a viewer."""
    assert client.get(f"/assets/{asset_id(16)}/model").status_code == 404


def test_a_model_that_cannot_be_fetched_is_an_error(client: FlaskClient, api: FakeAPI) -> None:
    """With its status, so that the viewer shows the picture."""
    api.always(Reply(403, b"no"), on=f"/assets/{MODEL}")
    assert client.get(f"/assets/{MODEL}/model").status_code == 404
    api.always(refusal(500, "Internal error"), on=f"/v1/assets/{MODEL}/download")
    assert client.get(f"/assets/{MODEL}/model").status_code in {404, 502}


def test_the_library_converts_no_model_and_the_page_says_so(api: FakeAPI, tmp_path: Path) -> None:
    """Its drawing is shown, and the file offered."""
    client = make_app_with_cdn(api, tmp_path, mounts={"/library": HOST}).test_client()
    stored_as(api, "model/obj")
    shown = BeautifulSoup(client.get(f"/assets/{MODEL}").data, "html.parser")
    assert shown.find("iframe") is None
    stage = shown.select_one(".media-view .hint")
    assert stage is not None
    assert "model/obj cannot be shown in the 3D viewer" in stage.get_text()
    files = [link.get_text(" ", strip=True) for link in shown.select(".downloads li a")]
    assert [each.split()[0] for each in files] == ["Original"]
    assert client.get(f"/assets/{MODEL}/model").status_code == 404
