"""The routes over HTTP: authentication, limits, and errors as JSON."""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from library import create_library
from library.api.routes import BODY_MOST
from library.errors import IndexMissing
from library.home import KeyPair
from library.schema.documents import Collection, SourceFile
from library.store import groups
from tests.support import sample_documents
from tests.support.library_api import PAIR, search

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of a library of three images."""
    home = tmp_path_factory.mktemp("home")
    items = [
        (
            sample_documents.document(f"{colour} tile", tags=(colour,)),
            sample_documents.COLOURS[colour],
        )
        for colour in ("red", "green", "blue")
    ]
    sample_documents.library(home, items).close()
    library = create_library(
        home,
        key_pair=KeyPair("key", "secret"),
        public_url="/library",
        models=sample_documents.Tastes(),
    )
    return library.test_client()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of a library with files: an image, a sound, a model, and one of an odd type."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("art")
    files = {
        "red.png": ("image", "image/png"),
        "drum.mp3": ("audio", "audio/mpeg"),
        "tree.glb": ("3d", "model/gltf-binary"),
        "tree.FBX": ("3d", "application/octet-stream"),
    }
    items = []
    for name, (kind, mime) in files.items():
        (folder / name).write_bytes(sample_documents.picture(sample_documents.COLOURS["red"]))
        source = SourceFile(root=str(folder), path=name, size=4, mtime_ns=1, sha256="0" * 64)
        values = {"kind": kind, "mimeType": mime, "source": source, "modelId": "model_x"}
        values |= {"loras": ("ink", "wash"), "unread": "not shown"}
        places = ("collection_a", "collection_b", "collection_c")
        document = sample_documents.document(
            name, tags=("a", "b", "c"), collectionIds=places, **values
        )
        items.append((document, sample_documents.COLOURS["red"] if kind == "image" else None))
    names = [Collection(id=f"collection_{each}", name=f"Folder {each}") for each in "abc"]
    sample_documents.library(home, items, names).close()
    library = create_library(
        home,
        key_pair=KeyPair("key", "secret"),
        public_url="/library",
        models=sample_documents.Tastes(),
    )
    return library.test_client()


def get(browser: FlaskClient, path: str) -> Any:
    """Return the JSON of a successful request."""
    response = browser.get(f"/v1{path}", headers={"Authorization": PAIR})
    assert response.status_code == 200
    return response.get_json()


def post(browser: FlaskClient, path: str, **body: Any) -> TestResponse:
    return browser.post(f"/v1{path}", json=body, headers={"Authorization": PAIR})


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
def test_a_request_without_the_key_pair_is_401(
    browser: FlaskClient, path: str, header: str | None
) -> None:
    response = browser.get(path, headers={} if header is None else {"Authorization": header})
    assert response.status_code == 401
    assert response.get_json() == {
        "error": "The key pair is missing or wrong (HTTP Basic, key:secret)",
        "code": "UNAUTHORIZED",
    }
    assert response.headers["WWW-Authenticate"].startswith("Basic")


def test_both_kinds_of_pagination_have_their_fields(browser: FlaskClient) -> None:
    counted = search(browser, query="tile", limit=2).get_json()
    numbered = search(browser, query="tile", page=2, hitsPerPage=2).get_json()
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


def test_a_search_by_group_has_the_groups_and_both_counts(tmp_path: Path) -> None:
    names = [*(f"hero_v{number}" for number in range(1, 31)), "rock"]
    items = []
    for name in names:
        found = sample_documents.document(name, tags=("tile",))
        source = replace(found.source, path=f"{name}.png", sha256=name)
        items.append((replace(found, source=source), sample_documents.COLOURS["red"]))
    index = sample_documents.library(tmp_path, items)
    groups.regroup(index)
    index.close()
    client = create_library(
        tmp_path,
        key_pair=KeyPair("key", "secret"),
        public_url="/library",
        models=sample_documents.Tastes(),
    ).test_client()
    found = search(client, query="tile", page=1, hitsPerPage=5, groupBy="group").get_json()
    assert (found["totalHits"], found["totalPages"], found["totalAssets"]) == (2, 1, 31)
    group = next(hit["group"] for hit in found["hits"] if "group" in hit)
    newest = sample_documents.asset_id("hero_v30")
    assert (group["kind"], group["size"], len(group["members"])) == ("versions", 30, 24)
    assert group["members"][0] == {"assetId": newest, "label": "version 30"}
    whole = get(client, f"/assets/{newest}")["asset"]["group"]
    assert (whole["id"], len(whole["members"])) == (group["id"], 30)
    assert "group" not in get(client, f"/assets/{sample_documents.asset_id('rock')}")["asset"]
    plain = search(client, query="tile").get_json()
    assert "totalAssets" not in plain
    assert not any("group" in hit for hit in plain["hits"])
    assert search(client, query="tile", groupBy="folder").status_code == 400


def test_a_page_past_the_end_is_empty_and_has_the_counts(browser: FlaskClient) -> None:
    found = search(browser, query="tile", page=9, hitsPerPage=10).get_json()
    assert found == {"hits": [], "page": 9, "hitsPerPage": 10, "totalHits": 3, "totalPages": 1}


def test_an_image_has_a_transform_url_unless_the_original_is_requested(
    browser: FlaskClient,
) -> None:
    plain = search(browser, query="red").get_json()["hits"][0]["url"]
    original = search(browser, "?originalAssets=true", query="red").get_json()["hits"][0]["url"]
    assert plain.startswith("/library/assets-transform/asset_")
    assert original.startswith("/library/assets/asset_")


def test_facets_and_scores_are_returned_only_where_requested(
    browser: FlaskClient,
) -> None:
    plain = search(browser, query="tile").get_json()
    rich = search(browser, query="tile", facets=["tags", "width"], showRankingScore=True).get_json()
    assert set(rich) - set(plain) == {"facetDistribution", "facetStats"}
    assert rich["facetDistribution"] == {
        "tags": {"blue": 1, "green": 1, "red": 1},
        "width": {"64": 3},
    }
    assert rich["facetStats"] == {"width": {"min": 64.0, "max": 64.0}}
    assert [hit.pop("_rankingScore") for hit in rich["hits"]] == [1.0, 1.0, 1.0]
    assert rich["hits"] == plain["hits"]


def test_a_filter_error_has_its_column(browser: FlaskClient) -> None:
    response = search(browser, filter="kind = image AND id = asset_x")
    assert response.status_code == 400
    assert response.get_json()["column"] == 18
    assert response.get_json()["error"].startswith('"id" is not a filterable field')


def test_an_unknown_reference_is_404(browser: FlaskClient) -> None:
    response = search(browser, image="asset_nowhere")
    assert (response.status_code, response.get_json()["code"]) == (404, "NOT_FOUND")
    assert "asset_nowhere" in response.get_json()["error"]


@pytest.mark.parametrize("payload", ["AAAA", "", base64.b64encode(b"<svg/>").decode()])
def test_a_data_url_without_an_image_is_400(browser: FlaskClient, payload: str) -> None:
    response = search(browser, image=f"data:image/png;base64,{payload}")
    assert response.status_code == 400
    assert response.get_json()["error"].startswith("The image ")


def test_a_body_over_the_limit_is_413(browser: FlaskClient) -> None:
    response = search(browser, image="data:image/png;base64," + "A" * BODY_MOST)
    assert response.status_code == 413
    assert response.get_json() == {
        "error": "The body is larger than 32 MB; send a smaller image",
        "code": "PAYLOAD_TOO_LARGE",
    }


def test_an_image_of_a_billion_pixels_is_refused(tmp_path: Path) -> None:
    from library.embedding.models import Models

    content = sample_documents.picture(sample_documents.COLOURS["red"])
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
def test_errors_are_json(
    browser: FlaskClient, method: str, path: str, status: int, code: str
) -> None:
    response = browser.open(path, method=method, headers={"Authorization": PAIR})
    assert (response.status_code, response.get_json()["code"]) == (status, code)
    assert set(response.get_json()) == {"error", "code"}
    assert "WWW-Authenticate" not in response.headers


def test_a_wrong_method_is_answered_with_the_allowed_ones(browser: FlaskClient) -> None:
    response = browser.get("/v1/search/assets", headers={"Authorization": PAIR})
    assert sorted(response.headers["Allow"].split(", ")) == ["OPTIONS", "POST"]
    assert response.mimetype == "application/json"


@pytest.mark.parametrize(
    ("path", "name", "found"),
    [
        ("/tags", "tagName", ["a", "b", "c"]),
        ("/collections", "id", ["collection_a", "collection_b", "collection_c"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_all_pages_of_a_listing_are_returned(
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


def test_an_asset_has_embedding_and_original_where_requested(
    served: FlaskClient,
) -> None:
    path = f"/assets/{sample_documents.asset_id('red.png')}"
    plain = get(served, path)["asset"]
    assert "embedding" not in plain
    assert plain["url"].startswith("/library/assets-transform/")
    with_embedding = get(served, f"{path}?withEmbedding=true")["asset"]
    assert len(with_embedding.pop("embedding")) > 0
    assert with_embedding == plain
    original = get(served, f"{path}?originalAssets=true")["asset"]
    assert original["url"].startswith("/library/assets/")


def test_assets_in_bulk_have_the_requested_order_without_duplicates(served: FlaskClient) -> None:
    ids = [sample_documents.asset_id(name) for name in ("tree.glb", "red.png", "drum.mp3")]
    requested = [ids[0], "asset_nowhere", ids[1], ids[0], ids[2]]
    response = post(served, "/assets/get-bulk", assetIds=requested)
    assert [each["id"] for each in response.get_json()["assets"]] == ids
    assert response.get_json()["assets"][1] == get(served, f"/assets/{ids[1]}")["asset"]
    response = post(served, "/assets/get-bulk?originalAssets=true", assetIds=[ids[1]])
    assert response.get_json()["assets"][0]["url"].startswith("/library/assets/")


def test_an_asset_names_its_loras_and_no_unread_text(served: FlaskClient) -> None:
    asset = get(served, f"/assets/{sample_documents.asset_id('red.png')}")["asset"]
    assert asset["metadata"]["loras"] == ["ink", "wash"]
    assert "not shown" not in str(asset)


def test_models_in_bulk_are_those_of_assets(served: FlaskClient) -> None:
    found = post(served, "/models/get-bulk", modelIds=["model_x", "nothing", "model_x"]).get_json()
    assert [each["id"] for each in found["models"]] == ["model_x"]


@pytest.mark.parametrize("what", ["asset", "model"])
def test_a_bulk_request_over_the_limit_is_refused(served: FlaskClient, what: str) -> None:
    ids = [f"{what}_{number}" for number in range(201)]
    taken = post(served, f"/{what}s/get-bulk", **{f"{what}Ids": ids[:200]})
    assert (taken.status_code, taken.get_json()) == (200, {f"{what}s": []})
    refused = post(served, f"/{what}s/get-bulk", **{f"{what}Ids": ids})
    assert (refused.status_code, refused.get_json()["code"]) == (400, "BAD_REQUEST")
    assert refused.get_json()["error"] == f"`{what}Ids` may have 200 entries at most, not 201"


@pytest.mark.parametrize(
    ("name", "target", "mime", "route"),
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
def test_a_download_has_the_requested_format(
    served: FlaskClient, name: str, target: str, mime: str, route: str
) -> None:
    body = {"targetFormat": target} if target else {}
    found = post(served, f"/assets/{sample_documents.asset_id(name)}/download", **body).get_json()
    assert (found["mimeType"], found["url"].split("/")[2]) == (mime, route)
    with served.get(found["url"].removeprefix("/library")) as file:
        assert (file.status_code, file.mimetype) == (200, mime)
        assert file.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("name", "target", "message"),
    [
        ("red.png", "gif", "is available as png, jpeg, jpg, webp, avif, not as 'gif'"),
        ("drum.mp3", "png", "is available as mp3, not as 'png'"),
        ("tree.FBX", "glb", "is available as fbx, not as 'glb'"),
    ],
)
def test_a_download_in_an_unavailable_format_lists_the_formats(
    served: FlaskClient, name: str, target: str, message: str
) -> None:
    path = f"/assets/{sample_documents.asset_id(name)}/download"
    response = post(served, path, targetFormat=target)
    assert (response.status_code, response.get_json()["code"]) == (400, "BAD_REQUEST")
    assert response.get_json()["error"] == f"`targetFormat`: this asset {message}"


def test_a_missing_file_is_410(browser: FlaskClient) -> None:
    """The asset is indexed, but its file does not exist."""
    (hit,) = search(browser, query="red").get_json()["hits"]
    path = f"/v1/assets/{hit['id']}/download"
    response = browser.post(path, json={}, headers={"Authorization": PAIR})
    assert (response.status_code, response.get_json()["code"]) == (410, "FILE_GONE")


def test_a_folder_without_a_library_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="python -m library index"):
        create_library(tmp_path, models=sample_documents.Tastes())


def test_a_file_that_changes_under_its_id_changes_every_url_of_it(tmp_path: Path) -> None:
    """An id may come from a sidecar and stay while the content changes."""
    folder, home = tmp_path / "art", tmp_path / "home"
    folder.mkdir()
    (home / "thumbnails" / "on").mkdir(parents=True)
    named = [Collection(id="collection_a", name="Art")]

    def indexed(colour: str) -> FlaskClient:
        content = sample_documents.picture(sample_documents.COLOURS[colour])
        (folder / "one.png").write_bytes(content)
        status = (folder / "one.png").stat()
        source = SourceFile(
            root=str(folder),
            path="one.png",
            size=status.st_size,
            mtime_ns=status.st_mtime_ns,
            sha256=hashlib.sha256(content).hexdigest(),
        )
        document = sample_documents.document(
            "one", id="asset_one", source=source, collectionIds=("collection_a",)
        )
        sample_documents.library(
            home, [(document, sample_documents.COLOURS[colour])], named
        ).close()
        (home / "thumbnails" / "on" / "asset_one.webp").write_bytes(content)
        key_pair = KeyPair("key", "secret")
        return create_library(
            home, key_pair=key_pair, public_url="/library", models=sample_documents.Tastes()
        ).test_client()

    def urls(browser: FlaskClient) -> list[str]:
        asset = get(browser, "/assets/asset_one")["asset"]
        hit = search(browser, query="one").get_json()["hits"][0]
        download = [
            post(browser, "/assets/asset_one/download", targetFormat=form).get_json()["url"]
            for form in ("png", "webp")
        ]
        return [
            asset["url"] + "&greyscale=false&format=png",
            asset["originalFileUrl"],
            asset["preview"]["url"],
            hit["url"] + "&width=8&format=png",
            hit["thumbnail"]["url"],
            get(browser, "/collections")["collections"][0]["thumbnail"]["url"],
            *download,
        ]

    def colours(browser: FlaskClient, of: list[str]) -> set[Any]:
        seen = set()
        for url in of:
            with browser.get(url.removeprefix("/library")) as response:
                assert "immutable" in response.headers["Cache-Control"]
                with Image.open(io.BytesIO(response.data)) as image:
                    pixel: Any = image.convert("RGB").getpixel((4, 4))
            seen.add(tuple(round(value / 255) for value in pixel))
        return seen

    before = indexed("red")
    old = urls(before)
    assert colours(before, old) == {(1, 0, 0)}
    after = indexed("blue")
    new = urls(after)
    assert set(old) & set(new) == set()
    assert colours(after, new) == {(0, 0, 1)}
