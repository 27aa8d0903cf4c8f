"""Install requirements files into .venv: `python -m scripts.install [--extras] FILE...`.

`--extras` installs the packages of all extras as well (extras.py). A lock file names every package
with the hashes of its files; those of IN_PART are installed without what is not used of them
(scripts/wheels.py).

A file is installed again only if its text, or that of a file that it includes, has changed: a copy
of each installed file is kept in `.venv/installed`, so that a second run does not start pip. While
something is written into .venv, `.venv/unfinished` exists; an interrupted .venv is made again. It
contains nothing of the user's. This module needs only the standard library.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from extras import EXTRAS
from scripts import wheels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT: Final = Path(__file__).parents[1]
IS_WINDOWS: Final = sys.platform == "win32"
MODELS: Final = "requirements/models.lock"
DEMO: Final = "requirements/demo.lock"
RETRY_SECONDS: Final = 3600.0
IN_PART: Final = frozenset({MODELS, DEMO})
_INCLUDED: Final = re.compile(r"^-r *(\S+)", re.MULTILINE)
_USABLE: Final = """
import os, site, sys
sys.exit(sys.version_info < (3, 11) or not os.path.isdir(site.getsitepackages()[0]))"""
# As `python -m venv .venv`, which would print a traceback at Ctrl-C.
_MAKE: Final = """
import runpy, signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
runpy.run_module("venv", run_name="__main__", alter_sys=True)"""


class NotInstalled(Exception):
    """A virtual environment or its packages could not be made; the text says what to do."""


def python_of(root: Path = ROOT) -> Path:
    """Return the path of the Python in .venv."""
    return root / ".venv" / ("Scripts/python.exe" if IS_WINDOWS else "bin/python")


class Installer:
    """The virtual environment of a checkout, made by `python`.

    `compiles`: whether byte code is written for all modules and not only for those in use, which
    takes time and a fifth of the space; users who cannot write into .venv need it. `report` prints
    a line.
    """

    def __init__(
        self,
        root: Path = ROOT,
        python: str = "",
        *,
        compiles: bool = True,
        report: Callable[[str], None] = lambda line: print(line, flush=True),
    ) -> None:
        self._root, self._compiles, self._report = root, compiles, report
        # Not the Python in .venv, which may be removed.
        self._base_python = python or os.path.realpath(sys.executable)
        self._venv = root / ".venv"
        self._installed = self._venv / "installed"
        self._unfinished = self._venv / "unfinished"
        self._python = python_of(root)

    def install(self, files: Sequence[str]) -> None:
        """Install what has changed of these files. Raises NotInstalled."""
        if self._is_current(files):
            return
        with self._turn() as lock:
            for file in files:
                if self._is_current([file]):
                    continue
                if not self._is_usable() or not self._runs("-m", "pip", "--version"):
                    self._make_venv(lock)
                self._install(file, lock)

    def attempt(self, file: str) -> str:
        """Install a file into the .venv of this process; return why that fails, or "".

        The environment is never made again.
        """
        failed = self._failure(file)
        try:
            if not self._is_usable() or not self._runs("-m", "pip", "--version"):
                return "the environment is not complete, or has no pip"
            self.install([file])
            failed.unlink(missing_ok=True)
        except NotInstalled as error:
            failed.parent.mkdir(parents=True, exist_ok=True)
            failed.touch()
            return str(error)
        except OSError as error:
            return f"{error.filename or 'the environment'}: {error.strerror or error}"
        return ""

    def has_failed(self, file: str) -> bool:
        """Return whether an attempt has failed within the last hour.

        pip takes long to find that there is no network.
        """
        try:
            return abs(time.time() - self._failure(file).stat().st_mtime) < RETRY_SECONDS
        except OSError:
            return False

    def _failure(self, file: str) -> Path:
        return self._installed / f"{file}.failed"

    def has(self, file: str) -> bool:
        """Return whether some version of a requirements file has been installed."""
        return (self._installed / file).exists()

    def _included(self, file: str) -> Iterator[str]:
        """The file and the files that it includes, as paths below the root."""
        yield file
        for other in _INCLUDED.findall((self._root / file).read_text("utf-8")):
            path = os.path.normpath(Path(file).parent / other)
            yield from self._included(Path(path).as_posix())

    def _is_current(self, files: Sequence[str]) -> bool:
        for file in files:
            for name in self._included(file):
                try:
                    if (self._installed / name).read_bytes() != (self._root / name).read_bytes():
                        return False
                except OSError:
                    return False
        return self._is_usable()

    def _is_usable(self) -> bool:
        """Whether .venv is complete, and its Python new enough and still where it was."""
        return not self._unfinished.exists() and self._runs("-c", _USABLE)

    def _runs(self, *arguments: str) -> bool:
        try:
            done = subprocess.run(  # noqa: S603 - our own .venv
                [self._python, *arguments], capture_output=True, check=False
            )
        except OSError:
            return False
        return done.returncode == 0

    @contextlib.contextmanager
    def _turn(self) -> Iterator[IO[bytes]]:
        """Wait while another process installs into the same .venv.

        Child processes inherit the lock, so it ends with the last process that writes.
        """
        with (self._root / ".venv.lock").open("a+b") as file:
            if not _lock(file, wait=False):
                print("Waiting for another make, which installs into .venv", file=sys.stderr)
                _lock(file, wait=True)
            yield file

    def _call(self, lock: IO[bytes], *command: str | Path, **environment: str) -> bool:
        inherited = {} if IS_WINDOWS else {"pass_fds": (lock.fileno(),)}
        done = subprocess.run(  # type: ignore[call-overload]  # noqa: S603 - our own programs
            command, cwd=self._root, env=os.environ | environment, check=False, **inherited
        )
        return bool(done.returncode == 0)

    def _make_venv(self, lock: IO[bytes]) -> None:
        self._report("Making .venv")
        shutil.rmtree(self._venv, ignore_errors=True)
        self._venv.mkdir(parents=True, exist_ok=True)
        self._unfinished.touch()
        if not self._call(lock, self._base_python, "-c", _MAKE, ".venv"):
            shutil.rmtree(self._venv, ignore_errors=True)
            raise NotInstalled(
                f"{self._base_python} cannot make a virtual environment. "
                "On Debian, install it: apt-get install python3-venv"
            )
        # Python 3.11 adds it to every environment; nothing here uses it.
        self._runs("-m", "pip", "uninstall", "--quiet", "--yes", "setuptools")

    def _install(self, file: str, lock: IO[bytes]) -> None:
        self._report(f"Installing {file}")
        self._unfinished.touch()
        if not (self._pip_in_part if file in IN_PART else self._pip_all)(file, lock):
            self._unfinished.unlink(missing_ok=True)  # pip has removed what it had begun
            raise NotInstalled(
                f"{file} could not be installed; the lines above say why. If the network was not "
                "available, run the same command again: it continues from here"
            )
        for name in self._included(file):
            copy = self._installed / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._root / name, copy)
        self._unfinished.unlink(missing_ok=True)

    def _pip_all(self, file: str, lock: IO[bytes]) -> bool:
        # A lock file is complete: there is nothing to resolve.
        alone = ["--no-deps"] if file.endswith(".lock") else []
        return self._pip(lock, "install", *alone, *self._compilation, "-r", file)

    def _pip_in_part(self, file: str, lock: IO[bytes]) -> bool:
        with tempfile.TemporaryDirectory(dir=self._venv, prefix="wheels-") as folder:
            only = ("--no-deps", "--only-binary=:all:", "--dest", folder)
            if not self._pip(lock, "download", *only, "-r", file):
                return False
            for wheel in Path(folder).glob("*.whl"):
                wheels.reduce(wheel)
            # By force, because the whole package may be there in the same version.
            settings = ("--no-deps", "--no-index", "--force-reinstall", *self._compilation)
            return self._pip(lock, "install", *settings, *Path(folder).glob("*.whl"))

    @property
    def _compilation(self) -> list[str]:
        return [] if self._compiles else ["--no-compile"]

    def _pip(self, lock: IO[bytes], command: str, *arguments: str | Path) -> bool:
        options = ("--quiet", "--disable-pip-version-check")
        # Into .venv, whatever pip's own settings say of other places.
        settings = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}
        return self._call(
            lock, str(self._python), "-m", "pip", command, *options, *arguments, **settings
        )


def _lock(file: IO[bytes], *, wait: bool) -> bool:
    """Lock an open file until its last descriptor is closed; return False where it is locked.

    A file system without locks counts as unlocked.
    """
    if sys.platform == "win32":
        import msvcrt

        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:
                    return False
            else:
                return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def main(arguments: Sequence[str], installer: Installer | None = None) -> int:
    """Install the files; print what prevents it; return the exit status."""
    files = [argument for argument in arguments if argument != "--extras"]
    if "--extras" in arguments:
        files += [extra.lock for extra in EXTRAS]
    # Variables of other programs would lead to other versions than those of .venv.
    for variable in ("PYTHONHOME", "PYTHONPATH"):
        os.environ.pop(variable, None)
    try:
        (installer or Installer()).install(files)
    except NotInstalled as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
