"""Backups: one ZIP with all that people decided, here and in the libraries of folders.

`manifest.json` says what is in it; `store.jsonl` has the records of the database; `library/` is
what `library.store.decisions.backup` writes. That is another program, which is called as such.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.errors import BackupFailed, CannotRestore
from app.records import backup
from app.storage.migrations import revisions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.storage.database import Database

FORMAT: Final = 1
_ROOT: Final = Path(__file__).parents[2]
_STORE, _LIBRARY, _MANIFEST = "store.jsonl", "library", "manifest.json"
_NAMES: Final = frozenset({"identities.jsonl", "decisions.jsonl"})


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup contains: numbers of rows, and when it was made (UTC)."""

    created: str
    records: int
    library: int


def write(file: Path, database: Database, data: Path) -> Backup:
    """Write a backup; an existing file is replaced when the new one is complete.

    Raises BackupFailed, StoreFailed and OSError.
    """
    created = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    with tempfile.TemporaryDirectory(dir=file.resolve().parent, prefix=".akin-backup-") as folder:
        store, library = Path(folder, _STORE), Path(folder, _LIBRARY)
        library.mkdir()
        records = 0
        with store.open("wb") as lines:
            for line in backup.dump(database):
                lines.write(line)
                records += 1
        rows = _library("write", library, data)
        members = [store, *(path for path in sorted(library.rglob("*")) if path.is_file())]
        manifest = {
            "format": FORMAT,
            "created": created,
            "revision": revisions()[-1],
            "records": records,
            "library": rows,
            "files": sorted(path.relative_to(folder).as_posix() for path in members),
        }
        draft = Path(folder, "backup.zip")
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_MANIFEST, json.dumps(manifest, indent=1))
            for path in members:
                archive.write(path, path.relative_to(folder).as_posix())
        draft.chmod(0o600)
        draft.replace(file)
    return Backup(created, records, rows)


def restore(file: Path, database: Database, data: Path, *, replace: bool) -> Backup:
    """Restore a backup, all of it or nothing.

    Raises CannotRestore where it is damaged, was made by a newer version, or would replace
    something without `replace`; BackupFailed, StoreFailed and OSError.
    """
    with tempfile.TemporaryDirectory(prefix="akin-restore-") as folder:
        manifest = _extracted(file, Path(folder))
        with (
            Path(folder, _STORE).open("rb") as lines,
            backup.restoring(database, lines, replace=replace) as records,
        ):
            if records != manifest["records"]:
                raise CannotRestore("The backup is not complete.")
            library = Path(folder, _LIBRARY)
            options = ["--replace"] if replace else []
            # The last step: if it fails, the transaction of the database is rolled back.
            rows = _library("restore", library, data, *options) if library.exists() else 0
    return Backup(str(manifest["created"]), records, rows)


def _extracted(file: Path, folder: Path) -> dict[str, Any]:
    """Extract a backup after checking it; return its manifest. Raises CannotRestore."""
    try:
        with zipfile.ZipFile(file) as archive:
            if damaged := archive.testzip():
                raise CannotRestore(f"{file} is damaged: {damaged}.")
            manifest = json.loads(archive.read(_MANIFEST))
            _check(manifest, set(archive.namelist()))
            for name in manifest["files"]:
                archive.extract(name, folder)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError) as error:
        raise CannotRestore(f"{file} is not a backup of Akin, or is damaged: {error}.") from error
    return dict(manifest)


def _check(manifest: dict[str, Any], names: set[str]) -> None:
    """Raise CannotRestore where this version cannot restore a backup; KeyError and TypeError."""
    if manifest["format"] > FORMAT or manifest["revision"] not in revisions():
        raise CannotRestore(
            f"This backup was made by a newer version of Akin (revision {manifest['revision']}; "
            f"this one knows {revisions()[-1]}). Use that version."
        )
    if {*manifest["files"], _MANIFEST} != names or not all(map(_is_ours, manifest["files"])):
        raise CannotRestore("The backup contains other files than it says.")


def _is_ours(name: str) -> bool:
    """Return whether a name is one of a backup: no path leads out of its folder."""
    parts = name.split("/")
    is_library = len(parts) == 3 and parts[0] == _LIBRARY and parts[2] in _NAMES
    return name == _STORE or (is_library and parts[1] not in {"", ".", ".."} and "\\" not in name)


def _library(action: str, folder: Path, data: Path, *options: str) -> int:
    """Call the program of the library; return the number of rows. Raises BackupFailed."""
    done = subprocess.run(  # noqa: S603 - our own program
        [
            *(sys.executable, "-m", "library.store.decisions.backup", action),
            *(str(folder.resolve()), "--data", str(data.resolve()), *options),
        ],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise (CannotRestore if action == "restore" else BackupFailed)(f"The library: {reason}.")
    return int(done.stdout)


def described(found: Backup) -> Iterator[str]:
    """Yield lines about a backup, for people."""
    yield f"made {found.created}"
    yield f"{found.records} records of the database (selections, changes, reviews, searches)"
    yield f"{found.library} ids and decisions of libraries"
