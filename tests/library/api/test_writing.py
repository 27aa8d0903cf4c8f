"""The calls that write: tags, collections, fields of assets."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from library import create_library
from library.formats.metadata import xmp
from library.home import KeyPair
from library.schema.documents import Collection
from tests.support import sample_documents
from tests.support.decisions import asset, send
from tests.support.library_api import search
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

pytestmark = pytest.mark.usefixtures("every_store")

CASTLE, SHIP, FILED = (sample_documents.asset_id(name) for name in ("castle", "ship", "filed"))
RED = sample_documents.COLOURS["red"]
FOLDER = "collection_0123456789abcdef"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    items = [
        (sample_documents.document("castle", tags=("Stone", "old"), description="of a king"), RED),
        (sample_documents.document("ship", nsfw=("suspected",)), RED),
        (
            sample_documents.document(
                "filed",
                collectionIds=(FOLDER,),
                metadata={"rating": "4", "label": "Red", "author": "Ann"},
            ),
            RED,
        ),
    ]
    sample_documents.library(tmp_path, items, [Collection(id=FOLDER, name="Folder")]).close()
    return tmp_path


def _client(home: Path, write: str = "all") -> FlaskClient:
    pair = KeyPair("key", "secret")
    models = sample_documents.Tastes()
    return create_library(home, key_pair=pair, models=models, write=write).test_client()


@pytest.fixture
def browser(home: Path) -> FlaskClient:
    return _client(home)


def test_decisions_are_written_to_sidecars_in_the_background(tmp_path: Path) -> None:
    folder = tmp_path / "art"
    folder.mkdir()
    (folder / "castle.png").write_bytes(sample_documents.picture(RED))
    castle = sample_documents.document("castle")
    source = replace(castle.source, root=str(folder))
    home = tmp_path / "home"
    sample_documents.library(home, [(replace(castle, source=source), RED)]).close()
    library = create_library(
        home,
        key_pair=KeyPair("key", "secret"),
        models=sample_documents.Tastes(),
        write="tags",
        sidecars="xmp",
    )
    browser = library.test_client()
    assert send(browser, "PUT", f"/assets/{CASTLE}/tags", {"add": ["moat"]}).status_code == 200
    sidecar = folder / "castle.png.xmp"
    eventually(sidecar.exists)
    assert xmp.fields(sidecar.read_bytes()) == {"tags": ("moat",)}


def _found(browser: FlaskClient, **body: Any) -> set[str]:
    answer = search(browser, **body)
    assert answer.status_code == 200, answer.data
    assert answer.json
    return {hit["id"] for hit in answer.json["hits"]}


def _tags(browser: FlaskClient, asset_id: str, **body: Any) -> Any:
    answer = send(browser, "PUT", f"/assets/{asset_id}/tags", body)
    assert answer.status_code == 200, answer.data
    return answer.json


TAGS = [
    "a, b",
    "it's \"quoted\" \\ and 'single'",
    "🐉 dragon",
    "x" * 500,
    "rating:4",
    "Straße",
    "城",
    "100%_*",
    "<script>",
    "-- ; DROP TABLE decisions",
]


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_is_shown_filtered_counted_and_searched_at_once(
    browser: FlaskClient, tag: str
) -> None:
    assert _tags(browser, SHIP, add=[tag]) == {"added": [tag], "deleted": []}
    assert asset(browser, SHIP)["tags"] == [tag]
    quoted = '"' + tag.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert _found(browser, filter=f"tags = {quoted}") == {SHIP}
    facets = search(browser, filter="kind = image", facets=["tags"]).json
    assert facets
    assert facets["facetDistribution"]["tags"][tag] == 1
    listed = send(browser, "GET", "/tags").json
    assert listed
    assert tag in [each["tagName"] for each in listed["tags"]]
    assert _tags(browser, SHIP, delete=[tag]) == {"added": [], "deleted": [tag]}
    assert asset(browser, SHIP)["tags"] == []
    assert _found(browser, filter=f"tags = {quoted}") == set()


def test_a_tag_is_found_by_its_words(browser: FlaskClient) -> None:
    _tags(browser, SHIP, add=["zeppelin hangar"])
    assert _found(browser, query="zeppelin") == {SHIP}


def test_without_strict_tags_are_idempotent(browser: FlaskClient) -> None:
    assert _tags(browser, CASTLE, add=["STONE", "new", "New "], delete=["none"]) == {
        "added": ["new"],
        "deleted": [],
    }
    assert asset(browser, CASTLE)["tags"] == ["Stone", "old", "new"]
    assert _tags(browser, CASTLE, add=["new"]) == {"added": [], "deleted": []}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"add": ["stone"], "strict": True}, "'stone'"),
        ({"delete": ["none", "old"], "strict": True}, "'none'"),
        ({"add": ["a"], "delete": ["A"]}, "both"),
        ({"add": [" "]}, "empty"),
        ({"add": ["x" * 501]}, "500 characters"),
        ({"add": ["a\nb"]}, "character"),
        ({"add": ["a\x00b"]}, "character"),
        ({"add": "a"}, "add"),
        ({"tags": ["a"]}, "tags"),
        ({"add": [f"tag {n}" for n in range(1001)]}, "1000"),
    ],
)
def test_a_wrong_change_of_tags_is_refused_whole(
    browser: FlaskClient, body: dict[str, Any], message: str
) -> None:
    answer = send(browser, "PUT", f"/assets/{CASTLE}/tags", body)
    assert answer.status_code == 400
    assert answer.json
    assert message in answer.json["error"]
    assert asset(browser, CASTLE)["tags"] == ["Stone", "old"]


def test_a_derived_tag_is_removed_and_restored(browser: FlaskClient) -> None:
    assert _tags(browser, CASTLE, delete=["stone"]) == {"added": [], "deleted": ["Stone"]}
    assert asset(browser, CASTLE)["tags"] == ["old"]
    _tags(browser, CASTLE, add=["stone"])
    assert asset(browser, CASTLE)["tags"] == ["Stone", "old"]


def test_fields_are_shown_filtered_and_sorted(browser: FlaskClient) -> None:
    body = {"name": "Keep", "description": "two\nlines", "rating": 5, "label": "pick"}
    answer = send(browser, "PUT", f"/assets/{CASTLE}", body)
    assert answer.status_code == 200
    assert answer.json
    assert answer.json["asset"] == asset(browser, CASTLE)
    shown = asset(browser, CASTLE)
    assert shown["description"] == "two\nlines"
    assert {name: shown["metadata"][name] for name in ("name", "rating", "label")} == {
        "name": "Keep",
        "rating": 5,
        "label": "pick",
    }
    assert _found(browser, filter="rating >= 5 AND label = pick AND name = keep") == {CASTLE}
    assert _found(browser, filter="rating NOT EXISTS") == {SHIP}
    assert _found(browser, query="lines") == {CASTLE}
    for order, expected in (
        ("rating:desc", [CASTLE, FILED, SHIP]),
        ("rating:asc", [FILED, CASTLE, SHIP]),
        ("label:asc", [CASTLE, FILED, SHIP]),
        ("label:desc", [FILED, CASTLE, SHIP]),
    ):
        hits = search(browser, filter="kind = image", sortBy=[order]).json
        assert hits
        assert [hit["id"] for hit in hits["hits"]] == expected, order


def test_null_shows_again_what_the_file_states(browser: FlaskClient) -> None:
    before = asset(browser, FILED)
    assert (before["metadata"]["rating"], before["metadata"]["label"]) == (4, "Red")
    body = {"name": "b", "description": "c", "rating": 0, "label": "", "nsfw": ["gore"]}
    send(browser, "PUT", f"/assets/{FILED}", body)
    shown = asset(browser, FILED)
    assert shown["nsfw"] == ["gore"]
    assert shown["metadata"]["rating"] == 0
    assert "label" not in shown["metadata"]
    send(browser, "PUT", f"/assets/{FILED}", dict.fromkeys(body))
    assert asset(browser, FILED) == before


def test_what_is_marked_by_hand_wins_over_a_classifier(browser: FlaskClient) -> None:
    send(browser, "PUT", f"/assets/{SHIP}", {"nsfw": []})
    assert asset(browser, SHIP)["nsfw"] == []
    assert SHIP in _found(browser, filter="nsfw IS EMPTY")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": 5},
        {"rating": 6},
        {"rating": -1},
        {"rating": 1.5},
        {"rating": True},
        {"label": "maybe"},
        {"nsfw": "x"},
        {"canvas": "{}"},
        {"name": "a\nb"},
        {"name": "x" * 1001},
    ],
)
def test_wrong_fields_are_refused_whole(browser: FlaskClient, body: dict[str, Any]) -> None:
    before = asset(browser, CASTLE)
    answer = send(
        browser, "PUT", f"/assets/{CASTLE}", {"description": "new"} | body if body else body
    )
    assert answer.status_code == 400, answer.data
    assert asset(browser, CASTLE) == before


def _collection(browser: FlaskClient, name: str = "Best of") -> str:
    answer = send(browser, "POST", "/collections", {"name": name})
    assert answer.status_code == 200, answer.data
    assert answer.json
    return str(answer.json["collection"]["id"])


def _listed(browser: FlaskClient) -> dict[str, int]:
    answer = send(browser, "GET", "/collections").json
    assert answer
    return {each["name"]: each["itemCount"] for each in answer["collections"]}


def test_a_collection_from_beginning_to_end(browser: FlaskClient) -> None:
    made = _collection(browser)
    assert _listed(browser) == {"Best of": 0, "Folder": 1}
    answer = send(browser, "PUT", f"/collections/{made}/assets", {"assetIds": [CASTLE, SHIP]})
    assert answer.json
    assert answer.json["collection"]["itemCount"] == 2
    assert asset(browser, CASTLE)["collectionIds"] == [made]
    assert _found(browser, filter=f"collectionIds = {made}") == {CASTLE, SHIP}
    send(browser, "PUT", f"/collections/{made}", {"name": "Beste", "thumbnail": SHIP})
    answer = send(browser, "GET", f"/collections/{made}")
    assert answer.json
    assert answer.json["collection"]["thumbnail"]["assetId"] == SHIP
    assert _listed(browser) == {"Beste": 2, "Folder": 1}
    send(browser, "DELETE", f"/collections/{made}/assets", {"assetIds": [SHIP, FILED, "asset_x"]})
    assert _found(browser, filter=f"collectionIds = {made}") == {CASTLE}
    assert send(browser, "DELETE", f"/collections/{made}").status_code == 200
    assert _listed(browser) == {"Folder": 1}
    assert asset(browser, CASTLE)["collectionIds"] == []
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", {"name": "x"}),
        ("DELETE", "", None),
        ("PUT", "/assets", {"assetIds": [CASTLE]}),
        ("DELETE", "/assets", {"assetIds": [CASTLE]}),
    ):
        assert send(browser, method, f"/collections/{made}{path}", body).status_code == 404


def test_the_collection_of_a_folder_can_be_changed_as_well(browser: FlaskClient) -> None:
    send(browser, "PUT", f"/collections/{FOLDER}", {"name": "Renamed"})
    send(browser, "PUT", f"/collections/{FOLDER}/assets", {"assetIds": [SHIP]})
    assert _listed(browser) == {"Renamed": 2}
    send(browser, "DELETE", f"/collections/{FOLDER}/assets", {"assetIds": [FILED]})
    assert _found(browser, filter=f"collectionIds = {FOLDER}") == {SHIP}
    send(browser, "DELETE", f"/collections/{FOLDER}")
    assert _listed(browser) == {}
    assert asset(browser, SHIP)["collectionIds"] == []


@pytest.mark.parametrize(
    ("ids", "status", "message"),
    [
        ([CASTLE, SHIP], 400, CASTLE),  # one is in it
        ([SHIP, "asset_gone"], 404, "asset_gone"),
        ([f"asset_{n}" for n in range(50)], 400, "49"),
    ],
)
def test_adding_to_a_collection_is_refused_whole(
    browser: FlaskClient, ids: list[str], status: int, message: str
) -> None:
    made = _collection(browser)
    send(browser, "PUT", f"/collections/{made}/assets", {"assetIds": [CASTLE]})
    answer = send(browser, "PUT", f"/collections/{made}/assets", {"assetIds": ids})
    assert answer.status_code == status
    assert answer.json
    assert message in answer.json["error"]
    assert _found(browser, filter=f"collectionIds = {made}") == {CASTLE}


def test_a_thumbnail_must_exist_and_null_unsets_it(browser: FlaskClient) -> None:
    path = f"/collections/{FOLDER}"
    assert send(browser, "PUT", path, {"thumbnail": "asset_gone"}).status_code == 404
    send(browser, "PUT", path, {"thumbnail": SHIP})
    answer = send(browser, "PUT", path, {"thumbnail": None})
    assert answer.json
    assert answer.json["collection"]["thumbnail"]["assetId"] == FILED


def test_unknown_assets_are_not_found(browser: FlaskClient) -> None:
    for path, body in (("/tags", {"add": ["a"]}), ("", {"rating": 1})):
        answer = send(browser, "PUT", f"/assets/asset_gone{path}", body)
        assert answer.status_code == 404
        assert answer.json
        assert "asset_gone" in answer.json["error"]


CALLS: list[tuple[str, str, Any, str]] = [
    ("PUT", f"/assets/{CASTLE}/tags", {"add": ["a"]}, "tags"),
    ("PUT", f"/assets/{CASTLE}", {"rating": 3, "label": "reject"}, "tags"),
    ("PUT", f"/assets/{CASTLE}", {"rating": 3, "name": "x"}, "all"),
    ("PUT", f"/assets/{CASTLE}", {"nsfw": []}, "all"),
    ("POST", "/collections", {"name": "x"}, "all"),
    ("PUT", f"/collections/{FOLDER}", {"name": "x"}, "all"),
    ("PUT", f"/collections/{FOLDER}/assets", {"assetIds": [SHIP]}, "all"),
    ("DELETE", f"/collections/{FOLDER}/assets", {"assetIds": [FILED]}, "all"),
    ("DELETE", f"/collections/{FOLDER}", None, "all"),
]


@pytest.mark.sqlite
@pytest.mark.parametrize("mode", ["off", "tags", "all"])
def test_what_may_be_written_is_a_setting(home: Path, mode: str) -> None:
    browser = _client(home, mode)
    for method, path, body, least in CALLS:
        answer = send(browser, method, path, body)
        allowed = mode in {"all", least}
        assert answer.status_code == (200 if allowed else 403), (path, answer.data)
        if not allowed:
            assert answer.json
            assert "AKIN_WRITE" in answer.json["error"]
            assert answer.json["code"] == "FORBIDDEN"
    assert (home / "decisions.sqlite").exists() == (mode != "off")


@pytest.mark.sqlite
def test_who_decided_and_when_is_stored(browser: FlaskClient, home: Path) -> None:
    _tags(browser, CASTLE, add=["a"])
    body = {"add": ["b"]}
    send(browser, "PUT", f"/assets/{CASTLE}/tags", body, user="J%C3%BCrgen%20%E5%9F%8E")
    with sqlite3.connect(home / "decisions.sqlite") as connection:
        rows = connection.execute("SELECT item, by, at > 1700000000000 FROM decisions").fetchall()
    assert sorted(rows) == [("a", "key", 1), ("b", "Jürgen 城", 1)]


def test_concurrent_writers_lose_nothing(home: Path) -> None:
    browsers = [_client(home), _client(home)]  # two servers on one library

    def work(number: int) -> None:
        browser = browsers[number % 2].application.test_client()
        _tags(browser, CASTLE, add=[f"tag {number}"])
        assert f"tag {number}" in asset(browser, CASTLE)["tags"]

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(24)))
    expected = {"Stone", "old", *(f"tag {number}" for number in range(24))}
    assert [set(asset(each, CASTLE)["tags"]) for each in browsers] == [expected, expected]


@pytest.mark.sqlite
def test_a_store_that_cannot_be_written_refuses_and_changes_nothing(
    browser: FlaskClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from library.store.backends import own_file

    _tags(browser, CASTLE, add=["kept"])
    monkeypatch.setattr(own_file, "WAIT", 0)
    with sqlite3.connect(home / "decisions.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = send(browser, "PUT", f"/assets/{CASTLE}/tags", {"add": ["lost"]})
        assert answer.status_code == 503
        assert answer.json
        assert "was not stored" in answer.json["error"]
        other.execute("ROLLBACK")
    assert asset(browser, CASTLE)["tags"] == ["Stone", "old", "kept"]


@pytest.mark.sqlite
def test_a_full_disk_refuses_the_whole_change(browser: FlaskClient) -> None:
    _tags(browser, CASTLE, add=["kept"])

    def full(connection: sqlite3.Connection, _record: object) -> None:
        file = connection.execute("PRAGMA database_list").fetchone()[2]
        if file.endswith("decisions.sqlite"):
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own "disk is full"

    sa.event.listen(sa.Engine, "connect", full)
    body = {"add": [f"{n} {'x' * 400}" for n in range(100)], "delete": ["old"]}
    try:
        answer = send(browser, "PUT", f"/assets/{CASTLE}/tags", body)
    finally:
        sa.event.remove(sa.Engine, "connect", full)
    assert answer.status_code == 503
    assert answer.json
    assert "disk" in answer.json["error"]
    assert asset(browser, CASTLE)["tags"] == ["Stone", "old", "kept"]
    assert _tags(browser, CASTLE, **body)["deleted"] == ["old"]


def test_a_change_that_is_stored_and_cannot_be_shown_says_so_and_is_shown_later(
    browser: FlaskClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from library.api import writing
    from library.errors import IndexUnusable

    def fails(_index: object) -> None:
        raise IndexUnusable("full")

    with monkeypatch.context() as patch:
        patch.setattr(writing, "follow", fails)
        answer = send(browser, "PUT", f"/assets/{CASTLE}/tags", {"add": ["late"]})
    assert answer.status_code == 503
    assert answer.json
    assert "is stored" in answer.json["error"]
    assert asset(browser, CASTLE)["tags"] == ["Stone", "old"]
    assert asset(_client(home), CASTLE)["tags"] == ["Stone", "old", "late"]
