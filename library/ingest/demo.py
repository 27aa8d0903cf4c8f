"""The demo pack: the folder of game art in the `arcade` package, which is not imported."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from library.errors import LibraryError

_PACKAGE = "arcade"
_FOLDER = "arcade/resources/assets"
# Art and sounds, without the maps and licences of the pack.
SUFFIXES = frozenset({".png", ".jpg", ".gif", ".wav", ".ogg", ".mp3", ".mp4"})


class DemoMissing(LibraryError):
    """The demo pack is not installed."""


def date() -> str:
    """Return one date for the whole pack: the times of its files are those of unpacking."""
    day = datetime.fromtimestamp(folder().stat().st_mtime, UTC).date()
    return f"{day.isoformat()}T00:00:00.000Z"


def folder() -> Path:
    """Return the folder of the demo pack: CC0 game art by Kenney. Raises DemoMissing."""
    try:
        path = Path(str(distribution(_PACKAGE).locate_file(_FOLDER)))
    except PackageNotFoundError as error:
        raise DemoMissing(
            "the demo pack is missing: python3 -m scripts.install requirements/demo.lock"
        ) from error
    if not path.is_dir():
        raise DemoMissing(f"the package {_PACKAGE} has no {_FOLDER}: install arcade==3.3.3")
    return path
