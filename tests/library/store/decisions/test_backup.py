"""Backups of libraries: ids and decisions; an index that was made with other ids is made again."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from filelock import FileLock

from library.home import LOCK
from library.store import opening
from library.store.backends.sqlite import FILE, SqliteStore
from library.store.decisions import backup
from library.store.decisions.stored import Decisions, Entry
from library.store.identities import Identities, Identity
from library.store.tables import UID, meta

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = Entry("asset_1", "rating", "", 4, 1_000, "Ada")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A library with an index that knows its ids, and a decision."""
    made = tmp_path / "data" / "libraries" / "art-1"
    store = SqliteStore(made, create=True)
    with store.engine.connect() as connection:
        uid = connection.scalar(sa.select(meta.c.value).where(meta.c.key == UID))
    with closing(Identities.open(made)) as ids:
        ids.adopt(uid, [Identity("asset_1", "art", "a.png", "ab" * 32)])
    store.engine.dispose()
    with Decisions.open(made).editing() as edit:
        edit.put(ENTRY)
    return made


def test_what_was_decided_since_is_gone_and_the_index_stays(home: Path, tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "backup"
    backup.write(folder, data)
    with Decisions.open(home).editing() as edit:
        edit.put(ENTRY._replace(value=1))
    assert backup.restore(folder, data, replace=True) > 3
    assert list(Decisions.open(home).entries()) == [ENTRY]
    assert (home / FILE).exists()


def test_an_index_with_other_ids_is_removed_if_asked_to(home: Path, tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "backup"
    backup.write(folder, data)
    for file in home.iterdir():
        file.unlink()
    SqliteStore(home, create=True).engine.dispose()
    with pytest.raises(backup.CannotRestore, match="with other ids"):
        backup.restore(folder, data, replace=False)
    assert list(Decisions.open(home).entries()) == []
    backup.restore(folder, data, replace=True)
    assert not (home / FILE).exists()
    assert list(Decisions.open(home).entries()) == [ENTRY]


def test_nothing_is_restored_while_an_indexer_runs(home: Path, tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "backup"
    backup.write(folder, data)
    with FileLock(home / LOCK), pytest.raises(backup.CannotRestore, match="stop Akin first"):
        backup.restore(folder, data, replace=True)


def test_a_data_folder_without_libraries(tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    assert backup.write(tmp_path / "backup", tmp_path / "data") == 0
    assert backup.restore(tmp_path / "backup", tmp_path / "data", replace=False) == 0
    assert not (tmp_path / "data").exists()


def test_from_files_into_postgresql_and_back(
    home: Path, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, folder, again = tmp_path / "data", tmp_path / "backup", tmp_path / "again"
    rows = backup.write(folder, data)
    monkeypatch.setenv(opening.URL, f"{postgres_url}?library=art")
    assert backup.restore(folder, data, replace=False) == rows
    with opening.open_decisions(home, create=False) as stored:
        assert list(stored.entries()) == [ENTRY]
    with pytest.raises(backup.CannotRestore, match="has decisions already"):
        backup.restore(folder, data, replace=False)
    assert backup.write(again, tmp_path / "another host") == rows
    [written] = again.iterdir()
    for file in ("identities.jsonl", "decisions.jsonl"):
        lines = (written / file).read_bytes().splitlines()
        assert sorted(lines) == sorted((folder / home.name / file).read_bytes().splitlines())


def test_several_libraries_do_not_fit_into_one(
    home: Path, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, folder = tmp_path / "data", tmp_path / "backup"
    shutil.copytree(home, home.with_name("art-2"))
    backup.write(folder, data)
    monkeypatch.setenv(opening.URL, f"{postgres_url}?library=art")
    with pytest.raises(backup.CannotRestore, match="has 2 libraries"):
        backup.restore(folder, data, replace=True)
