"""scripts/install.py: an interrupted installation is repeated, an unchanged one is not.

The installer runs in a process of its own. It uses a Python that is a shell script of these tests:
it creates a .venv that contains itself, records its steps, and stops where a file requests it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from extras import EXTRAS
from scripts.install import Installer
from tests.support.processes import until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]

PYTHON = """#!/bin/sh
# As python -c CODE, python -m pip ...; records its steps in $DONE.
[ -z "${PYTHONPATH:-}" ] || echo "packages of others" >>"$DONE"
stop() {
    if [ -e "$DONE.stop-in-$1" ]; then touch "$DONE.in-$1"; exec sleep 600; fi
}
case "$*" in
    *runpy*) mkdir -p .venv/bin; stop venv; cp "$0" .venv/bin/python; echo venv >>"$DONE" ;;
    *pip\\ --version*) ;;
    *pip\\ install*) echo "${*##* }" >>"$DONE"; echo "$*" >>"$DONE.calls"
        stop pip; [ ! -e "$DONE.offline" ] ;;
    *site.get*) [ ! -e "$DONE.other-version" ] ;;
esac
"""
INSTALL = """
import sys
from pathlib import Path
from scripts import install
sys.exit(install.main(sys.argv[2:], install.Installer(Path.cwd(), python=sys.argv[1])))
"""


class Checkout:
    """A folder with two requirements files and a Python of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []
        self.done = folder / "done"
        (folder / "requirements.txt").write_text("flask\n")
        (folder / "requirements").mkdir()
        (folder / "requirements/more.txt").write_text("-r ../requirements.txt\nnumpy\n")
        self.python = folder / "python3"
        self.python.write_text(PYTHON)
        self.python.chmod(0o755)

    def start(self, *files: str) -> subprocess.Popen[str]:
        """Run the installer in a session of its own, as a terminal does."""
        script = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{INSTALL}"
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", script, str(self.python), *files],
            cwd=self.folder,
            env=os.environ | {"DONE": str(self.done), "PYTHONPATH": "/packages/of/others"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """Kill the processes of a test that has failed."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()

    def setup(self, *files: str) -> tuple[int, str]:
        """Run it to its end; return its exit status and its error output."""
        process = self.start(*files)
        _, errors = process.communicate()
        return process.returncode, errors

    def flag(self, name: str) -> Path:
        """Create a file that the Python script looks for."""
        file = Path(f"{self.done}.{name}")
        file.touch()
        return file

    def was_done(self) -> list[str]:
        """Return the recorded steps, in order."""
        return self.done.read_text().splitlines() if self.done.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """A checkout in a folder with a space in its name."""
    folder = tmp_path / "our checkout"
    folder.mkdir()
    checkout = Checkout(folder)
    yield checkout
    checkout.end()


def test_unchanged_requirements_are_not_installed_again(checkout: Checkout) -> None:
    assert checkout.setup("requirements/more.txt") == (0, "")
    assert checkout.setup("requirements.txt", "requirements/more.txt") == (0, "")
    (checkout.folder / "requirements.txt").write_text("flask\njinja2\n")
    assert checkout.setup("requirements/more.txt") == (0, "")
    assert checkout.was_done() == ["venv", "requirements/more.txt", "requirements/more.txt"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("where", ["venv", "pip"])
def test_interrupted_installation_is_repeated(
    checkout: Checkout, where: str, how: signal.Signals
) -> None:
    order = checkout.flag(f"stop-in-{where}")
    process = checkout.start("requirements.txt")
    until(Path(f"{checkout.done}.in-{where}").exists, process)
    os.killpg(process.pid, how)
    _, errors = process.communicate()
    assert process.returncode != 0
    assert "Traceback" not in errors
    order.unlink()
    assert checkout.setup("requirements.txt") == (0, "")
    assert checkout.was_done()[-2:] == ["venv", "requirements.txt"]
    assert checkout.setup("requirements.txt") == (0, "")
    assert checkout.was_done()[-2:] == ["venv", "requirements.txt"]


def test_installation_without_a_network(checkout: Checkout) -> None:
    checkout.setup("requirements.txt")
    offline = checkout.flag("offline")
    status, errors = checkout.setup("requirements/more.txt")
    assert (status, errors.split(" could ")[0]) == (1, "requirements/more.txt")
    assert "run the same command again" in errors
    assert checkout.setup("requirements.txt") == (0, "")
    offline.unlink()
    assert checkout.setup("requirements/more.txt") == (0, "")
    assert checkout.was_done() == ["venv", "requirements.txt", *["requirements/more.txt"] * 2]


def test_a_lock_file_is_installed_as_it_is(checkout: Checkout) -> None:
    """It names every package: nothing is resolved."""
    (checkout.folder / "requirements/app.lock").write_text("flask==3 --hash=sha256:00\n")
    assert checkout.setup("requirements/app.lock", "requirements.txt") == (0, "")
    locked, named = Path(f"{checkout.done}.calls").read_text().splitlines()
    assert "--no-deps" in locked
    assert "--no-deps" not in named


def test_all_extras_can_be_installed(checkout: Checkout) -> None:
    for extra in EXTRAS:
        (checkout.folder / extra.lock).write_text(f"{extra.name}==1\n")
    assert checkout.setup("--extras", "requirements.txt") == (0, "")
    expected = ["requirements.txt", *(extra.lock for extra in EXTRAS)]
    assert checkout.was_done() == ["venv", *expected]


def test_an_extra_is_attempted_once_an_hour_and_never_makes_the_environment_again(
    checkout: Checkout,
) -> None:
    """Without a network, every run of the indexer would wait for pip."""
    checkout.setup("requirements.txt")
    (checkout.folder / "requirements/media.lock").write_text("av==1\n")
    installer = Installer(checkout.folder, report=lambda _: None)
    offline = checkout.flag("offline")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DONE", str(checkout.done))
        assert "could not be installed" in installer.attempt("requirements/media.lock")
        offline.unlink()
        assert installer.has_failed("requirements/media.lock")
        failed = checkout.folder / ".venv/installed/requirements/media.lock.failed"
        os.utime(failed, (0, 0))
        assert not installer.has_failed("requirements/media.lock")
        assert installer.attempt("requirements/media.lock") == ""
        assert not failed.exists()
        (checkout.folder / "requirements/media.lock").write_text("av==2\n")
        (checkout.folder / ".venv/unfinished").touch()
        assert "not complete" in installer.attempt("requirements/media.lock")
    media = ["requirements/media.lock"] * 2
    assert checkout.was_done() == ["venv", "requirements.txt", *media]


def test_replaced_python_creates_the_environment_again(checkout: Checkout) -> None:
    checkout.setup("requirements.txt")
    other = checkout.flag("other-version")
    checkout.setup("requirements.txt")
    other.unlink()
    assert checkout.was_done() == ["venv", "requirements.txt"] * 2


def test_two_installers_take_turns(checkout: Checkout) -> None:
    order = checkout.flag("stop-in-venv")
    first = checkout.start("requirements.txt")
    until(Path(f"{checkout.done}.in-venv").exists, first)
    second = checkout.start("requirements.txt")
    assert second.stderr is not None
    assert second.stderr.readline() == "Waiting for another make, which installs into .venv\n"
    order.unlink()
    os.killpg(first.pid, signal.SIGKILL)  # it cannot release its lock
    first.communicate()
    second.communicate()
    assert second.returncode == 0
    assert checkout.was_done() == ["venv", "requirements.txt"]


def test_python_that_is_too_old(tmp_path: Path) -> None:
    """Reported by scripts/python."""
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "python").write_bytes((ROOT / "scripts" / "python").read_bytes())
    done = subprocess.run(
        ["/bin/sh", "scripts/python", "-c", ""],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.split(";")[0]) == (1, "Akin needs Python 3.11 or newer")
    assert "make run PYTHON=" in done.stderr
