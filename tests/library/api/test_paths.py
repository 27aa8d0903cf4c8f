"""The path of a file: returned with its asset, searched with low weight, never absolute."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from library import create_library
from library.home import KeyPair
from library.schema.documents import Embeddings, SourceFile
from library.store.index import Index
from tests.support import sample_documents
from tests.support.library_api import PAIR, search

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

FILES = (
    ("/mnt/art", "photos/Old Inn/IMG_0042.JPG", "image/jpeg", "IMG_0042"),
    ("/mnt/art", "Items/goldCoin.png", "image/png", "goldCoin"),
    ("/mnt/art", "scan.tif", "image/tiff", "scan"),
)


def _library(home: Path, files: Any = FILES) -> FlaskClient:
    found = [
        sample_documents.document(
            name,
            id=sample_documents.asset_id(f"{root}/{path}"),
            mimeType=mime,
            source=SourceFile(root=root, path=path, size=1, mtime_ns=1, sha256="0"),
        )
        for root, path, mime, name in files
    ]
    with closing(Index.open(home, create=True)) as index:
        index.write([(document, Embeddings()) for document in found])
    return create_library(
        home, key_pair=KeyPair("key", "secret"), models=sample_documents.Tastes()
    ).test_client()


def _hits(client: FlaskClient, **body: Any) -> list[dict[str, Any]]:
    answer = search(client, **body).get_json()["hits"]
    assert isinstance(answer, list)
    return answer


def _paths(client: FlaskClient, **body: Any) -> list[str]:
    return sorted(hit["metadata"]["path"] for hit in _hits(client, **body))


def test_each_response_with_an_asset_has_its_path(tmp_path: Path) -> None:
    client = _library(tmp_path)
    (hit,) = _hits(client, filter="name = scan")
    alone = client.get(f"/v1/assets/{hit['id']}", headers={"Authorization": PAIR}).get_json()
    many = client.post(
        "/v1/assets/get-bulk", json={"assetIds": [hit["id"]]}, headers={"Authorization": PAIR}
    ).get_json()
    paths = [asset["metadata"]["path"] for asset in (hit, alone["asset"], *many["assets"])]
    assert paths == ["scan.tif"] * 3


def test_the_path_has_the_name_of_the_folder_where_several_are_indexed(tmp_path: Path) -> None:
    client = _library(tmp_path, [*FILES, ("/mnt/more/renders", "scan.tif", "image/tiff", "scan")])
    assert _paths(client, filter="name = scan") == ["art/scan.tif", "renders/scan.tif"]


def test_invalid_characters_of_a_path_are_replaced(tmp_path: Path) -> None:
    client = _library(tmp_path, [("/mnt/art", "b\udcff/a.png", "image/png", "a")])
    assert _paths(client, query="png") == ["b\ufffd/a.png"]


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("photos", ["photos/Old Inn/IMG_0042.JPG"]),  # a word that is no tag
        ("old inn", ["photos/Old Inn/IMG_0042.JPG"]),
        ("jpg", ["photos/Old Inn/IMG_0042.JPG"]),
        ("jpeg", ["photos/Old Inn/IMG_0042.JPG"]),
        (".png", ["Items/goldCoin.png"]),
        ("tif", ["scan.tif"]),
        ("tiff", ["scan.tif"]),
        ("mnt", []),  # above the folder
        ("art", []),
    ],
)
def test_folders_and_formats_are_searched(query: str, paths: list[str], tmp_path: Path) -> None:
    assert _paths(_library(tmp_path), query=query) == paths


def test_a_name_scores_more_than_a_folder(tmp_path: Path) -> None:
    client = _library(
        tmp_path,
        [("/art", "photos/a.png", "image/png", "a"), ("/art", "b.png", "image/png", "photos")],
    )
    assert [hit["metadata"]["path"] for hit in _hits(client, query="photos")] == [
        "b.png",
        "photos/a.png",
    ]


def test_a_word_of_a_folder_does_not_match_as_a_seed(tmp_path: Path) -> None:
    client = _library(tmp_path, [("/art", "1000/a.png", "image/png", "a")])
    assert _paths(client, query="1000") == ["1000/a.png"]
    assert _paths(client, filter="seed:1000") == []
