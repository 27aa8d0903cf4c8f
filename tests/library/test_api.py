"""The routes over HTTP: authentication, limits, and the JSON of what goes wrong."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from library import create_library
from library.api import BODY_MOST
from library.documents import Collection, SourceFile
from library.errors import IndexMissing
from library.homes import KeyPair
from tests.library import engine_samples as samples

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

PAIR = "Basic " + base64.b64encode(b"key:secret").decode()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of a library of three pictures."""
    home = tmp_path_factory.mktemp("home")
    items = [
        (samples.document(f"{colour} tile", tags=(colour,)), samples.COLOURS[colour])
        for colour in ("red", "green", "blue")
    ]
    samples.library(home, items).close()
    library = create_library(
        home, key_pair=KeyPair("key", "secret"), public_url="/library", models=samples.Tastes()
    )
    return library.test_client()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of a library whose files are there: a picture, a sound, a model, an odd one."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("art")
    files = {
        "red.png": ("image", "image/png"),
        "drum.mp3": ("audio", "audio/mpeg"),
        "tree.glb": ("3d", "model/gltf-binary"),
        "tree.FBX": ("3d", "application/octet-stream"),
    }
    items = []
    for name, (kind, mime) in files.items():
        (folder / name).write_bytes(samples.picture(samples.COLOURS["red"]))
        source = SourceFile(root=str(folder), path=name, size=4, mtime_ns=1, sha256="0" * 64)
        values = {"kind": kind, "mimeType": mime, "source": source, "modelId": "model_x"}
        places = ("collection_a", "collection_b", "collection_c")
        document = samples.document(name, tags=("a", "b", "c"), collectionIds=places, **values)
        items.append((document, samples.COLOURS["red"] if kind == "image" else None))
    names = [Collection(id=f"collection_{each}", name=f"Folder {each}") for each in "abc"]
    samples.library(home, items, names).close()
    library = create_library(
        home, key_pair=KeyPair("key", "secret"), public_url="/library", models=samples.Tastes()
    )
    return library.test_client()


def get(browser: FlaskClient, path: str) -> Any:
    """The JSON of a call that succeeds."""
    answer = browser.get(f"/v1{path}", headers={"Authorization": PAIR})
    assert answer.status_code == 200
    return answer.json


def post(browser: FlaskClient, path: str, **body: Any) -> TestResponse:
    return browser.post(f"/v1{path}", json=body, headers={"Authorization": PAIR})


