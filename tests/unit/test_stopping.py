"""Ctrl-C at `make run`: the terminal sends it to the server and to its worker."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

import scripts.server
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture
def port() -> int:
    """Where it listens."""
    return free_port()


@pytest.fixture
def server(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """What scripts/run becomes in the end, before a project that nobody asks."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))}
    settings = {
        "SCENARIO_SDK_JWT": "token-of-the-tests",
        "SCENARIO_BASE_URL": "http://127.0.0.1:1/v1",
        "AKIN_DATA": str(tmp_path),
        "PORT": str(port),
    }
    last = (ROOT / "scripts" / "run").read_text().partition("exec .venv/bin/python ")[2]
    words = last.replace("\\\n", " ").replace('"$PORT"', str(port)).split()
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=kept | settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        while not answers(port):
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def answers(port: int) -> bool:
    """Whether somebody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60):
            return True
    except OSError:
        return False


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """The processes that it has started."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=", "-o", "ppid="], capture_output=True, text=True, check=True
    )
    pairs = [line.split() for line in table.stdout.splitlines()]
    return [int(pid) for pid, parent in pairs if int(parent) == process.pid]


@pytest.mark.skipif(shutil.which("ps") is None, reason="ps is not installed (procps)")
def test_a_worker_leaves_it_to_the_server(server: subprocess.Popen[str], port: int) -> None:
    """It would be taken for one that has crashed where it ended first."""
    (worker,) = workers_of(server)
    os.kill(worker, signal.SIGINT)
    assert answers(port)
    assert workers_of(server) == [worker]
    os.killpg(server.pid, signal.SIGINT)
    said, _ = server.communicate()
    assert (server.returncode, said) == (0, "")
    assert not answers(port)


def test_a_signal_within_a_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes while the first holds the lock of what it sets: neither waits for the other."""
    monkeypatch.setattr(scripts.server, "_first", threading.Lock())
    loop = threading.Event()
    server = SimpleNamespace(interrupt_signal=False, main_loop_interrupt=loop)

    def signalled() -> None:
        with loop._cond:  # type: ignore[attr-defined]
            scripts.server.stop_once(server)
            scripts.server.stop_once(server)

    handling = threading.Thread(target=signalled, daemon=True)
    handling.start()
    handling.join(60)
    assert not handling.is_alive()
    assert loop.wait(60)
    assert server.interrupt_signal
