"""scripts/setup: what is killed while it makes .venv or installs into it, the next run makes anew.

The Python that it finds is a program of these tests: it makes a .venv with itself in it, writes
down what pip is asked for, and stands still where it is told to.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

PYTHON = """#!/bin/sh
# As python -c CODE, python -m pip ..., python --version; notes what is done in $DONE.
[ -z "${PYTHONPATH:-}" ] || echo "packages of others" >>"$DONE"
stand_still() {
    if [ -e "$DONE.stop-in-$1" ]; then touch "$DONE.in-$1"; exec sleep 600; fi
}
case "$*" in
    *runpy*) mkdir -p .venv/bin; stand_still venv; cp "$0" .venv/bin/python; echo venv >>"$DONE" ;;
    *pip\\ --version*) ;;
    *pip\\ install*) echo "${*##* }" >>"$DONE"; stand_still pip; [ ! -e "$DONE.offline" ] ;;
    *fcntl*) shift; exec "$REAL" -c "$1" ;;
    *site.get*) [ ! -e "$DONE.other-version" ] ;;
    *--version*) echo Python 3.99 ;;
esac
"""


class House:
    """A copy of the scripts with two requirements files, and a Python of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []
        self.done = folder / "done"
        shutil.copytree(ROOT / "scripts", folder / "scripts")
        (folder / "requirements.txt").write_text("flask\n")
        (folder / "requirements-more.txt").write_text("-r requirements.txt\nnumpy\n")
        python = folder / "fake" / "python3"
        python.parent.mkdir()
        python.write_text(PYTHON)
        python.chmod(0o755)

    def start(self, *files: str) -> subprocess.Popen[str]:
        """Run scripts/setup in a session of its own, as a terminal does."""
        environment = {
            "PATH": f"{self.folder / 'fake'}:{os.environ['PATH']}",
            "DONE": str(self.done),
            "REAL": sys.executable,
            "PYTHONPATH": "/packages/of/others",
        }
        process = subprocess.Popen(
            ["sh", "scripts/setup", *files],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """Leave nothing behind of what a test that has failed had started."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()

    def setup(self, *files: str) -> tuple[int, str]:
        """Run it to its end: its status, and what it said to somebody who reads errors."""
        process = self.start(*files)
        _, said = process.communicate()
        return process.returncode, said

    def told(self, name: str) -> Path:
        """Something that the Python looks for."""
        file = Path(f"{self.done}.{name}")
        file.touch()
        return file

    def was_done(self) -> list[str]:
        """What has been done so far, in order."""
        return self.done.read_text().splitlines() if self.done.exists() else []


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """In a folder with a space in its name."""
    folder = tmp_path / "our house"
    folder.mkdir()
    made = House(folder)
    yield made
    made.end()


def test_what_has_not_changed_is_not_installed_again(house: House) -> None:
    assert house.setup("requirements-more.txt") == (0, "")
    assert house.setup("requirements.txt", "requirements-more.txt") == (0, "")
    (house.folder / "requirements.txt").write_text("flask\njinja2\n")
    assert house.setup("requirements-more.txt") == (0, "")
    assert house.was_done() == ["venv", "requirements-more.txt", "requirements-more.txt"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("where", ["venv", "pip"])
def test_what_was_killed_is_made_anew(house: House, where: str, how: signal.Signals) -> None:
    order = house.told(f"stop-in-{where}")
    process = house.start("requirements.txt")
    while not Path(f"{house.done}.in-{where}").exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, how)
    _, said = process.communicate()
    assert process.returncode != 0
    assert "Traceback" not in said
    order.unlink()
    assert house.setup("requirements.txt") == (0, "")
    assert house.was_done()[-2:] == ["venv", "requirements.txt"]
    assert house.setup("requirements.txt") == (0, "")
    assert house.was_done()[-2:] == ["venv", "requirements.txt"]


def test_without_a_network_nothing_that_was_installed_is_lost(house: House) -> None:
    house.setup("requirements.txt")
    offline = house.told("offline")
    status, said = house.setup("requirements-more.txt")
    assert (status, said.split(" could ")[0]) == (1, "requirements-more.txt")
    assert "the same command goes on" in said
    assert house.setup("requirements.txt") == (0, "")
    offline.unlink()
    assert house.setup("requirements-more.txt") == (0, "")
    assert house.was_done() == ["venv", "requirements.txt", *["requirements-more.txt"] * 2]


def test_a_python_that_was_replaced_makes_it_anew(house: House) -> None:
    house.setup("requirements.txt")
    other = house.told("other-version")
    house.setup("requirements.txt")
    other.unlink()
    assert house.was_done() == ["venv", "requirements.txt"] * 2


def test_of_two_at_once_one_installs_and_the_other_waits(house: House) -> None:
    order = house.told("stop-in-venv")
    first = house.start("requirements.txt")
    while not Path(f"{house.done}.in-venv").exists():
        assert first.poll() is None
        time.sleep(0.01)
    second = house.start("requirements.txt")
    assert second.stderr is not None
    assert second.stderr.readline() == "Waiting for another make, which installs into .venv\n"
    order.unlink()
    os.killpg(first.pid, signal.SIGKILL)  # nobody is left who could give a lock back
    first.communicate()
    second.communicate()
    assert second.returncode == 0
    assert house.was_done() == ["venv", "requirements.txt"]


def test_a_python_that_is_too_old_is_named(house: House) -> None:
    (house.folder / "fake" / "python3").write_text("#!/bin/sh\nexit 1\n")
    for newer in ("python3.14", "python3.13", "python3.12", "python3.11"):
        shutil.copy(house.folder / "fake" / "python3", house.folder / "fake" / newer)
    status, said = house.setup("requirements.txt")
    assert (status, said.split(";")[0]) == (1, "Akin needs Python 3.11 or newer")
    assert "make run PYTHON=" in said
