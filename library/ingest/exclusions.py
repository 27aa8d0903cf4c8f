"""What is not indexed: hidden names, junk of other programs, and what users exclude.

Users exclude by the patterns of AKIN_EXCLUDE, which apply below every folder that is indexed, and
by files named `.akinignore`, which apply below the folder that they are in. Both have the syntax
of gitignore; a later pattern, and a file that is deeper, decides. A negated pattern (`!name`)
includes junk as well, but never a hidden name. Knows names and patterns; reads no folder.
"""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING, Final

from pathspec import GitIgnoreSpec

from library.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE: Final = ".akinignore"
MAX_BYTES: Final = 64 * 1024  # of one file
_MAX_WILDCARDS: Final = 3  # of one pattern: matching takes longer with the power of their number
_MAX_PATTERNS: Final = 1000  # of one file
_MAX_LENGTH: Final = 500  # characters of a pattern

HIDDEN: Final = "hidden"
JUNK: Final = "junk of the system or of another program"

# In lower case. Caches of previews, wastebaskets, locks, unfinished downloads and copies.
_JUNK: Final = """
    @eadir @syno* @appstore #recycle #snapshot @recycle @recently-snapshot @tmp $recycle.bin
    recycler recycled
    system?volume?information __macosx lost+found found.??? network?trash?folder temporary?items
    thumbs.db thumbs.db:* ehthumbs*.db desktop.ini folder.ini icon\r picasa.ini zbthumbnail.info
    pspbrwse.jbf *.lrdata *~ ~$* ~*.tmp *.tmp *.temp *.part *.partial *.crdownload *.download
    *.opdownload *.filepart *.aria2 *.!ut *.!qb *.bc! *.swp *.swo ~syncthing~* *.lock *.bak
    node_modules __pycache__ __init__.py
"""
# Within the libraries of photo programs, beside the originals.
_CACHES: Final = re.compile(
    r"(?:.*/)?[^/]+\.(?:photoslibrary|migratedphotolibrary|photolibrary|aplibrary)/"
    r"(?:resources|database|private|internal|external|scopes|previews|thumbnails)"
    r"|(?:.*/)?capture ?one/cache",
    re.IGNORECASE,
)
_IS_JUNK: Final = re.compile("|".join(translate(name) for name in _JUNK.split(" ")
                                      for name in name.split("\n") if name)).match  # fmt: skip


class BadPattern(LibraryError):
    """A pattern of exclusion that cannot be used; the text says which and why."""


def patterns_of(setting: str) -> list[str]:
    r"""Return the patterns of AKIN_EXCLUDE: one a line, or separated by spaces or commas.

    In one line, a space within a pattern is written `\ `.
    """
    if "\n" in setting:
        return [line.strip("\r") for line in setting.split("\n") if line.strip()]
    return [pattern for pattern in re.split(r"(?<!\\)[\s,]+", setting) if pattern]


def parse(patterns: Iterable[str], source: str) -> GitIgnoreSpec:
    """Return the patterns of `source`, a setting or a file. Raises BadPattern."""
    lines = [line for line in patterns if line.strip() and not line.startswith("#")]
    if len(lines) > _MAX_PATTERNS:
        raise BadPattern(f"{source} has more than {_MAX_PATTERNS} patterns")
    for line in lines:
        reason = ""
        if len(line) > _MAX_LENGTH:
            reason = f"is longer than {_MAX_LENGTH} characters"
        elif len(re.findall(r"\*+", line.replace("**/", "*", 1).replace("/**", "", 1))) > (
            _MAX_WILDCARDS
        ):
            reason = f"has more than {_MAX_WILDCARDS} wildcards"
        else:
            try:
                GitIgnoreSpec.from_lines([line])
            except (ValueError, re.error) as error:
                reason = f"is no pattern of gitignore ({error})"
        if reason:
            raise BadPattern(f"{source}: {line[:60]!r} {reason}; correct the pattern")
    return GitIgnoreSpec.from_lines(lines)


class Exclusions:
    """The rules below one folder that is indexed; `.akinignore` files are added while it is read.

    `setting` are the patterns of AKIN_EXCLUDE.
    """

    def __init__(self, setting: GitIgnoreSpec | None = None) -> None:
        self._setting = setting if setting is not None and len(setting) else None
        self._files: dict[str, GitIgnoreSpec] = {}  # folder -> the patterns of its file

    def add(self, folder: str, content: bytes) -> None:
        """Add the `.akinignore` of a folder. Raises BadPattern."""
        source = f"{folder}/{FILE}" if folder else FILE
        lines = content.decode("utf-8-sig", "replace").splitlines()
        self._files[folder] = parse(lines, source)

    def reason(self, path: str, *, is_folder: bool) -> str | None:
        """Return why what is at `path` is not indexed; None where it is. Its folder is indexed."""
        name = path.rpartition("/")[2]
        if name.startswith("."):
            return HIDDEN
        if (self._setting or self._files) and (
            decided := self._by_users(f"{path}/" if is_folder else path)
        ) is not None:
            return decided or None
        is_junk = _IS_JUNK(name.lower()) or (is_folder and _CACHES.fullmatch(path))
        return JUNK if is_junk else None

    def covers(self, path: str) -> bool:
        """Return whether a file at `path`, or a folder that it is in, is not indexed."""
        parts = path.split("/")
        return any(
            self.reason("/".join(parts[:depth]), is_folder=depth < len(parts)) is not None
            for depth in range(1, len(parts) + 1)
        )

    def _by_users(self, path: str) -> str | None:
        """Return the reason of the pattern that decides, "" where it includes, None: no pattern."""
        folder = path.rstrip("/")
        while folder and self._files:
            folder = folder.rpartition("/")[0]
            spec = self._files.get(folder)
            if spec is not None:
                below = path[len(folder) + 1 :] if folder else path
                if (is_excluded := spec.check_file(below).include) is not None:
                    source = f"{folder}/{FILE}" if folder else FILE
                    return f"excluded by {source}" if is_excluded else ""
        if self._setting is not None:
            is_excluded = self._setting.check_file(path).include
            if is_excluded is not None:
                return "excluded by AKIN_EXCLUDE" if is_excluded else ""
        return None
