"""Ids of assets outlive edits, renames, moves and the index itself."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from library.errors import IndexBroken, SchemaTooNew
from library.schema.documents import marked
from library.store.identities import FILE, Identities, Identity
from tests.support import sample_files
from tests.support.indexing import IndexedFolder

pytestmark = pytest.mark.usefixtures("every_store")

RED, BLUE, GREEN, GOLD = (sample_files.png(c) for c in ("tomato", "navy", "green", "gold"))


def _delete_index(library: IndexedFolder) -> None:
    """Delete everything but the table of ids, as after restoring a backup."""
    for path in library.home.iterdir():
        if path.name != FILE:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_an_edited_file_keeps_its_id(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {"a.png": RED, "b.png": BLUE})
    library.index()
    before = library.ids()
    sample_files.fill(library.folder, {"a.png": GREEN})
    assert str(library.index()) == "changed 1, 1 unchanged"
    assert library.ids() == before
    assert library.thumbnails() == set(before.values())


@pytest.mark.sqlite
def test_ids_survive_edit_rename_and_deleting_the_index(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {"a.png": RED, "b/c.png": BLUE, "d.png": GOLD})
    library.index()
    first = library.ids()
    sample_files.fill(library.folder, {"a.png": GREEN})
    library.index()
    (library.folder / "a.png").rename(library.folder / "renamed.png")
    library.index()
    (library.folder / "b").rename(library.folder / "moved")
    expected = {
        "renamed.png": first["a.png"],
        "moved/c.png": first["b/c.png"],
        "d.png": first["d.png"],
    }
    _delete_index(library)
    library.index()
    assert library.ids() == expected
    _delete_index(library)
    library.index()
    assert library.ids() == expected


def test_an_edit_after_a_rename_in_another_run_keeps_the_id(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {"a.png": RED})
    library.index()
    (asset_id,) = library.ids().values()
    for content, name in ((BLUE, "b.png"), (GOLD, "c.png")):
        (path,) = library.folder.iterdir()
        path.rename(library.folder / name)
        library.index()
        (library.folder / name).write_bytes(content)
        library.index()
        assert library.ids() == {name: asset_id}


def test_a_copy_gets_an_id_of_its_own(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {"a.png": RED})
    library.index()
    (first,) = library.ids().values()
    sample_files.fill(library.folder, {"b.png": RED, "a/a.png": RED})
    library.index()
    ids = library.ids()
    assert ids["a.png"] == first
    assert len(set(ids.values())) == 3


def test_copies_that_move_together_keep_their_ids_by_name(library: IndexedFolder) -> None:
    names = [f"{n}.png" for n in range(6)]
    sample_files.fill(library.folder, {f"old/{name}": RED for name in names})
    library.index()
    before = library.ids()
    (library.folder / "old").rename(library.folder / "new")
    sample_files.fill(library.folder, {"new/0 copy.png": RED})
    library.index()
    after = library.ids()
    assert {name: after[f"new/{name}"] for name in names} == {
        name: before[f"old/{name}"] for name in names
    }
    assert after["new/0 copy.png"] not in before.values()


def test_files_that_exchange_names_keep_the_ids_of_their_names(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {"a.png": RED, "b.png": BLUE})
    library.index()
    before = library.ids()
    sample_files.fill(library.folder, {"a.png": BLUE, "b.png": RED})
    assert library.index().changed == 2
    assert library.ids() == before
    assert {path: d.source.sha256 for path, d in library.documents().items()}["a.png"] != (
        library.documents()["b.png"].source.sha256
    )


def test_a_file_that_was_away_gets_its_id_again(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {f"{n}.png": sample_files.png(size=(20, 20 + n))
                                       for n in range(8)})  # fmt: skip
    library.index()
    before = library.ids()
    content = (library.folder / "3.png").read_bytes()
    (library.folder / "3.png").unlink()
    assert library.index().removed == 1
    sample_files.fill(library.folder, {"elsewhere/other.png": content})
    library.index()
    assert library.ids()["elsewhere/other.png"] == before["3.png"]


def test_an_id_of_a_sidecar_is_used_and_moves_with_its_file(library: IndexedFolder) -> None:
    sidecar = b'{"id": "asset_from_a_sidecar"}'
    sample_files.fill(library.folder, {"a.png": RED, "a.json": sidecar, "b.png": BLUE})
    library.index()
    assert library.ids()["a.png"] == "asset_from_a_sidecar"
    # Renamed and edited in the same run: only the sidecar tells which file it was.
    (library.folder / "a.png").unlink()
    (library.folder / "a.json").rename(library.folder / "c.json")
    sample_files.fill(library.folder, {"c.png": GREEN})
    library.index()
    assert library.ids()["c.png"] == "asset_from_a_sidecar"
    # A copy with its sidecar does not take the id away.
    sample_files.fill(library.folder, {"copy.png": GREEN, "copy.json": sidecar})
    library.index()
    assert library.ids()["c.png"] == "asset_from_a_sidecar"
    assert library.ids()["copy.png"] != "asset_from_a_sidecar"


@pytest.mark.sqlite
def test_an_index_without_the_table_keeps_its_ids(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {"a.png": RED, "b.png": BLUE})
    library.index()
    (library.folder / "a.png").rename(library.folder / "c.png")
    library.index()
    before = library.ids()
    (library.home / FILE).unlink()
    library.index()
    _delete_index(library)
    library.index()
    assert library.ids() == before


@pytest.mark.sqlite
def test_an_index_of_an_older_version_keeps_its_ids(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {"a.png": RED, "b.png": BLUE})
    library.index()
    (library.folder / "a.png").rename(library.folder / "c.png")
    library.index()
    before = library.ids()
    for version in (1, 2):
        (library.home / FILE).unlink()
        with closing(sqlite3.connect(library.home / "library.sqlite")) as connection:
            for table in ("missing", "problems", "asset_path"):
                connection.execute(f"DROP TABLE {table}")
            connection.execute("DELETE FROM meta WHERE key = 'roots'")
            connection.execute(f"PRAGMA user_version = {version}")
            connection.commit()
        library.index()
        assert library.ids() == before


@pytest.mark.sqlite
def test_a_run_killed_between_ids_and_index_loses_nothing(library: IndexedFolder) -> None:
    """The next run finds the id at the new path, and does not remove its asset as gone."""
    sample_files.fill(library.folder, {"a.png": RED, "b.png": BLUE})
    library.index()
    before = library.ids()
    (library.folder / "a.png").rename(library.folder / "c.png")
    with closing(Identities.open(library.home)) as identities:
        (root,) = identities.roots()
        row = identities.at(root, "a.png")
        assert row is not None
        identities.put([row._replace(path="c.png")])
    library.index()
    assert library.ids() == {"c.png": before["a.png"], "b.png": before["b.png"]}
    assert library.thumbnails() == set(before.values())


@pytest.mark.sqlite
def test_a_damaged_or_newer_table_is_reported_and_not_changed(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {"a.png": RED})
    library.index()
    with closing(sqlite3.connect(library.home / FILE)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(SchemaTooNew, match=FILE):
        library.index()
    (library.home / FILE).write_bytes(b"no database" * 1000)
    with pytest.raises(IndexBroken, match="Restore it from a backup"):
        library.index()
    assert (library.home / FILE).read_bytes().startswith(b"no database")


@pytest.mark.sqlite
def test_a_file_that_waits_for_an_extra_is_known_by_its_content(tmp_path: Path) -> None:
    """Its source has a mark beside the hash, which is no part of the content."""
    content = "ab" * 32
    with closing(Identities.open(tmp_path)) as identities:
        row = Identity("asset_1", "art", "a.arw", marked(content, "raw"))
        identities.adopt("uid", [row])
        identities.put([row._replace(id="asset_2", path="b.arw")])
        found = {each.id: each.sha256 for each in identities.with_content(content)}
    assert found == {"asset_1": content, "asset_2": content}
