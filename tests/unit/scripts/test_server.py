"""Stopping the server: signals to the main process, to a worker and to the whole group."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts import launch
from tests.support.ports import free_port
from tests.support.processes import until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]


@pytest.fixture
def port() -> int:
    """The port of the server."""
    return free_port()


@pytest.fixture
def server(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """The server that run.py starts, for a project whose API is not reachable."""
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))}
    settings = {
        "SCENARIO_SDK_JWT": "token-of-the-tests",
        "SCENARIO_BASE_URL": "http://127.0.0.1:1/v1",
        "AKIN_DATA": str(tmp_path),
        "PORT": str(port),
    }
    process = subprocess.Popen(
        [sys.executable, *launch.SERVER, "--port", str(port)],
        cwd=ROOT,
        env=inherited | settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        until(lambda: responds(port), process, lambda: process.communicate()[0])
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def responds(port: int) -> bool:
    """Return whether the server responds."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60):
            return True
    except OSError:
        return False


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """Return its child processes."""
    table = subprocess.run(
        ["ps", "-A", "-o", "pid=", "-o", "ppid="], capture_output=True, text=True, check=True
    )
    pairs = [line.split() for line in table.stdout.splitlines()]
    return [int(pid) for pid, parent in pairs if int(parent) == process.pid]


@pytest.mark.skipif(shutil.which("ps") is None, reason="ps is not installed (procps)")
def test_worker_ignores_ctrl_c(server: subprocess.Popen[str], port: int) -> None:
    """A worker that ends before the main process stops it counts as crashed."""
    (worker,) = workers_of(server)
    os.kill(worker, signal.SIGINT)
    assert responds(port)
    assert workers_of(server) == [worker]
    os.killpg(server.pid, signal.SIGINT)
    output, _ = server.communicate()
    assert (server.returncode, output) == (0, "")
    assert not responds(port)


def test_many_signals(server: subprocess.Popen[str], port: int) -> None:
    """As when make forwards a signal that its whole process group has received."""
    workers = workers_of(server)
    while server.poll() is None:
        os.killpg(server.pid, signal.SIGTERM)
    output, _ = server.communicate()
    assert (server.returncode, output) == (0, "")
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    assert not responds(port)


def test_worker_that_is_loading_ends_at_once(tmp_path: Path, port: int) -> None:
    """Granian's handler is not installed yet: it would wait for the kill timeout."""
    (tmp_path / "loads.py").write_text(
        "import pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(600)\n"
    )
    words = f"loads:it --port {port} --kill-seconds 500"
    process = subprocess.Popen(
        [sys.executable, "-c", f"import runpy, sys\nsys.path.insert(0, {str(ROOT)!r})\n"
         "runpy.run_module('scripts.server', run_name='__main__', alter_sys=True)", *words.split()],
        cwd=tmp_path, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    try:
        until((tmp_path / "begun").exists, process, lambda: process.communicate()[0])
        process.terminate()
        assert process.communicate(timeout=300) == ("", None)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def test_worker_ends_with_the_main_process(server: subprocess.Popen[str], port: int) -> None:
    """A main process that was killed cannot stop its workers."""
    server.kill()
    server.communicate()  # ends when the last process that could write does
    assert not responds(port)
