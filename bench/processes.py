"""Server processes that benchmarks start: until their page is there, their CPU time and memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
_PAUSE = 0.01  # seconds between two requests for the page
_END_SECONDS = 10


@contextmanager
def started(
    command: Sequence[str], url: str, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a session of its own, from the first response at `url` to the end.

    Raises:
        RuntimeError: it ended before it responded; with the end of its output.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AKIN_", "SCENARIO_", "MAKE"))
    }
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=inherited | {"OMP_NUM_THREADS": "1"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            while not _responds(url):
                if process.poll() is not None:
                    log.seek(0)
                    raise RuntimeError(f"{command[0]} ended: {log.read().decode()[-2000:]}")
                time.sleep(_PAUSE)
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _responds(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=600) as response:  # noqa: S310 - our own servers
            response.read()
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def server(target: str, port: int, **options: int) -> list[str]:
    """Return the command that serves a WSGI application as `make serve` does."""
    command = [sys.executable, "-m", "scripts.server", target, "--port", str(port)]
    return command + [f"--{name}={value}" for name, value in options.items()]


def cpu_seconds(session: int) -> float:
    """Return the processor time that the processes of a session have used."""
    ticks = 0
    for folder in _processes(session):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def resident(session: int) -> float:
    """Return the megabytes of the processes of a session; shared pages count once (Pss)."""
    kilobytes = 0
    for folder in _processes(session):
        try:
            for line in (folder / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    kilobytes += int(line.split()[1])
        except OSError:
            continue  # it has ended meanwhile
    return kilobytes / 1000


def _processes(session: int) -> list[Path]:
    folders = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            folders.append(folder)
    return folders
