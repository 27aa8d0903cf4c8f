"""Check of settings, folders and port before anything is installed.

    python scripts/ready.py

Needs only the standard library; prints a line for each mistake and ends with status 1. Prints
nothing where this Python is too old for config.py.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config import Settings
    from library.folders import Bucket

ROOT = Path(__file__).parent.parent


def failure_of(settings: Settings) -> str:
    """Return why these settings cannot be served on this machine; empty where they can."""
    if not settings.has_key and (mistake := _unreadable_folders(settings)):
        return mistake
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


def _unreadable_folders(settings: Settings) -> str:
    """Return why the folders cannot be browsed; empty where they can, or could at the last run.

    A share that is not there is no reason not to start: its assets are marked as missing.
    """
    from library.folders import parse_folders
    from library.home import home_of

    folders = parse_folders(settings.assets)
    home = home_of(settings.data, [folder.path for folder in folders])
    if not folders or (home / "library.sqlite").exists():
        return ""
    for folder in folders:
        if mistake := _unreadable(folder.path):
            return f"ASSETS: {folder.path} {mistake}."
    return ""


def _unreadable(folder: Path | Bucket) -> str:
    """Return why a folder cannot be browsed; empty where it can, or that is not known yet."""
    from library.folders import Bucket

    if isinstance(folder, Bucket):
        return "" if folder.bucket else "names no bucket; write s3://bucket/prefix"
    if not folder.is_dir():
        return "is a file, not a folder" if folder.exists() else "does not exist"
    return "" if os.access(folder, os.R_OK | os.X_OK) else "cannot be read"


def _unwritable(folder: Path) -> str:
    """Return why a folder cannot be written, or created where it is missing; empty where it can."""
    existing = next(
        path for path in (folder.absolute(), *folder.absolute().parents) if path.exists()
    )
    if not existing.is_dir():
        return (
            "is a file"
            if existing == folder.absolute()
            else f"cannot be created: {existing} is a file"
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        return "cannot be written"
    return ""


def main() -> int:
    """Print the mistakes; return the exit status."""
    sys.path.insert(0, str(ROOT))
    from config import InvalidSettings, Settings

    try:
        failure = failure_of(Settings.from_environ(os.environ))
    except InvalidSettings as error:
        failure = str(error)
    except OSError as error:  # a folder that may not be entered
        failure = f"{error.filename}: {error.strerror}"
    if failure:
        print(f"Akin cannot start:\n{failure}", file=sys.stderr)
    return 1 if failure else 0


if __name__ == "__main__" and sys.version_info >= (3, 11):
    sys.exit(main())
