"""Start Akin from nothing: install, index, serve. What `run.py` and `make serve` do.

Settings are environment variables (docs/configuration.md):

- `AKIN_ASSETS`: the folders to browse, separated as in PATH; empty: the demo library.
- `AKIN_DATA`: where Akin stores its files; empty: `instance`.
- `PORT`: 8000 if empty.
- `SCENARIO_SDK_API_KEY` and `SCENARIO_SDK_API_SECRET`, or `SCENARIO_SDK_JWT`: browse that project.

This module needs only the standard library, on Linux, macOS and Windows.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import extras
from environment.declarations import read
from library.folders import parse_folders
from scripts import announce, ready, vendor
from scripts.install import DEMO, IS_WINDOWS, MODELS, ROOT, Installer, NotInstalled, python_of

if TYPE_CHECKING:
    from collections.abc import Callable

APP: Final = "requirements/app.lock"
LIBRARY: Final = "requirements/library.lock"
KEYS: Final = ("SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET", "SCENARIO_SDK_JWT")
# One worker: its memory (responses, vectors) serves every page.
SERVER: Final = ("-m", "scripts.server", "wsgi:application", "--kill-seconds", "2")


class Stopped(Exception):
    """A step has failed and has printed why; `status` is its exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def run() -> None:
    """Install, index the folder or the demo pack, serve on this machine.

    Packages that only some files need are installed when the indexer meets such a file.
    """
    installer = Installer(compiles=False)
    assets = os.environ["AKIN_ASSETS"]
    # Installed before: they follow a change of their versions, and of the Python of .venv.
    known = [extra.lock for extra in extras.ALL if installer.has(extra.lock)]
    beside: list[str] = []
    if has_key():
        installer.install([APP, *_for_settings(), *known])
        if assets:
            print("ASSETS is not used: a key for a Scenario project is set", file=sys.stderr)
    else:
        if not installer.has(LIBRARY):
            size = 350 if assets else 470
            print(f"The first run takes about a minute and installs about {size} MB into .venv")
        installer.install([LIBRARY, MODELS, *_for_settings(), *known])
        _install_second_pass(installer)
        if not assets:
            installer.install([DEMO])
        beside = _indexer(assets, installer)
    vendor.fetch()
    _serve(*SERVER, "--port", os.environ["PORT"], beside=beside)


def serve() -> None:
    """Install all packages, by hash; index the folder; serve with several workers."""
    # The packages are there before anything is read: .venv may be read-only for the server's user.
    os.environ.setdefault("AKIN_INSTALL", "off")
    installer = Installer()
    assets = os.environ["AKIN_ASSETS"]
    if has_key():
        installer.install([APP, *_for_settings()])
    elif assets or _demo(Path(os.environ["AKIN_DATA"])).exists():
        for_files = [extra.lock for extra in extras.FOR_FILES]
        installer.install([LIBRARY, MODELS, *for_files, *_for_settings()])
        _install_second_pass(installer)
        if assets:
            _start_indexer(_indexer(assets, installer))
    else:
        print(
            "There is nothing to serve: set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET to "
            "browse a Scenario project, or name a folder: AKIN_ASSETS, or make serve ASSETS=folder",
            file=sys.stderr,
        )
        raise Stopped(1)
    _replace([python_of(), "-m", "app", "serve"])


def _for_settings() -> list[str]:
    """The lock files of the extras that settings need, also settings in a file.

    `ready` has checked them.
    """
    names = {name for extra in extras.EXTRAS for name, _ in extra.settings}
    given = {name: read(os.environ, name, from_file=True) for name in names}
    return [extra.lock for extra in extras.of_settings(given)]


def _install_second_pass(installer: Installer) -> None:
    """Install what its settings need; Akin runs without it, also where .venv is read-only."""
    for extra in extras.SECOND_PASS:
        is_due = extra.is_set(os.environ) and not installer.has_failed(extra.lock)
        if is_due and (failure := installer.attempt(extra.lock)):
            print(f"no packages for {extra.what}: {failure}", file=sys.stderr)


def start(command: Callable[[], None]) -> int:
    """Run `run` or `serve` after checking the settings; return the exit status.

    Wrong settings are reported before anything is installed.
    """
    os.chdir(ROOT)
    for variable in ("PYTHONHOME", "PYTHONPATH"):
        os.environ.pop(variable, None)  # they would lead to other versions than those of .venv
    os.environ.setdefault("PORT", "8000")
    for variable, default in (("AKIN_DATA", "instance"), ("AKIN_ASSETS", "")):
        # A shell does not expand `~` in ASSETS=~/folder.
        os.environ[variable] = _expanded(os.environ.get(variable) or default)
    if status := ready.main():
        return status
    try:
        command()
    except Stopped as stopped:
        return stopped.status
    except NotInstalled as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def library_arguments(assets: str) -> list[str]:
    """Return the folders of AKIN_ASSETS as `python -m library index` takes them."""
    return [
        str(folder.path) if folder.name is None else f"{folder.name}={folder.path}"
        for folder in parse_folders(assets)
    ]


