"""The state of the indexer, as the server reads it."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

from library.errors import LibraryError
from library.ingest.indexer import _portions
from library.ingest.process.run_status import Reported, announce
from library.ingest.watch import only_watcher
from library.store.status import FILE, Status, read_status
from tests.support.indexing import RecordedProgress
from tests.support.waiting import eventually


def test_a_run_is_reported_while_it_goes_on(tmp_path: Path) -> None:
    progress = RecordedProgress()
    with Reported.during(tmp_path, progress) as run:
        eventually(lambda: read_status(tmp_path).state == "starting")
        run.begin(40)
        run.advance(10)
        run.skipped("a.png", "is broken")
        run.note("a line")
        run.damaged("b.png", "is cut")
        eventually(lambda: read_status(tmp_path).read == 10)
        found = read_status(tmp_path)
        assert (found.state, found.total, found.skipped) == ("indexing", 40, 1)
        assert found.is_running
    assert read_status(tmp_path).state == "idle"
    assert not read_status(tmp_path).is_running
    assert (progress.total, progress.done, progress.notes) == (40, 10, ["a line"])
    assert (progress.passed_over, progress.broken) == (
        {"a.png": "is broken"},
        {"b.png": "is cut"},
    )


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (LibraryError("art cannot be read"), "art cannot be read"),
        (MemoryError("too much"), "MemoryError: too much"),
    ],
)
def test_a_failure_is_reported(error: Exception, message: str, tmp_path: Path) -> None:
    with pytest.raises(type(error)), Reported.during(tmp_path, RecordedProgress()):
        raise error
    found = read_status(tmp_path)
    assert (found.state, found.message) == ("failed", message)


def test_a_stop_is_no_failure(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Reported.during(tmp_path, RecordedProgress()):
        raise KeyboardInterrupt
    assert read_status(tmp_path).state == "stopped"
    assert not read_status(tmp_path).message


def test_an_indexer_that_was_killed_is_not_running(tmp_path: Path) -> None:
    """It writes every second; a minute of silence is its end."""
    now = time.time()
    for age, is_running in ((1, True), (3_600, False)):
        status = Status("indexing", total=9, read=1, began=now - age, updated=now - age)
        (tmp_path / FILE).write_bytes(msgspec.json.encode(status))
        assert read_status(tmp_path).is_running is is_running
    assert read_status(tmp_path).message == "the indexer has ended without a message"


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"state": 3}', b"\xff"])
def test_a_file_that_cannot_be_read_means_no_run(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    assert read_status(tmp_path) == Status("idle")


@pytest.mark.parametrize(
    ("status", "seconds"),
    [
        (Status("indexing", total=100, read=20, began=50, updated=60), 40),
        (Status("indexing", total=100, read=100, began=50, updated=60), 0),
        (Status("indexing", total=100, read=0, began=50, updated=60), None),
        (Status("starting"), None),
        (Status("idle", total=100, read=20, began=50, updated=60), None),
    ],
)
def test_the_rest_is_estimated_from_what_was_read(status: Status, seconds: int | None) -> None:
    assert status.seconds_left == seconds


def test_a_run_is_announced_before_its_process_has_started(tmp_path: Path) -> None:
    """Unless the indexer of another host has the library: it reports by itself."""
    announce(tmp_path)
    assert read_status(tmp_path).is_running
    (tmp_path / FILE).unlink()
    with only_watcher(tmp_path, RecordedProgress()):
        announce(tmp_path)
    assert not read_status(tmp_path).is_running


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (3, [3]), (5, [4, 1]),
                                              (100, [4, 8, 16, 32, 32, 8])])  # fmt: skip
def test_the_first_batches_are_small(count: int, sizes: list[int]) -> None:
    """The first pictures are found after four files, not after thirty-two."""
    portions = list(_portions(range(count)))  # type: ignore[arg-type]
    assert [len(each) for each in portions] == sizes
    assert [each for portion in portions for each in portion] == list(range(count))
