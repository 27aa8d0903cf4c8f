"""Programs of the desktop, as scripts that write down what they were called with."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_program(folder: Path, name: str, *, status: int = 0) -> Path:
    """Write a program that ends with a status; return the file that will have its arguments."""
    record = folder / f"{name}.arguments"
    script = folder / name
    script.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > "{record}.part"\nmv "{record}.part" "{record}"\n'
        f"exit {status}\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return record