def search(browser: FlaskClient, path: str = "", **body: Any) -> TestResponse:
    return browser.post(f"/v1/search/assets{path}", json=body, headers={"Authorization": PAIR})


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"key").decode(),
        "Basic " + base64.b64encode(b"key:secret2").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        PAIR.replace("Basic", "Bearer"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/tags", "/v1/assets/asset_x", "/v1/collections"])
def test_without_the_key_pair_everything_is_401(
    browser: FlaskClient, path: str, header: str | None
) -> None:
    answer = browser.get(path, headers={} if header is None else {"Authorization": header})
    assert answer.status_code == 401
    assert answer.json == {
        "error": "The key pair is missing or wrong (HTTP Basic, key:secret)",
        "code": "UNAUTHORIZED",
    }
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_the_two_paginations_answer_in_their_own_shapes(browser: FlaskClient) -> None:
    counted = search(browser, query="tile", limit=2).json
    numbered = search(browser, query="tile", page=2, hitsPerPage=2).json
    assert {key: counted[key] for key in counted if key != "hits"} == {
        "offset": 0,
        "limit": 2,
        "estimatedTotalHits": 3,
    }
    assert {key: numbered[key] for key in numbered if key != "hits"} == {
        "page": 2,
        "hitsPerPage": 2,
        "totalHits": 3,
        "totalPages": 2,
    }
    assert [len(counted["hits"]), len(numbered["hits"])] == [2, 1]


def test_a_page_past_the_end_is_empty_and_keeps_the_counts(browser: FlaskClient) -> None:
    found = search(browser, query="tile", page=9, hitsPerPage=10).json
    assert found == {"hits": [], "page": 9, "hitsPerPage": 10, "totalHits": 3, "totalPages": 1}


def test_a_picture_is_shown_transformable_unless_the_original_is_asked_for(
    browser: FlaskClient,
) -> None:
    plain = search(browser, query="red").json["hits"][0]["url"]
    original = search(browser, "?originalAssets=true", query="red").json["hits"][0]["url"]
    assert plain.startswith("/library/assets-transform/asset_")
    assert original.startswith("/library/assets/asset_")


def test_facets_and_scores_are_answered_when_asked_for_and_only_then(
    browser: FlaskClient,
) -> None:
    plain = search(browser, query="tile").json
    rich = search(browser, query="tile", facets=["tags", "width"], showRankingScore=True).json
    assert set(rich) - set(plain) == {"facetDistribution", "facetStats"}
    assert rich["facetDistribution"] == {
        "tags": {"blue": 1, "green": 1, "red": 1},
        "width": {"64": 3},
    }
    assert rich["facetStats"] == {"width": {"min": 64.0, "max": 64.0}}
    assert [hit.pop("_rankingScore") for hit in rich["hits"]] == [1.0, 1.0, 1.0]
    assert rich["hits"] == plain["hits"]


def test_a_filter_error_names_its_column(browser: FlaskClient) -> None:
    answer = search(browser, filter="kind = image AND id = asset_x")
    assert answer.status_code == 400
    assert answer.json["column"] == 18
    assert answer.json["error"].startswith('"id" is not a filterable field')


def test_an_unknown_reference_is_404(browser: FlaskClient) -> None:
    answer = search(browser, image="asset_nowhere")
    assert (answer.status_code, answer.json["code"]) == (404, "NOT_FOUND")
    assert "asset_nowhere" in answer.json["error"]


@pytest.mark.parametrize("payload", ["AAAA", "", base64.b64encode(b"<svg/>").decode()])
def test_a_data_url_that_is_no_picture_is_400(browser: FlaskClient, payload: str) -> None:
    answer = search(browser, image=f"data:image/png;base64,{payload}")
    assert answer.status_code == 400
    assert answer.json["error"].startswith("The image ")


def test_a_body_over_the_limit_is_413(browser: FlaskClient) -> None:
    answer = search(browser, image="data:image/png;base64," + "A" * BODY_MOST)
    assert answer.status_code == 413
    assert answer.json == {
        "error": "The body is larger than 32 MB; send a smaller image",
        "code": "PAYLOAD_TOO_LARGE",
    }


def test_a_picture_of_a_billion_pixels_is_refused(tmp_path: Path) -> None:
    from library.models import Models

    content = samples.picture(samples.COLOURS["red"])
    header = b"IHDR" + struct.pack(">II", 40_000, 25_000) + content[24:29]
    content = content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]
    with pytest.raises(ValueError, match=r"pixels|large"):
        Models.load(tmp_path).decode(content)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/search/assets", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/v1/nowhere", 404, "NOT_FOUND"),
        ("GET", "/v1/tags?pageSize=0", 400, "BAD_REQUEST"),
        ("GET", "/v1/tags?pageSize=101", 400, "BAD_REQUEST"),
        ("GET", "/v1/tags?paginationToken=x", 400, "BAD_REQUEST"),
        ("GET", "/v1/collections?paginationToken=WyJhIl0=", 400, "BAD_REQUEST"),
        ("GET", "/v1/assets/asset_nowhere?withEmbedding=2", 400, "BAD_REQUEST"),
        ("GET", "/v1/assets/asset_nowhere?originalAssets=x", 400, "BAD_REQUEST"),
        ("GET", "/v1/assets/asset_nowhere", 404, "NOT_FOUND"),
        ("POST", "/v1/assets/asset_nowhere/download", 404, "NOT_FOUND"),
    ],
)
def test_everything_that_goes_wrong_is_json(
    browser: FlaskClient, method: str, path: str, status: int, code: str
) -> None:
    answer = browser.open(path, method=method, headers={"Authorization": PAIR})
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert set(answer.json) == {"error", "code"}
    assert "WWW-Authenticate" not in answer.headers


def test_a_method_that_is_not_taken_is_answered_with_those_that_are(browser: FlaskClient) -> None:
    answer = browser.get("/v1/search/assets", headers={"Authorization": PAIR})
    assert sorted(answer.headers["Allow"].split(", ")) == ["OPTIONS", "POST"]
    assert answer.mimetype == "application/json"


