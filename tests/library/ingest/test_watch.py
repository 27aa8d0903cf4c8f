"""Which changes of folders are followed, and how."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from library.ingest import watch
from library.ingest.exclusions import parse
from library.ingest.watch import Watcher, only_watcher
from tests.support.indexing import RecordedProgress
from tests.support.waiting import eventually


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_TICK", 1)
    monkeypatch.setattr(watch, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(watch, "_POLL_COST", 0)


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The list of mounted file systems."""
    path = tmp_path / "mounts"
    path.write_text("overlay / overlay rw 0 0\n")
    monkeypatch.setattr(watch, "_MOUNTS", path)
    return path


def _watcher(tmp_path: Path, **changes: Any) -> tuple[Watcher, RecordedProgress]:
    progress = RecordedProgress()
    art = tmp_path / "art"
    art.mkdir(exist_ok=True)
    home = art / "instance/libraries/art-1"
    return Watcher([art], home, progress, **changes), progress


@pytest.mark.parametrize(
    ("path", "is_relevant"),
    [
        ("castle.png", True),
        ("castle.png.json", True),
        ("a/b", True),
        (".akinignore", True),
        ("a/.akinignore", True),
        ("instance/users.json", False),
        ("instance/libraries/art-1/library.sqlite-wal", False),
        ("instance/libraries/art-1/thumbnails/ab/x.webp", False),
        ("own/log.txt", False),
        ("a/.git/index", False),
        ("film.mp4.part", False),
        ("@eaDir/castle.png", False),
        ("drafts/castle.png", False),
        ("../elsewhere/castle.png", False),
    ],
)
def test_own_and_ignored_files_are_no_changes(path: str, is_relevant: bool, tmp_path: Path) -> None:
    watcher, _ = _watcher(
        tmp_path,
        private=[tmp_path / "art/own"],
        excluded=parse(["drafts/"], "AKIN_EXCLUDE"),
    )
    assert watcher.is_relevant((tmp_path / "art").resolve() / path) is is_relevant


def test_our_own_sidecars_are_no_changes(tmp_path: Path) -> None:
    watcher, _ = _watcher(tmp_path, is_own=lambda path: path.name.startswith("own"))
    art = (tmp_path / "art").resolve()
    assert not watcher.is_relevant(art / "own.png.xmp")
    assert watcher.is_relevant(art / "other.png.xmp")
    assert watcher.is_relevant(art / "own.png")


def test_a_change_is_reported_by_the_system(tmp_path: Path, mounts: Path) -> None:
    """And what Akin writes below the same folder is none."""
    del mounts
    watcher, progress = _watcher(tmp_path)
    seen: list[None] = []
    changes = watcher.changes()

    def follow() -> None:
        seen.extend(islice(changes, 1))
        seen.extend(islice(changes, 1))

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    eventually(lambda: len(seen) == 1)  # what happened before the watching began
    own = tmp_path / "art/instance/libraries/art-1"
    own.mkdir(parents=True)
    (own / "library.sqlite").touch()
    thread.join(1)
    assert len(seen) == 1
    (tmp_path / "art/new.png").touch()
    thread.join(60)
    assert len(seen) == 2
    assert progress.notes == []


@pytest.mark.parametrize(
    ("mounted", "is_remote"),
    [
        ("nas:/art {art} nfs4 rw", True),
        ("//nas/art {art} cifs rw", True),
        ("user@host: {art} fuse.sshfs rw", True),
        ("drive: {art} fuse.rclone rw", True),
        ("share {parent} virtiofs rw", True),
        ("share {art}/inner/share 9p rw", True),
        ("share {art} nfs rw\n/dev/sdb1 {art} ext4 rw", False),
        ("/dev/sdb1 {art} ext4 rw", False),
        ("/dev/sdb1 {art} fuseblk rw", False),
        ("nas:/art {parent}/other nfs4 rw", False),
        ("nas:/art {art}2 nfs4 rw", False),
    ],
)
def test_network_shares_are_looked_through(
    mounted: str, is_remote: bool, tmp_path: Path, mounts: Path
) -> None:
    """Also those within a folder, and those with spaces in their path."""
    base = tmp_path / "with space"
    base.mkdir()
    watcher, progress = _watcher(base)
    art = str((base / "art").resolve())
    escaped = art.replace(" ", "\\040")
    parent = str(base.resolve()).replace(" ", "\\040")
    lines = mounted.format(art=escaped, parent=parent)
    mounts.write_text(f"overlay / overlay rw 0 0\n{lines}\n")
    changes = watcher.changes()
    next(changes)
    assert (progress.notes != []) is is_remote
    if is_remote:
        assert progress.notes[0].startswith(f"changes of {art} are looked for every")
        next(changes)  # without any change


def test_a_folder_that_is_not_there_is_looked_for(tmp_path: Path, mounts: Path) -> None:
    """And watched once it is."""
    del mounts
    watcher, progress = _watcher(tmp_path)
    (tmp_path / "art").rmdir()
    changes = watcher.changes()
    next(changes)
    assert len(progress.notes) == 1
    next(changes)
    (tmp_path / "art").mkdir()
    next(changes)
    assert watcher._split()[1] == []


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        OSError("OS file watch limit reached."),
        RuntimeError("error in underlying watcher"),
    ],
)
def test_folders_are_looked_through_where_the_system_refuses(
    error: Exception, tmp_path: Path, mounts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does when it watches as many folders as it can."""
    del mounts

    def refuse(*_: Any, **__: Any) -> Iterator[Any]:
        raise error
        yield

    monkeypatch.setattr(watchfiles, "watch", refuse)
    watcher, progress = _watcher(tmp_path)
    changes = watcher.changes()
    for _ in range(4):
        next(changes)
    assert progress.notes[0] == f"the system cannot report changes: {error}"
    assert progress.notes[1].startswith("changes of ")
    assert len(progress.notes) == 2


def test_the_setting_has_all_folders_looked_through(tmp_path: Path, mounts: Path) -> None:
    del mounts
    watcher, _ = _watcher(tmp_path, poll=True)
    changes = watcher.changes()
    for _ in range(3):
        next(changes)


def test_a_pause_is_longer_where_looking_takes_long(
    tmp_path: Path, mounts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that takes 8 seconds is repeated after 80."""
    del mounts
    monkeypatch.setattr(watch, "_POLL_COST", 10)
    now = [0.0]
    monkeypatch.setattr("time.sleep", lambda _: now.__setitem__(0, now[0] + 1))
    watcher, _ = _watcher(tmp_path, poll=True, clock=lambda: now[0])
    changes = watcher.changes()
    next(changes)
    now[0] += 8
    ended = now[0]
    next(changes)
    assert 80 <= now[0] - ended <= 81


def test_one_process_follows_a_library(tmp_path: Path) -> None:
    """The next one takes over when it ends."""
    progress = RecordedProgress()
    entered = threading.Event()

    def second() -> None:
        with only_watcher(tmp_path, progress):
            entered.set()

    with only_watcher(tmp_path, RecordedProgress()):
        thread = threading.Thread(target=second)
        thread.start()
        eventually(lambda: progress.notes)
        assert not entered.is_set()
    thread.join(60)
    assert entered.is_set()
    assert progress.notes == ["another process indexes this library and follows its folders"]
