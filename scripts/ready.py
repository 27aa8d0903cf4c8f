"""Says what is wrong with the settings, or that the port is taken, before anything is installed.

    python scripts/ready.py

Needs nothing but Python, and ends with status 1 and a line for each mistake. Where this Python is
too old to read config.py, it says nothing: scripts/setup looks for another one.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config import Settings

ROOT = Path(__file__).parent.parent


def trouble(settings: Settings) -> str:
    """Why nothing can be served with these settings here and now; empty where it can."""
    folder = Path(settings.assets).expanduser()
    if settings.assets and not settings.has_key and (mistake := _unreadable(folder)):
        return f"ASSETS: {settings.assets} {mistake}."
    if mistake := _unwritable(settings.data):
        return f"AKIN_DATA: {settings.data} {mistake}."
    family = socket.AF_INET6 if ":" in settings.listen else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.listen, settings.port))
        except OSError as error:
            where = f"{settings.listen}:{settings.port}"
            return f"Cannot listen on {where}: {error.strerror}. Choose another port: PORT=8001"
    return ""


def _unreadable(folder: Path) -> str:
    """Why a folder cannot be browsed; empty where it can."""
    if not folder.is_dir():
        return "is a file, and a folder is wanted" if folder.exists() else "is not there"
    return "" if os.access(folder, os.R_OK | os.X_OK) else "cannot be read"


def _unwritable(folder: Path) -> str:
    """Why nothing can be kept in a folder, whether it is there or has to be made; else empty."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        return "is a file" if there == folder.absolute() else f"cannot be made: {there} is a file"
    if not os.access(there, os.W_OK | os.X_OK):
        return "cannot be written"
    return ""


def main() -> int:
    """Print what is wrong; answers the exit status."""
    sys.path.insert(0, str(ROOT))
    from config import InvalidSettings, Settings

    try:
        found = trouble(Settings.from_environ(os.environ))
    except InvalidSettings as error:
        found = str(error)
    except OSError as error:  # a folder that may not even be looked into
        found = f"{error.filename}: {error.strerror}"
    if found:
        print(f"Akin cannot start:\n{found}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__" and sys.version_info >= (3, 11):
    sys.exit(main())
