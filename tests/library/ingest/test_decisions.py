"""What people decided stays with its file, whatever happens to the folder and the index."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from library.embedding.models import Models
from library.store.decisions import edits
from library.store.decisions.follow import follow
from library.store.index import Index
from tests.support import sample_files
from tests.support.indexing import IndexedFolder

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("every_store")


@pytest.fixture
def library(tmp_path: Path, models: Models) -> IndexedFolder:
    folder = sample_files.fill(
        tmp_path / "art",
        {
            "castles/keep.png": sample_files.png("tomato"),
            "castles/keep.txt": b"stone, moat, wall",
            "ships/brig.png": sample_files.png("navy"),
        },
    )
    library = IndexedFolder(folder, tmp_path / "home", models)
    library.index()
    return library


def _shown(library: IndexedFolder) -> dict[str, dict[str, Any]]:
    with closing(Index.open(library.home)) as index, index.reading() as connection:
        ids = [asset_id for _, asset_id in index.sources().values()]
        values = index.values(connection, index.numbers(connection, ids).values()).values()
    names = ("name", "tags", "collectionIds", "description", "nsfw", "rating", "label")
    return {each["id"]: {name: each[name] for name in names} for each in values}


def _decided(library: IndexedFolder) -> dict[str, dict[str, Any]]:
    """Decide something about both assets; return what is shown then."""
    ids = library.ids()
    keep, brig = ids["castles/keep.png"], ids["ships/brig.png"]
    with closing(Index.open(library.home)) as index:
        document = index.document(keep)
        assert document
        gone = ("castles", "moat")  # of the folder, and of the sidecar
        assert {*gone} <= {*document.tags}
        edits.edit_tags(index, keep, ["by hand"], gone, strict=True, by="Ann")
        values = {"name": "Brig", "rating": 4, "label": "pick", "nsfw": ["gore"]}
        edits.edit_values(index, brig, values, by="Ann")
        (folder,) = document.collectionIds
        edits.edit_collection(index, folder, {"name": "Forts"}, by="Ann")
        follow(index)
    return _shown(library)


def _index_deleted(library: IndexedFolder) -> None:
    for file in library.home.glob("library.sqlite*"):
        file.unlink()


def _moved(library: IndexedFolder) -> None:
    (library.folder / "castles").rename(library.folder / "forts")


def _edited(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {"ships/brig.png": sample_files.png("gold")})


def _read_anew(library: IndexedFolder) -> None:
    with closing(Index.open(library.home)) as index:
        index.set_meta("ingest", "0")


@pytest.mark.parametrize("what", [_index_deleted, _edited, _read_anew])
def test_decisions_survive(library: IndexedFolder, what: Any) -> None:
    decided = _decided(library)
    what(library)
    library.index()
    assert _shown(library) == decided
    with closing(Index.open(library.home)) as index:
        assert "Forts" in [each.name for each in index.collections(limit=9)]


def test_decisions_follow_a_folder_that_is_renamed(library: IndexedFolder) -> None:
    decided = _decided(library)
    _moved(library)
    library.index()
    keep = library.ids()["forts/keep.png"]
    assert "by hand" in _shown(library)[keep]["tags"]
    gone = set(decided[keep]["tags"]) - set(_shown(library)[keep]["tags"])
    assert gone <= {"castles", "castle"}


def test_decisions_return_with_a_file_that_was_away(library: IndexedFolder) -> None:
    decided = _decided(library)
    content = (library.folder / "ships/brig.png").read_bytes()
    (library.folder / "ships/brig.png").unlink()
    library.index(prune=True)
    assert len(_shown(library)) == 1
    sample_files.fill(library.folder, {"ships/brig.png": content})
    library.index()
    assert _shown(library) == decided


def test_a_run_shows_what_a_killed_process_has_left(library: IndexedFolder) -> None:
    brig = library.ids()["ships/brig.png"]
    with closing(Index.open(library.home)) as index:
        edits.edit_tags(index, brig, ["left"], [], strict=True, by="Ann")
    assert "left" not in _shown(library)[brig]["tags"]
    library.index()
    assert "left" in _shown(library)[brig]["tags"]


def test_files_are_never_changed(library: IndexedFolder) -> None:
    def content() -> dict[Path, tuple[bytes, int]]:
        files = (path for path in library.folder.rglob("*") if path.is_file())
        return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    before = content()
    _decided(library)
    assert content() == before
    assert str(library.index()) == "2 unchanged"
