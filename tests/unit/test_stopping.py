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
from typing import TYPE_CHECKING

import pytest

from scripts.server import Interrupt, worker_stop
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

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


def test_signals_without_end(server: subprocess.Popen[str], port: int) -> None:
    """As make hands on what its whole process group has got; and as somebody who is impatient."""
    workers = workers_of(server)
    while server.poll() is None:
        os.killpg(server.pid, signal.SIGTERM)
    said, _ = server.communicate()
    assert (server.returncode, said) == (0, "")
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    assert not answers(port)


def test_a_signal_at_any_line_of_another() -> None:
    """It sets what is being set, or waited for: neither waits for the other."""
    interrupt = Interrupt()
    lines: set[int] = set()

    def at_each_line(frame: FrameType, event: str, _: object) -> object:
        if frame.f_code.co_filename == Interrupt.wait.__code__.co_filename and event == "line":
            lines.add(frame.f_lineno)
            sys.settrace(None)
            interrupt.set()
            sys.settrace(at_each_line)
        return at_each_line

    def traced() -> None:
        sys.settrace(at_each_line)
        interrupt.set()
        interrupt.clear()
        interrupt.wait()
        sys.settrace(None)

    thread = threading.Thread(target=traced, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert interrupt.is_set()
    assert len(lines) > 4


def test_a_worker_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stops it is not told again while it is being told, nor later."""
    told: list[str] = []

    class Stop:
        """A signal of the worker's during which another one comes."""

        def set(self) -> None:
            told.append("begin")
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            told.append("end")

    monkeypatch.setattr("scripts.server.WorkerSignal", Stop)
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        worker_stop()
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
    assert told == ["begin", "end"]


def test_a_worker_that_is_loading_is_not_waited_for(tmp_path: Path, port: int) -> None:
    """It has no way of its own to stop yet; granian would wait until it may kill it."""
    (tmp_path / "loads.py").write_text(
        "import pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(600)\n"
    )
    words = f"--interface wsgi --port {port} --workers-kill-timeout 500 --log-level error loads:it"
    process = subprocess.Popen(
        [sys.executable, "-c", f"import runpy, sys\nsys.path.insert(0, {str(ROOT)!r})\n"
         "runpy.run_module('scripts.server', run_name='__main__', alter_sys=True)", *words.split()],
        cwd=tmp_path, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    try:
        while not (tmp_path / "begun").exists():
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        process.terminate()
        assert process.communicate(timeout=300) == ("", None)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def test_waiting_ends_when_it_is_set_and_not_before() -> None:
    """Also where it has been set more often than a pipe holds, and cleared."""
    interrupt = Interrupt()
    for _ in range(100_000):
        interrupt.set()
    interrupt.clear()
    assert not interrupt.is_set()
    thread = threading.Thread(target=interrupt.wait, daemon=True)
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    interrupt.set()
    thread.join(60)
    assert not thread.is_alive()
