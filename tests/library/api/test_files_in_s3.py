"""Originals and transforms of a library in S3: ranges, signatures, and only what was indexed."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from library import create_library
from library.folders import Folder
from library.home import KeyPair
from library.ingest.indexer import Indexer
from library.store.index import Index
from tests.support import sample_documents, sample_files
from tests.support.indexing import RecordedProgress
from tests.support.library_api import PAIR, search

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from library.embedding.models import Models
    from tests.support.s3 import S3Server

CONTENT = sample_files.png("navy", (300, 200))


@pytest.fixture
def client(s3: S3Server, tmp_path: Path, models: Models) -> FlaskClient:
    s3.put({"art/ships/brig.png": CONTENT, "art/secret.exe": b"MZ", "other.png": CONTENT})
    with closing(Index.open(tmp_path / "home", create=True)) as index:
        indexer = Indexer(tmp_path / "home", index, models, RecordedProgress())
        indexer.run([Folder.parse("s3://studio/art")])
    s3.requests()
    return create_library(
        tmp_path / "home", key_pair=KeyPair("key", "secret"), models=sample_documents.Tastes()
    ).test_client()


def _hit(client: FlaskClient) -> dict[str, Any]:
    (hit,) = search(client, filter="kind = image").get_json()["hits"]
    return dict(hit)


def _original(client: FlaskClient) -> str:
    path = f"/v1/assets/{_hit(client)['id']}/download"
    answer = client.post(path, json={}, headers={"Authorization": PAIR})
    return str(answer.get_json()["url"])


def test_an_original_is_sent_whole_and_in_ranges(client: FlaskClient) -> None:
    url = _original(client)
    whole = client.get(url)
    assert (whole.status_code, whole.data, whole.mimetype) == (200, CONTENT, "image/png")
    assert whole.headers["Cache-Control"].endswith("immutable")
    assert "brig.png" in whole.headers["Content-Disposition"]
    part = client.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, CONTENT[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(CONTENT)}"
    assert client.get(url, headers={"Range": "bytes=99999999-"}).status_code == 416
    again = client.get(url, headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.head(url).headers["Content-Length"] == str(len(CONTENT))


def test_a_picture_is_resized(client: FlaskClient) -> None:
    response = client.get(f"{_hit(client)['url']}&width=30&format=png")
    assert (response.status_code, response.mimetype) == (200, "image/png")
    assert response.headers["Cache-Control"].endswith("immutable")


def test_an_object_that_has_changed_is_not_cached(s3: S3Server, client: FlaskClient) -> None:
    url = _original(client)
    s3.put({"art/ships/brig.png": CONTENT + b"more"})
    response = client.get(url)
    assert response.data == CONTENT + b"more"
    assert "no-cache" in response.headers["Cache-Control"]


def test_only_what_was_indexed_is_sent(s3: S3Server, client: FlaskClient) -> None:
    url = urlsplit(_original(client))
    s3.requests()
    for asset in ("asset_none", "secret.exe", "..%2Fother.png", "../other.png"):
        assert client.get(f"/assets/{asset}?{url.query}").status_code in {403, 404}
    assert client.get(url.path).status_code == 403
    assert s3.requests() == []


def test_an_object_that_is_gone_is_not_found(s3: S3Server, client: FlaskClient) -> None:
    url = _original(client)
    s3.delete("art/ships/brig.png")
    assert client.get(url).status_code == 404


def test_while_s3_is_down_thumbnails_are_there(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, hit = _original(client), _hit(client)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    response = client.get(url)
    assert (response.status_code, response.get_json()["code"]) == (503, "BUSY")
    assert response.headers["Retry-After"]
    for picture in (hit["thumbnail"]["url"], f"{hit['url']}&width=16&format=png"):
        assert client.get(picture).status_code == 200
    path = f"/v1/library/files/{hit['id']}"
    assert client.get(path, headers={"Authorization": PAIR}).get_json() == {
        "path": "s3://studio/art/ships/brig.png"
    }
