"""The names of sidecars: which file beside an asset describes it.

Names are compared without case, in composed form. `a.txt` and `a.png.txt` belong to `a.png`;
Google Takeout cuts long names, and puts the number of a copy elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from library.formats.file_types import KIND_OF_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# In the order in which they are read: what comes later counts more.
SUFFIXES: Final = (".description", ".caption", ".tags", ".json", ".txt", ".xmp")
_OWNERS: Final = frozenset(  # suffixes of files that may have one
    suffix for suffix, kind in KIND_OF_SUFFIX.items() if kind not in {"json", "text"}
)
# What may follow the name of the asset.
_FURTHER: Final = (".info",)
_TAKEOUT: Final = "supplemental-metadata"
_TAKEOUT_LENGTHS: Final = range(42, 52)  # of names that Takeout has cut, with a number or without
_MAX_COPIES: Final = 100  # of which one sidecar has a name that was cut
_NUMBER: Final = re.compile(r"(.*?)(\(\d{1,5}\))", re.DOTALL)
_EDITED: Final = re.compile(
    r"(.+)-(?:edited|bearbeitet|modifi\u00e9|modificato|editado|editada|bewerkt|redigerad|"
    r"redigeret|edytowane|\u7de8\u96c6\u6e08\u307f)",
    re.DOTALL,
)


@dataclass(slots=True)
class Sidecars:
    """The sidecars of the files of a folder and of all below it."""

    of: dict[str, tuple[str, ...]] = field(default_factory=dict)  # asset -> its sidecars
    alone: list[str] = field(default_factory=list)  # that belong to no file


def assign(paths: Iterable[str]) -> Sidecars:
    """Return which of the paths (POSIX separators) are sidecars, and of which others."""
    owners: dict[str, _Names] = defaultdict(_Names)
    candidates = []
    for path in paths:
        folder, _, name = path.rpartition("/")
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in _OWNERS:
            owners[folder].add(path, name)
        elif suffix in SUFFIXES:
            candidates.append((SUFFIXES.index(suffix), len(name), path))
    found: dict[str, list[str]] = defaultdict(list)
    result = Sidecars()
    for _, _, path in sorted(candidates):
        folder, _, name = path.rpartition("/")
        belongs = owners[folder].of_sidecar(name) if folder in owners else []
        for owner in belongs:
            found[owner].append(path)
        if not belongs and _is_named_like_one(name):
            result.alone.append(path)
    result.of = {owner: tuple(names) for owner, names in found.items()}
    return result


class _Names:
    """The assets of one folder, by the names that their sidecars may have."""

    def __init__(self) -> None:
        self._by_base: dict[str, list[str]] = defaultdict(list)  # stem or name -> paths
        self._documents: dict[str, list[str]] = defaultdict(list)  # stem -> paths
        # Number of a copy and name as Takeout writes them -> paths; sorted for cut names.
        self._by_takeout: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._sorted: list[tuple[str, str]] = []

    def add(self, path: str, name: str) -> None:
        stem, suffix = _split(key(name))
        self._by_base[stem + suffix].append(path)
        # The stem of a document is not enough: `report.txt` may be its text.
        is_document = KIND_OF_SUFFIX.get(suffix) == "document"
        (self._documents if is_document else self._by_base)[stem].append(path)
        if KIND_OF_SUFFIX.get(suffix) == "video":  # a live photograph's, which has no JSON
            match = _NUMBER.fullmatch(stem)
            self._by_takeout[(match[2], match[1]) if match else ("", stem)].append(path)
        for title, number in _takeout_titles(stem, suffix):
            self._by_takeout[number, title].append(path)

    def of_sidecar(self, name: str) -> list[str]:
        stem, suffix = _split(key(name))
        found = list(self._by_base.get(stem, ()))
        if suffix == ".xmp":
            found += self._documents.get(stem, ())
        for further in _FURTHER:
            found = found or list(self._by_base.get(stem.removesuffix(further), ()))
        if not found and suffix == ".json":
            found = self._of_takeout(stem)
        # Where names differ in case only, the one that is written alike.
        plain = name[: len(name) - len(suffix)]
        alike = [path for path in found if path.rpartition("/")[2].startswith(plain)]
        return alike or found

    def _of_takeout(self, stem: str) -> list[str]:
        match = _NUMBER.fullmatch(stem)
        title, number = (match[1], match[2]) if match else (stem, "")
        base, dot, mark = title.rpartition(".")
        if dot and _TAKEOUT.startswith(mark) and (found := self._by_takeout.get((number, base))):
            live = self._by_takeout.get((number, PurePosixPath(base).stem), []) if mark else []
            return [*found, *live]
        if found := self._by_takeout.get((number, title)):
            return list(found)
        if len(stem) not in _TAKEOUT_LENGTHS:
            return []
        if len(self._sorted) != len(self._by_takeout):
            self._sorted = sorted(self._by_takeout)
        at = bisect_left(self._sorted, (number, title))
        cut = [key for key in self._sorted[at : at + _MAX_COPIES]
               if key[0] == number and key[1].startswith(title)]  # fmt: skip
        if len(cut) > 1:  # the numbers of copies are at the end of their sidecars
            cut = [key for key in cut if not _NUMBER.fullmatch(_split(key[1])[0])]
        return list(self._by_takeout[cut[0]]) if len(cut) == 1 else []


def _takeout_titles(stem: str, suffix: str) -> Iterator[tuple[str, str]]:
    """Yield the name of the photograph and the number of its copy that Takeout's file may have."""
    yield stem + suffix, ""
    match = _NUMBER.fullmatch(stem)
    plain, number = (match[1], match[2]) if match else (stem, "")
    if number:
        yield plain + suffix, number
    if (edited := _EDITED.fullmatch(plain)) is not None:
        yield edited[1] + suffix, number


def _is_named_like_one(name: str) -> bool:
    """Return whether a name is that of a sidecar, although there is no file that it describes."""
    stem, suffix = _split(key(name))
    if suffix not in {".json", ".txt"}:
        return True
    match = _NUMBER.fullmatch(stem)
    base, dot, mark = (match[1] if match else stem).rpartition(".")
    if dot and len(mark) > 3 and _TAKEOUT.startswith(mark):
        stem = base
    return PurePosixPath(stem).suffix in _OWNERS


def key(name: str) -> str:
    """Return a name as names are compared."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def _split(name: str) -> tuple[str, str]:
    suffix = PurePosixPath(name).suffix
    return name[: len(name) - len(suffix)], suffix
