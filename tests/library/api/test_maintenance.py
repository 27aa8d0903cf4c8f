"""What a library does not have is listed, and removed on request; folders are counted by level."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from library import create_library
from library.embedding.models import Models
from library.home import KeyPair
from library.ingest.exclusions import parse
from library.ingest.indexer import Indexer
from library.store.blobs import thumbnail_name
from library.store.index import Index
from tests.support import sample_documents, sample_files
from tests.support.indexing import RecordedProgress
from tests.support.library_api import PAIR, search

if TYPE_CHECKING:
    from flask.testing import FlaskClient


def _index(base: Path, models: Models, *folders: str, setting: str = "") -> None:
    with closing(Index.open(base / "home", create=True)) as index:
        excluded = parse(setting.split(), "AKIN_EXCLUDE")
        indexer = Indexer(base / "home", index, models, RecordedProgress(), excluded=excluded)
        indexer.run([base / folder for folder in folders])


def _client(base: Path) -> FlaskClient:
    return create_library(
        base / "home", key_pair=KeyPair("key", "secret"), models=sample_documents.Tastes()
    ).test_client()


def _get(client: FlaskClient, path: str) -> Any:
    return client.get(f"/v1{path}", headers={"Authorization": PAIR}).get_json()


def _all(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    """Return the problems of every page, two at a time."""
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        body = _get(client, f"/library/problems?pageSize=2{query}&paginationToken={token}")
        assert len(body["problems"]) <= 2
        found += body["problems"]
        token = body.get("nextPaginationToken", "")
        if not token:
            return found


def test_every_file_that_is_not_searchable_is_listed(tmp_path: Path, models: Models) -> None:
    sample_files.fill(
        tmp_path,
        {
            "art/good.png": sample_files.png(),
            "art/sub/cut.png": sample_files.png()[:40],
            "art/sub/lies.png": b"PK\x03\x04 and more",
            "art/sub/empty.jpg": b"",
            "art/tools/a.exe": b"MZ\x00",
            "art/tools/b.exe": b"MZ\x00",
            "art/tools/c.dll": b"MZ\x00",
            "art/@eaDir/x.png": b"x",
            "art/.hidden": b"x",
            "art/raw/a.bak": b"x",
        },
    )
    _index(tmp_path, models, "art", setting="*.bak")
    client = _client(tmp_path)
    found = _all(client)
    rows = {
        (e["category"], e["folder"], e["kind"], e["reason"], e["fileCount"], *e["names"])
        for e in found
    }
    assert {
        ("skipped", "sub", ".png", "is no PNG: its content is something else", 1, "lies.png"),
        ("skipped", "sub", ".jpg", "is empty", 1, "empty.jpg"),
        ("other", "tools", ".exe", "is of no known kind", 2, "a.exe", "b.exe"),
        ("other", "tools", ".dll", "is of no known kind", 1, "c.dll"),
        ("ignored", "", "folder", "junk of the system or of another program", 1, "@eaDir"),
        ("ignored", "", "", "hidden", 1, ".hidden"),
        ("ignored", "raw", ".bak", "excluded by AKIN_EXCLUDE", 1, "a.bak"),
    } <= rows
    (damaged,) = (each for each in found if each["category"] == "damaged")
    assert (damaged["folder"], damaged["kind"], damaged["names"]) == ("sub", "image", ["cut.png"])
    assert damaged["reason"]
    assert _get(client, f"/assets/{damaged['assetId']}")["asset"]["id"] == damaged["assetId"]
    assert [e["category"] for e in _all(client, "&category=other")] == ["other", "other"]
    assert _get(client, "/library") == {
        "assetCount": 2,
        "roots": [{"name": "art", "assetCount": 2, "missingCount": 0}],
        "problems": {
            "skipped": 2,
            "damaged": 1,
            "missing": 0,
            "unwritten": 0,
            "other": 3,
            "ignored": 3,
        },
    }
    # Of a later run, what is solved is gone.
    shutil.rmtree(tmp_path / "art/tools")
    _index(tmp_path, models, "art", setting="*.bak")
    assert "other" not in {each["category"] for each in _all(client)}


def test_a_wrong_category_or_token_is_refused(tmp_path: Path, models: Models) -> None:
    sample_files.fill(tmp_path, {"art/a.png": sample_files.png()})
    _index(tmp_path, models, "art")
    client = _client(tmp_path)
    assert "`category` must be one of" in _get(client, "/library/problems?category=x")["error"]
    assert "paginationToken" in _get(client, "/library/problems?paginationToken=x")["error"]
    assert client.get("/v1/library").status_code == 401
    assert client.post("/v1/library/prune").status_code == 401


def test_missing_assets_are_marked_searched_and_removed_on_request(
    tmp_path: Path, models: Models
) -> None:
    files = {f"two/{n}.png": sample_files.png(size=(20, 20 + n)) for n in range(3)}
    sample_files.fill(tmp_path, {"one/a.png": sample_files.png("navy"), **files})
    _index(tmp_path, models, "one", "two")
    (tmp_path / "two").rename(tmp_path / "away")
    _index(tmp_path, models, "one", "two")
    client = _client(tmp_path)
    hits = search(client, filter="kind = image").get_json()["hits"]
    missing = {h["metadata"]["path"]: h["metadata"].get("missing") for h in hits}
    assert missing == {"one/a.png": None} | dict.fromkeys(files, "its folder is not there")
    gone = next(hit for hit in hits if hit["metadata"].get("missing"))
    for url in (gone["thumbnail"]["url"], f"{gone['url']}&width=16&format=png"):
        response = client.get(url)
        assert response.status_code == 200
        assert response.mimetype.startswith("image/")
    assert [e["names"] for e in _all(client, "&category=missing")] == [["0.png"], ["1.png"],
                                                                      ["2.png"]]  # fmt: skip
    # One is back before the button is pressed, without a run of the indexer.
    (tmp_path / "two").mkdir()
    shutil.copy(tmp_path / "away/0.png", tmp_path / "two/0.png")
    headers = {"Authorization": PAIR}
    lock = FileLock(tmp_path / "home/index.lock")
    with lock:
        answer = client.post("/v1/library/prune", headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "BUSY")
    assert client.post("/v1/library/prune", headers=headers).get_json() == {"removed": 2}
    kept = search(client, filter="kind = image").get_json()["hits"]
    assert {hit["metadata"]["path"] for hit in kept} == {"one/a.png", "two/0.png"}
    assert _all(client, "&category=missing") == []
    removed = [h["id"] for h in hits if h["metadata"]["path"] in {"two/1.png", "two/2.png"}]
    assert not any((tmp_path / "home" / thumbnail_name(asset)).exists() for asset in removed)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, models: Models) -> FlaskClient:
    base = tmp_path_factory.mktemp("tree")
    names = ("top", "a/1", "a/b/2", "a/b/3", "a/B c/4", "a/b/d/e/5", "ab/6", "Žár/ü/7")
    sample_files.fill(
        base / "art",
        {f"{n}.png": sample_files.png(size=(20 + i, 20)) for i, n in enumerate(names)},
    )
    _index(base, models, "art")
    return _client(base)


def _found(client: FlaskClient, condition: str) -> set[str]:
    hits = search(client, filter=condition).get_json()["hits"]
    return {hit["metadata"]["path"].removesuffix(".png") for hit in hits}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('path = "a"', {"a/1", "a/b/2", "a/b/3", "a/B c/4", "a/b/d/e/5"}),
        ('path = "a/b"', {"a/b/2", "a/b/3", "a/b/d/e/5"}),
        ('path = "a/b/"', {"a/b/2", "a/b/3", "a/b/d/e/5"}),
        ('path STARTS WITH "a/b/"', {"a/b/2", "a/b/3", "a/b/d/e/5"}),
        ('path = "A/B C"', {"a/B c/4"}),
        ('path IN ["ab", "Žár/ü"]', {"ab/6", "Žár/ü/7"}),
        ('path = "Z\u030ca\u0301r"', {"Žár/ü/7"}),
        ("path IS EMPTY", {"top"}),
        ('NOT path = "a" AND path IS NOT EMPTY', {"ab/6", "Žár/ü/7"}),
        ('path = "b"', set()),
    ],
)
def test_a_filter_on_a_folder_means_everything_below(
    tree: FlaskClient, condition: str, expected: set[str]
) -> None:
    assert _found(tree, condition) == expected


def test_folders_are_counted_by_level(tree: FlaskClient) -> None:
    body = search(tree, filter="kind = image", folders=["", "a", "a/b/d", "nowhere"]).get_json()
    levels = {
        level: [(f["path"], f["hits"], f["hasFolders"]) for f in found["folders"]]
        for level, found in body["folderDistribution"].items()
    }
    assert levels == {
        "": [("a", 5, True), ("ab", 1, False), ("Žár", 1, True)],
        "a": [("a/b", 3, True), ("a/B c", 1, False)],
        "a/b/d": [("a/b/d/e", 1, False)],
        "nowhere": [],
    }


def test_the_folders_of_a_chosen_one_are_counted_with_the_others(tree: FlaskClient) -> None:
    """As other facets: under the filter without the folder."""
    body = search(
        tree,
        filter='path = "ab" AND kind = image',
        folders=[""],
        facetFilters={"path": "kind = image"},
    ).get_json()
    assert [f["path"] for f in body["folderDistribution"][""]["folders"]] == ["a", "ab", "Žár"]
    assert len(body["hits"]) == 1
    refused = search(tree, filter="kind = image", folders=["x"] * 51)
    assert "`folders` may name 50" in refused.get_json()["error"]


def test_a_hit_has_the_path_of_its_file_and_no_list_of_folders(tree: FlaskClient) -> None:
    (hit,) = search(tree, filter='path = "ab"').get_json()["hits"]
    assert hit["metadata"]["path"] == "ab/6.png"
    assert "path" not in hit


def test_the_progress_of_the_second_pass(tmp_path: Path, models: Models) -> None:
    """Of the parts that are on; a picture counts once for each asset that has it."""
    same = sample_files.png("navy")
    files = {"art/a.png": same, "art/b.png": same, "art/c.png": sample_files.png("olive")}
    sample_files.fill(tmp_path, {**files, "art/note.txt": b"words"})
    _index(tmp_path, models, "art")
    client = _client(tmp_path)
    assert "secondPass" not in _get(client, "/library")
    with closing(Index.open(tmp_path / "home")) as index:
        index.set_parts({"text": "1"})
        assert _get(client, "/library")["secondPass"] == [
            {"name": "text", "doneCount": 0, "assetCount": 3}
        ]
        sha256 = hashlib.sha256(same).hexdigest()
        index.add_findings("text", "1", {sha256: {"text": "Closed on Mondays"}})
    body = _get(client, "/library")
    assert body["secondPass"] == [{"name": "text", "doneCount": 2, "assetCount": 3}]
    found = search(client, query="mondays", querySemanticRatio=0).get_json()["hits"]
    assert {hit["metadata"]["name"] for hit in found} == {"a", "b"}
    assert {hit["metadata"]["text"] for hit in found} == {"Closed on Mondays"}
    assert [hit["metadata"]["automatic"] for hit in found] == [["text"], ["text"]]
    filtered = search(client, filter='text CONTAINS "closed on"').get_json()["hits"]
    assert len(filtered) == 2
