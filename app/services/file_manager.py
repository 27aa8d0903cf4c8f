"""The file manager of this machine: shows a file in its folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from app.errors import NoFileManager

_SECONDS: Final = 10.0
_DBUS: Final = (
    *("dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.FileManager1"),
    *("/org/freedesktop/FileManager1", "org.freedesktop.FileManager1.ShowItems"),
)


def commands(path: Path, platform: str = sys.platform) -> list[list[str]]:
    """Return the commands that show a file, the best first.

    On Linux: the interface of freedesktop.org, else the folder without the file selected.
    """
    if platform == "darwin":
        return [["open", "-R", str(path)]]
    if platform == "win32":
        return [["explorer", f"/select,{path}"]]
    return [
        [*_DBUS, f"array:string:{path.as_uri()}", "string:"],
        ["xdg-open", str(path.parent)],
    ]


def show_in_folder(place: str) -> None:
    """Open the folder of a file on the screen of this machine. Raises NoFileManager."""
    path = Path(place)
    if not path.is_absolute():  # in S3
        raise NoFileManager(f"The file is {place}.")
    for command in commands(path):
        try:
            # Explorer returns 1 where it has opened the folder.
            is_checked = command[0] != "explorer"
            subprocess.run(  # noqa: S603 - fixed programs, no shell; the path is one argument
                command, check=is_checked, timeout=_SECONDS, capture_output=True
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return
    raise NoFileManager(f"The file is {path}.")