@pytest.mark.parametrize(
    ("path", "name", "found"),
    [
        ("/tags", "tagName", ["a", "b", "c"]),
        ("/collections", "id", ["collection_a", "collection_b", "collection_c"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_listing_is_read_page_by_page_to_its_end(
    served: FlaskClient, path: str, name: str, found: list[str], size: int
) -> None:
    read: list[str] = []
    token = ""
    while True:
        page = get(served, f"{path}?pageSize={size}{token}")
        listed = page[path.removeprefix("/")]
        read += [each[name] for each in listed]
        assert len(listed) == min(size, len(found) - len(read) + len(listed))
        assert [each["itemCount"] for each in listed] == [4] * len(listed)
        if "nextPaginationToken" not in page:
            break
        token = f"&paginationToken={page['nextPaginationToken']}"
    assert read == found


def test_an_asset_has_its_embedding_and_its_original_where_they_are_asked_for(
    served: FlaskClient,
) -> None:
    path = f"/assets/{samples.asset_id('red.png')}"
    plain = get(served, path)["asset"]
    assert "embedding" not in plain
    assert plain["url"].startswith("/library/assets-transform/")
    with_embedding = get(served, f"{path}?withEmbedding=true")["asset"]
    assert len(with_embedding.pop("embedding")) > 0
    assert with_embedding == plain
    original = get(served, f"{path}?originalAssets=true")["asset"]
    assert original["url"].startswith("/library/assets/")


def test_assets_in_bulk_come_in_the_order_asked_for_once_each(served: FlaskClient) -> None:
    ids = [samples.asset_id(name) for name in ("tree.glb", "red.png", "drum.mp3")]
    asked = [ids[0], "asset_nowhere", ids[1], ids[0], ids[2]]
    answer = post(served, "/assets/get-bulk", assetIds=asked)
    assert [each["id"] for each in answer.json["assets"]] == ids
    assert answer.json["assets"][1] == get(served, f"/assets/{ids[1]}")["asset"]
    answer = post(served, "/assets/get-bulk?originalAssets=true", assetIds=[ids[1]])
    assert answer.json["assets"][0]["url"].startswith("/library/assets/")


def test_models_in_bulk_are_those_that_files_were_made_with(served: FlaskClient) -> None:
    found = post(served, "/models/get-bulk", modelIds=["model_x", "nothing", "model_x"]).json
    assert [each["id"] for each in found["models"]] == ["model_x"]


@pytest.mark.parametrize("what", ["asset", "model"])
def test_a_bulk_call_over_its_limit_is_refused_whole(served: FlaskClient, what: str) -> None:
    ids = [f"{what}_{number}" for number in range(201)]
    taken = post(served, f"/{what}s/get-bulk", **{f"{what}Ids": ids[:200]})
    assert (taken.status_code, taken.json) == (200, {f"{what}s": []})
    refused = post(served, f"/{what}s/get-bulk", **{f"{what}Ids": ids})
    assert (refused.status_code, refused.json["code"]) == (400, "BAD_REQUEST")
    assert refused.json["error"] == f"`{what}Ids` may have 200 entries at most, not 201"


@pytest.mark.parametrize(
    ("name", "wanted", "mime", "place"),
    [
        ("red.png", "", "image/png", "assets"),
        ("red.png", "png", "image/png", "assets"),
        ("red.png", "jpg", "image/jpeg", "assets-transform"),
        ("red.png", "jpeg", "image/jpeg", "assets-transform"),
        ("red.png", "webp", "image/webp", "assets-transform"),
        ("red.png", "avif", "image/avif", "assets-transform"),
        ("drum.mp3", "", "audio/mpeg", "assets"),
        ("drum.mp3", "mp3", "audio/mpeg", "assets"),
        ("drum.mp3", "mpeg", "audio/mpeg", "assets"),
        ("tree.glb", "glb", "model/gltf-binary", "assets"),
        ("tree.FBX", "fbx", "application/octet-stream", "assets"),
    ],
)
def test_a_download_is_what_was_asked_for(
    served: FlaskClient, name: str, wanted: str, mime: str, place: str
) -> None:
    body = {"targetFormat": wanted} if wanted else {}
    found = post(served, f"/assets/{samples.asset_id(name)}/download", **body).json
    assert (found["mimeType"], found["url"].split("/")[2]) == (mime, place)
    with served.get(found["url"].removeprefix("/library")) as file:
        assert (file.status_code, file.mimetype) == (200, mime)
        assert file.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("name", "wanted", "says"),
    [
        ("red.png", "gif", "can be had as png, jpeg, jpg, webp, avif, not as 'gif'"),
        ("drum.mp3", "png", "can be had as mp3, not as 'png'"),
        ("tree.FBX", "glb", "can be had as fbx, not as 'glb'"),
    ],
)
def test_a_download_in_another_format_says_which_there_are(
    served: FlaskClient, name: str, wanted: str, says: str
) -> None:
    path = f"/assets/{samples.asset_id(name)}/download"
    answer = post(served, path, targetFormat=wanted)
    assert (answer.status_code, answer.json["code"]) == (400, "BAD_REQUEST")
    assert answer.json["error"] == f"`targetFormat`: this asset {says}"


def test_a_file_that_is_gone_is_410(browser: FlaskClient) -> None:
    """The index knows the asset; its file was never there."""
    (hit,) = search(browser, query="red").json["hits"]
    path = f"/v1/assets/{hit['id']}/download"
    answer = browser.post(path, json={}, headers={"Authorization": PAIR})
    assert (answer.status_code, answer.json["code"]) == (410, "FILE_GONE")


def test_a_folder_without_a_library_says_so(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="python -m library index"):
        create_library(tmp_path, models=samples.Tastes())
