"""Where a file is on the disk: told with its asset, searched with low weight, never absolute."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from library import create_library
from library.documents import Embeddings, SourceFile
from library.homes import KeyPair
from library.index import Index
from tests.library import engine_samples as samples
from tests.library.test_api import PAIR, search

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
        samples.document(
            name,
            id=samples.asset_id(f"{root}/{path}"),
            mimeType=mime,
            source=SourceFile(root=root, path=path, size=1, mtime_ns=1, sha256="0"),
        )
        for root, path, mime, name in files
    ]
    with closing(Index.open(home, create=True)) as index:
        index.write([(document, Embeddings()) for document in found])
    return create_library(
        home, key_pair=KeyPair("key", "secret"), models=samples.Tastes()
    ).test_client()


def _hits(client: FlaskClient, **body: Any) -> list[dict[str, Any]]:
    answer = search(client, **body).get_json()["hits"]
    assert isinstance(answer, list)
    return answer


def _paths(client: FlaskClient, **body: Any) -> list[str]:
    return sorted(hit["metadata"]["path"] for hit in _hits(client, **body))


def test_every_answer_with_an_asset_tells_its_path(tmp_path: Path) -> None:
    client = _library(tmp_path)
    (hit,) = _hits(client, filter="name = scan")
    alone = client.get(f"/v1/assets/{hit['id']}", headers={"Authorization": PAIR}).get_json()
    many = client.post(
        "/v1/assets/get-bulk", json={"assetIds": [hit["id"]]}, headers={"Authorization": PAIR}
    ).get_json()
    told = [found["metadata"]["path"] for found in (hit, alone["asset"], *many["assets"])]
    assert told == ["scan.tif"] * 3


def test_the_folder_s_name_is_told_where_several_are_indexed(tmp_path: Path) -> None:
    client = _library(tmp_path, [*FILES, ("/mnt/more/renders", "scan.tif", "image/tiff", "scan")])
    assert _paths(client, filter="name = scan") == ["art/scan.tif", "renders/scan.tif"]


def test_a_path_that_is_no_text_is_told_readably(tmp_path: Path) -> None:
    client = _library(tmp_path, [("/mnt/art", "b\udcff/a.png", "image/png", "a")])
    assert _paths(client, query="png") == ["b\ufffd/a.png"]


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("photos", ["photos/Old Inn/IMG_0042.JPG"]),  # a word that makes no tag
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
def test_folders_and_formats_are_words(query: str, paths: list[str], tmp_path: Path) -> None:
    assert _paths(_library(tmp_path), query=query) == paths


def test_a_name_weighs_more_than_a_folder(tmp_path: Path) -> None:
    client = _library(
        tmp_path,
        [("/art", "photos/a.png", "image/png", "a"), ("/art", "b.png", "image/png", "photos")],
    )
    assert [hit["metadata"]["path"] for hit in _hits(client, query="photos")] == [
        "b.png",
        "photos/a.png",
    ]


def test_a_folder_s_word_is_no_seed(tmp_path: Path) -> None:
    client = _library(tmp_path, [("/art", "1000/a.png", "image/png", "a")])
    assert _paths(client, query="1000") == ["1000/a.png"]
    assert _paths(client, filter="seed:1000") == []
