"""The counters: what they count, and that workers' are added up and the dead ones forgotten."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY

from app import observing
from app.metrics import FOLDER, exposition, fresh_folder

if TYPE_CHECKING:
    from pathlib import Path

WORKER = """
import sys
from app import observing
observing.PAGES.labels("results.results", "200").inc(int(sys.argv[1]))
observing.IN_FLIGHT.inc()
observing.upstream_called("200", 0.25)
"""
ASK = "from app.metrics import exposition; print(exposition().decode())"


def value(name: str, **labels: str) -> float:
    """A counter's value in this process; 0 where nothing was counted."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_record_and_counters() -> None:
    """What is told is counted, and stands in the record of the request in hand alone."""
    before = value("akin_upstream_calls_total", outcome="429")
    observing.begin("id-of-the-request")
    observing.upstream_called("429", 0.5)
    observing.upstream_called("200", 0.25)
    observing.answered_from("cache")
    observing.answered_from("cache")
    observing.answered_from("upstream")
    record = observing.current()
    observing.end()
    observing.upstream_called("429", 0.5)
    assert record is not None
    assert (record.upstream_calls, record.upstream_seconds) == (2, 0.75)
    assert record.cache == "cache 2, upstream 1"
    assert observing.request_id() == ""
    assert value("akin_upstream_calls_total", outcome="429") == before + 2


def test_waiting_goes_back_to_nothing() -> None:
    """Whoever waits is counted while they wait, and not after, even when they fail."""
    before = value("akin_waiting")
    seen: list[float] = []

    def wait_in_vain() -> None:
        with observing.waiting():
            seen.append(value("akin_waiting"))
            raise LookupError

    with pytest.raises(LookupError):
        wait_in_vain()
    assert (seen, value("akin_waiting")) == ([before + 1], before)


def test_workers_are_added_up(tmp_path: Path) -> None:
    """Counters of all workers, also of those that are gone; gauges of the living alone."""
    environment = {**os.environ, FOLDER: str(tmp_path)}
    for count in ("3", "4"):
        subprocess.run([sys.executable, "-c", WORKER, count], env=environment, check=True)
    asked = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert 'akin_pages_total{page="results.results",status="200"} 7.0' in asked
    assert 'akin_upstream_calls_total{outcome="200"} 2.0' in asked
    assert "akin_upstream_seconds_sum 0.5" in asked
    assert "akin_requests_in_flight 0.0" in asked


def test_folders_of_the_dead_are_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server leaves a folder behind, which the next one removes; those of the living stay."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], check=True, capture_output=True
    )
    dead = tmp_path / f"akin-metrics-{int(done.stdout)}-abc"
    others = [tmp_path / f"akin-metrics-{os.getppid()}-abc", tmp_path / "akin-metrics-of-mine"]
    for folder in (dead, *others):
        folder.mkdir()
    made = fresh_folder()
    assert sorted(tmp_path.iterdir()) == sorted([made, *others])
    assert made.stat().st_mode & 0o777 == 0o700


def test_one_process_needs_no_folder() -> None:
    """Without workers the process tells of itself."""
    assert b"akin_requests_in_flight" in exposition()
