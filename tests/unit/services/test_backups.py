"""Backups: everything into one file and back, from each database into each, all or nothing."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.__main__ import main
from app.errors import CannotRestore
from app.query.edits import Action, Edit
from app.records import backup
from app.records.change_tables import State
from app.records.changes import Changes
from app.records.selections import Selections
from app.services import backups
from app.storage.database import Database
from library.store.decisions.stored import Decisions, Entry
from library.store.identities import Identities, Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOME = Path("libraries", "art-12345678")
TAG = Entry("asset_1", "tags", "castle", "Castle 🐉", 1_000, "Ada")
FILE = Identity("asset_1", "art", "caf\udce9/1.png", "ab" * 32)


def fill(database: Database, data: Path) -> str:
    """Store something of each kind; return the id of a change in progress."""
    Selections(database).add("ada", "“Castles” 🐉", "query=castle", ["asset_1", "asset_2"])
    change = Changes(database, "scope").add("Ada", [Edit(Action.TAG, "x")], ["asset_1"])
    decisions = Decisions.open(data / HOME)
    with decisions.editing() as edit:
        edit.put(TAG)
    identities = Identities.open(data / HOME)
    identities.put([FILE])
    identities.close()
    return change


def stored(data: Path) -> tuple[list[Entry], Identity | None]:
    """Return what the library has."""
    identities = Identities.open(data / HOME)
    found = identities.of("asset_1")
    identities.close()
    return list(Decisions.open(data / HOME).entries()), found


@pytest.fixture
def opened() -> Iterator[Callable[[str, Path], Database]]:
    """Open databases, and close them at the end."""
    databases: list[Database] = []

    def make(url: str, folder: Path) -> Database:
        databases.append(Database(url, folder))
        return databases[-1]

    yield make
    for each in databases:
        each.close()


Opened = "Callable[[str, Path], Database]"


@pytest.mark.parametrize(("before", "after"), [("", ""), ("", "postgres"), ("postgres", "")])
def test_from_each_database_into_each(
    before: str, after: str, tmp_path: Path, opened: Any, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if before or after else ""
    old, new = tmp_path / "old", tmp_path / "new"
    source = opened(url if before else "", old)
    change = fill(source, old)
    file = tmp_path / "akin.zip"
    written = backups.write(file, source, old)
    assert written.records == 3
    assert file.stat().st_mode & 0o077 == 0
    target = opened(url if after else "", new)
    assert backups.restore(file, target, new, replace=False) == written
    assert stored(new) == ([TAG], FILE)
    restored = Changes(target, "scope").get(change)
    assert restored is not None
    assert (restored.state, "Restored from a backup" in restored.reason) == (State.STOPPED, True)
    with_selection = [line for line in backup.dump(target) if b'"selections"' in line]
    assert with_selection == [line for line in backup.dump(source) if b'"selections"' in line]


def test_what_is_there_is_replaced_only_if_asked_to(tmp_path: Path, opened: Any) -> None:
    database, data, file = opened("", tmp_path / "data"), tmp_path / "data", tmp_path / "b.zip"
    fill(database, data)
    backups.write(file, database, data)
    with Decisions.open(data / HOME).editing() as edit:
        edit.put(TAG._replace(item="late", value="late"))
    later = Selections(database).add("ada", "later", "", ["asset_3"])
    with pytest.raises(CannotRestore, match="stored in"):
        backups.restore(file, database, data, replace=False)
    assert len(stored(data)[0]) == 2
    backups.restore(file, database, data, replace=True)
    assert stored(data) == ([TAG], FILE)
    assert Selections(database).get(later) is None


def test_if_the_library_cannot_be_restored_nothing_is(tmp_path: Path, opened: Any) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    source = opened("", old)
    fill(source, old)
    file = tmp_path / "b.zip"
    backups.write(file, source, old)
    with Decisions.open(new / HOME).editing() as edit:
        edit.put(TAG)
    target = opened("", new)
    with pytest.raises(CannotRestore, match="has decisions already"):
        backups.restore(file, target, new, replace=False)
    assert list(backup.dump(target)) == []


def changed(file: Path, name: str, content: bytes | None) -> None:
    """Replace a member of a ZIP, or remove it."""
    with zipfile.ZipFile(file) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    members.pop(name)
    if content is not None:
        members[name] = content
    with zipfile.ZipFile(file, "w") as archive:
        for each, text in members.items():
            archive.writestr(each, text)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("manifest.json", None, "is not a backup"),
        ("manifest.json", b"[]", "is not a backup"),
        ("store.jsonl", None, "other files"),
        ("store.jsonl", b'{"table": "none", "row": {}}', "line 1 is not a row"),
        ("store.jsonl", b'{"table": "selections", "row": {"id": 1}}', "does not fit"),
        ("store.jsonl", b"", "not complete"),
        ("library/art-12345678/decisions.jsonl", b"{}", "line 1 is not a row"),
    ],
)
def test_a_damaged_backup_changes_nothing(
    name: str, content: bytes | None, message: str, tmp_path: Path, opened: Any
) -> None:
    old, new, file = tmp_path / "old", tmp_path / "new", tmp_path / "b.zip"
    source = opened("", old)
    fill(source, old)
    backups.write(file, source, old)
    changed(file, name, content)
    target = opened("", new)
    with pytest.raises(CannotRestore, match=message):
        backups.restore(file, target, new, replace=True)
    assert list(backup.dump(target)) == []


def test_a_backup_of_a_newer_version_is_refused(tmp_path: Path, opened: Any) -> None:
    data, file = tmp_path / "data", tmp_path / "b.zip"
    database = opened("", data)
    backups.write(file, database, data)
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    changed(file, "manifest.json", json.dumps(manifest | {"revision": "9999"}).encode())
    with pytest.raises(CannotRestore, match="newer version of Akin"):
        backups.restore(file, database, data, replace=True)


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, opened: Any) -> None:
    data, file = tmp_path / "data", tmp_path / "b.zip"
    database = opened("", data)
    backups.write(file, database, data)
    evil = "library/../decisions.jsonl"
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    manifest["files"].append(evil)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(evil, "")
    changed(file, "manifest.json", json.dumps(manifest).encode())
    with pytest.raises(CannotRestore, match="other files"):
        backups.restore(file, database, data, replace=True)


def test_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], opened: Any
) -> None:
    data, file = tmp_path / "data", str(tmp_path / "b.zip")
    fill(opened("", data), data)
    monkeypatch.setenv("AKIN_DATA", str(data))
    assert main(["backup", file]) == 0
    assert "3 records of the database" in capsys.readouterr().out
    assert main(["restore", file]) == 1
    assert "To replace what is stored: --replace" in capsys.readouterr().err
    assert main(["restore", file, "--replace"]) == 0
    assert main(["restore", str(tmp_path / "none.zip")]) == 1
    assert "none.zip: No such file" in capsys.readouterr().err
    assert main(["backup", str(tmp_path / "none" / "b.zip")]) == 1
