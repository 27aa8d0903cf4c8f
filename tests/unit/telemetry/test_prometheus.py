"""Metrics: the counters of this process, and those of workers, also of ended ones."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY

from app.telemetry import events
from app.telemetry.prometheus import FOLDER, exposition, new_folder

if TYPE_CHECKING:
    from pathlib import Path

WORKER = """
import sys
from app.telemetry import events
events.PAGES.labels("results.results", "200").inc(int(sys.argv[1]))
events.IN_FLIGHT.inc()
events.record_call("200", 0.25)
"""
PRINT = "from app.telemetry.prometheus import exposition; print(exposition().decode())"


def value(name: str, **labels: str) -> float:
    """The value of a metric in this process; 0 where nothing was counted."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_record_and_counters() -> None:
    """Events are counted, and are in the record of the request in progress only."""
    before = value("akin_upstream_calls_total", outcome="429")
    events.begin("id-of-the-request")
    events.record_call("429", 0.5)
    events.record_call("200", 0.25)
    events.record_source("cache")
    events.record_source("cache")
    events.record_source("upstream")
    record = events.current()
    events.end()
    events.record_call("429", 0.5)
    assert record is not None
    assert (record.upstream_calls, record.upstream_seconds) == (2, 0.75)
    assert record.cache == "cache 2, upstream 1"
    assert events.request_id() == ""
    assert value("akin_upstream_calls_total", outcome="429") == before + 2


def test_the_number_of_waiting_requests_returns_to_its_value() -> None:
    """Also when the waiting ends with an error."""
    before = value("akin_waiting")
    seen: list[float] = []

    def wait_and_fail() -> None:
        with events.waiting_for_call():
            seen.append(value("akin_waiting"))
            raise LookupError

    with pytest.raises(LookupError):
        wait_and_fail()
    assert (seen, value("akin_waiting")) == ([before + 1], before)


def test_the_metrics_of_workers_are_summed(tmp_path: Path) -> None:
    """Counters of all workers, also of ended ones; gauges only of those that run."""
    environment = {**os.environ, FOLDER: str(tmp_path)}
    for count in ("3", "4"):
        subprocess.run([sys.executable, "-c", WORKER, count], env=environment, check=True)
    lines = subprocess.run(
        [sys.executable, "-c", PRINT], env=environment, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert 'akin_pages_total{page="results.results",status="200"} 7.0' in lines
    assert 'akin_upstream_calls_total{outcome="200"} 2.0' in lines
    assert "akin_upstream_seconds_sum 0.5" in lines
    assert "akin_requests_in_flight 0.0" in lines


def test_folders_of_servers_that_have_ended_are_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the next server; folders of servers that run stay."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    process = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], check=True, capture_output=True
    )
    ended = tmp_path / f"akin-metrics-{int(process.stdout)}-abc"
    others = [tmp_path / f"akin-metrics-{os.getppid()}-abc", tmp_path / "akin-metrics-of-mine"]
    for folder in (ended, *others):
        folder.mkdir()
    created = new_folder()
    assert sorted(tmp_path.iterdir()) == sorted([created, *others])
    assert created.stat().st_mode & 0o777 == 0o700


def test_one_process_needs_no_folder() -> None:
    """Without workers the metrics are those of this process."""
    assert b"akin_requests_in_flight" in exposition()
