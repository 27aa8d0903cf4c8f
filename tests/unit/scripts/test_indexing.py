"""The indexer beside a server is started again when it fails, and ends with the server."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from scripts import indexing
from tests.support.waiting import eventually

_BEGIN = "import sys, time, pathlib; log = pathlib.Path(sys.argv[1]); log.open('a').write('x'); "


def _program(code: str) -> list[str]:
    return [sys.executable, "-c", _BEGIN + code]


def _starts(log: Path) -> int:
    return len(log.read_text()) if log.exists() else 0


def test_a_failed_indexer_starts_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    indexing.keep(
        [str(log)],
        lambda: True,
        program=_program("sys.exit(3 if log.stat().st_size < 3 else 0)"),
        pauses=(0.01, 0.02),
    )
    assert _starts(log) == 3  # the third has succeeded
    assert capfd.readouterr().err.splitlines() == [
        f"The indexer has ended with status 3; it starts again in {pause} seconds. "
        "Akin shows what has been indexed."
        for pause in (0.01, 0.02)
    ]


@pytest.mark.parametrize(
    "code", ["sys.stdin.read()", "time.sleep(600)"], ids=["at the end of its input", "never"]
)
def test_an_indexer_ends_with_the_server(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that does not end by itself."""
    if "sleep" in code:
        monkeypatch.setattr(indexing, "STOP_SECONDS", 0.1)
    log, is_needed = tmp_path / "log", threading.Event()
    is_needed.set()
    thread = threading.Thread(
        target=indexing.keep,
        args=([str(log)], is_needed.is_set),
        kwargs={"program": _program(code)},
        daemon=True,
    )
    thread.start()
    eventually(lambda: _starts(log) == 1)
    is_needed.clear()
    began = time.monotonic()
    thread.join(60)
    assert not thread.is_alive()
    assert time.monotonic() - began < 60
    assert _starts(log) == 1


def test_nothing_starts_for_a_server_that_has_ended(tmp_path: Path) -> None:
    indexing.keep([str(tmp_path / "log")], lambda: False, program=_program("pass"))
    assert _starts(tmp_path / "log") == 0