def _expanded(folder: str) -> str:
    is_home = folder == "~" or folder[:2] in {"~/", "~\\"}
    return str(Path(folder).expanduser()) if is_home else folder


def has_key() -> bool:
    """Return whether the environment has a key of the API, or names a file with one."""
    names = (*KEYS, *(f"{variable}_FILE" for variable in KEYS))
    return any(os.environ.get(name) for name in names)


def _demo(data: Path) -> Path:
    return data / "libraries" / "demo" / "library.sqlite"


def _indexer(assets: str, installer: Installer) -> list[str]:
    """Create the library, and return the arguments of its indexer; empty where nothing changes.

    The demo pack never changes; its index depends on the library's code and its packages.
    """
    if assets:
        folders = library_arguments(assets)
        _python("-m", "library", "create", *folders)
        return ["index", "--background", *folders]
    demo = _demo(Path(os.environ["AKIN_DATA"]))
    made = demo.with_name("made-by")
    if demo.exists() and made.exists() and made.read_text("utf-8") == _library_state(installer):
        return []
    _python("-m", "library", "create")
    return ["demo", "--background"]


def remember_demo() -> None:
    """Store what the demo's index was made by, so that the next start does not index it again."""
    made = _demo(Path(os.environ["AKIN_DATA"])).with_name("made-by")
    made.write_text(_library_state(Installer()), "utf-8")  # extras may have been installed


def _library_state(installer: Installer) -> str:
    """Return a digest of the library's code, its packages, image model and second pass."""
    sources = [*ROOT.glob("library/**/*.py"), *ROOT.glob("library/**/*.lark"), ROOT / "extras.py"]
    known = [extra.lock for extra in extras.ALL if installer.has(extra.lock)]
    locks = [ROOT / name for name in (LIBRARY, MODELS, DEMO, *known)]
    on = [extra.name for extra in extras.SECOND_PASS if extra.is_set(os.environ)]
    settings = " ".join([os.environ.get("AKIN_IMAGE_MODEL", ""), *on])
    total = hashlib.blake2b(settings.encode(), digest_size=16)
    for path in [*sorted(sources), *locks]:
        total.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def _python(*arguments: str) -> None:
    """Run a program with the Python of .venv. Raises Stopped where it fails."""
    status = subprocess.call([python_of(), *arguments])  # noqa: S603 - our own .venv
    if status:
        raise Stopped(status if status > 0 else 128 - status)


def _serve(*arguments: str, beside: list[str]) -> NoReturn:
    """Become the server, with an indexer `beside` it; print its address as soon as it responds."""
    port = os.environ["PORT"]
    if IS_WINDOWS:
        server = subprocess.Popen([python_of(), *arguments])  # noqa: S603 - our own .venv
        address = f"http://127.0.0.1:{port}"

        def is_running() -> bool:
            return server.poll() is None

        threading.Thread(target=announce.wait, args=(address, is_running), daemon=True).start()
        if beside:
            from scripts import indexing  # which imports this module

            threading.Thread(target=indexing.keep, args=(beside, is_running), daemon=True).start()
        raise Stopped(_wait(server))
    subprocess.Popen(  # noqa: S603 - our own .venv
        [python_of(), "-m", "scripts.announce", port, str(os.getpid())]
    )
    _start_indexer(beside)
    _replace([python_of(), *arguments])


def _start_indexer(arguments: list[str]) -> None:
    """Start an indexer beside the server that this process becomes; nothing without arguments."""
    if arguments:
        subprocess.Popen(  # noqa: S603 - our own .venv
            [python_of(), "-m", "scripts.indexing", str(os.getpid()), *arguments]
        )


def _replace(command: list[str | Path]) -> NoReturn:
    """Become another program, which gets the signals from then on."""
    if IS_WINDOWS:  # there, the new program would be another process
        raise Stopped(_wait(subprocess.Popen(command)))  # noqa: S603 - our own .venv
    sys.stdout.flush()
    os.execv(command[0], list(map(str, command)))  # noqa: S606 - our own .venv


def _wait(server: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            return server.wait()
        except KeyboardInterrupt:
            continue  # Ctrl-C reaches the server as well, which ends by itself


if __name__ == "__main__":
    sys.exit(start(serve))
