"""The demo pack: where the `arcade` package keeps its game art.

Knows the package's name and folder; never imports it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from library.errors import LibraryError

_PACKAGE = "arcade"
_FOLDER = "arcade/resources/assets"
# Art and sounds; the pack's maps and licences would be the newest assets of the first page.
SUFFIXES = frozenset({".png", ".jpg", ".gif", ".wav", ".ogg", ".mp3", ".mp4"})


class DemoMissing(LibraryError):
    """The demo pack is not installed."""


def dated() -> str:
    """One day for all of the pack: its files tell only in which order they were unpacked."""
    day = datetime.fromtimestamp(folder().stat().st_mtime, UTC).date()
    return f"{day.isoformat()}T00:00:00.000Z"


def folder() -> Path:
    """The folder of the demo pack: CC0 game art by Kenney. Raises DemoMissing."""
    try:
        found = Path(str(distribution(_PACKAGE).locate_file(_FOLDER)))
    except PackageNotFoundError as error:
        raise DemoMissing(
            "the demo pack is missing: pip install --no-deps arcade==3.3.3"
        ) from error
    if not found.is_dir():
        raise DemoMissing(f"the package {_PACKAGE} has no {_FOLDER}: install arcade==3.3.3")
    return found
