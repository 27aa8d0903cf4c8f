"""Words of file and folder names, collections, ids, aspect ratios.

Pure functions of strings and numbers: indexing the same folder again gives the same results.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from math import gcd
from pathlib import PurePosixPath
from typing import Final

from library.formats.metadata import dates
from library.schema.documents import Collection
from library.schema.text_analysis import MARKS

# Words without meaning for an asset: of cameras, exports, numbering, grammar, folders.
_STOP_WORDS: Final = """
    a an and as at by for from in is it of on or the to with
    img image images dsc dscn pic picture pictures photo photos scan screenshot asset assets
    resource resources file files folder default untitled unnamed new old copy final draft temp tmp
    test tests version ver rev px res hd lo hi preview thumb thumbnail original output outputs
    png jpg jpeg gif webp wav mp mpeg ogg txt json svg psd
"""
_STOP: Final = frozenset(_STOP_WORDS.split())
_IDENTIFIER: Final = re.compile(r"(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}", re.IGNORECASE)
# A word: a run of capitals before a capitalised word, or a word.
_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", re.ASCII)
# Combining marks and joiners stay in their word.
_MIXED: Final = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{MARKS}\u200c\u200d])*")
_MAX_TAGS: Final = 32
_COMMON_RATIOS: Final = (
    (1, 1), (5, 4), (4, 3), (3, 2), (16, 10), (16, 9), (2, 1), (21, 9), (32, 9), (3, 1), (4, 1),
)  # fmt: skip
_RATIO_TOLERANCE: Final = 0.01  # of the quotient; 1366 x 768 is 16:9


def words(text: str) -> list[str]:
    """Return the words of a name in lower case: `femaleAdventurer_walk2` -> female, ..."""
    parts: list[str] = []
    for run in _MIXED.findall(_IDENTIFIER.sub(" ", composed(text))):
        # Only ASCII camelCase is split, so that letters with accents stay in their word.
        parts += _WORD.findall(run) if run.isascii() else [run]
    return [word.lower() for word in parts]


def tags(path: str) -> tuple[str, ...]:
    """Return tags of the file at `path` (below the root): words of its folders and name."""
    pure = PurePosixPath(path)
    named = words(" ".join([*pure.parts[:-1], pure.stem]))
    meaningful = (w for w in named if w not in _STOP and (len(w) > 1 or not w.isascii()))
    return tuple(dict.fromkeys(meaningful))[:_MAX_TAGS]


def name(path: str) -> str:
    """Return the default name of an asset: the file's stem, in composed form."""
    return composed(PurePosixPath(path).stem)


def composed(text: str) -> str:
    """Return a name in composed form (NFC); macOS stores accents apart from their letters."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def phrase(path: str) -> str:
    """Return the last folder and the name as a phrase for the text model."""
    pure = PurePosixPath(path)
    return " ".join(words(" ".join([*pure.parts[-2:-1], pure.stem])))


def collection(root: str, path: str) -> Collection | None:
    """Return the collection of a file, its top-level folder; None for a file at the top."""
    parts = PurePosixPath(path).parts
    if len(parts) < 2:
        return None
    digest = hashlib.sha256(os.fsencode(f"{root}\0{parts[0]}")).hexdigest()
    return Collection(id=f"collection_{digest[:16]}", name=composed(parts[0]))


def asset_id(sha256: str, path: str, attempt: int = 0) -> str:
    """Return the id of the asset with this content at this path; `attempt` if an id is taken.

    It is independent of the root: the same folder at another place has the same ids.
    """
    salt = f"\0{attempt}" if attempt else ""
    return "asset_" + hashlib.sha256(os.fsencode(f"{sha256}\0{path}{salt}")).hexdigest()[:24]


def aspect_ratio(width: int, height: int) -> str:
    """Return the nearest common ratio within one percent, "16:9", or else the reduced one."""
    quotient = width / height
    for wide, high in _COMMON_RATIOS:
        for w, h in ((wide, high), (high, wide)):
            if abs(quotient / (w / h) - 1) <= _RATIO_TOLERANCE:
                return f"{w}:{h}"
    divisor = gcd(width, height)
    return f"{width // divisor}:{height // divisor}"


def date(path: str) -> str | None:
    """Return the date in the name of a file; None without one."""
    moment = dates.of_name(PurePosixPath(path).stem)
    return None if moment is None else dates.written(moment)
