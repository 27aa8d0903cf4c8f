"""What names tell: words of file and folder names, collections, ids, aspect ratios.

Knows strings and numbers only. All of it is a pure function, so that indexing the same folder
again says the same.
"""

from __future__ import annotations

import hashlib
import os
import re
from math import gcd
from pathlib import PurePosixPath
from typing import Final

from library.documents import Collection

# Words that say nothing about one asset: of cameras, exports, numbering, English grammar, folders.
_STOP_WORDS: Final = """
    a an and as at by for from in is it of on or the to with
    img image images dsc dscn pic picture pictures photo photos scan screenshot asset assets
    resource resources file files folder default untitled unnamed new old copy final draft temp tmp
    test tests version ver rev px res hd lo hi preview thumb thumbnail original output outputs
    png jpg jpeg gif webp wav mp mpeg ogg txt json svg psd
"""
_STOP: Final = frozenset(_STOP_WORDS.split())
_IDENTIFIER: Final = re.compile(r"(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}", re.IGNORECASE)
# A word: a run of capitals before a capitalised word, a word, or any other script's letters.
_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[^\W\d_A-Za-z]+", re.UNICODE)
_MIXED: Final = re.compile(r"[^\W\d_]+", re.UNICODE)
_MAX_TAGS: Final = 32
_COMMON_RATIOS: Final = (
    (1, 1), (5, 4), (4, 3), (3, 2), (16, 10), (16, 9), (2, 1), (21, 9), (32, 9), (3, 1), (4, 1),
)  # fmt: skip
_RATIO_TOLERANCE: Final = 0.01  # of the quotient; 1366 x 768 is 16:9


def words(text: str) -> list[str]:
    """The words of a name in lower case, in order: `femaleAdventurer_walk2` -> female ..."""
    found = []
    for run in _MIXED.findall(_IDENTIFIER.sub(" ", text)):
        # Letters with accents belong to their word: only plain camelCase is taken apart.
        found += _WORD.findall(run) if run.isascii() else [run]
    return [word.lower() for word in found]


def tags(path: str) -> tuple[str, ...]:
    """Tags of the file at `path` (below the library's root): words of its folders and name."""
    pure = PurePosixPath(path)
    found = words(" ".join([*pure.parts[:-1], pure.stem]))
    telling = (w for w in found if w not in _STOP and (len(w) > 1 or not w.isascii()))
    return tuple(dict.fromkeys(telling))[:_MAX_TAGS]


def name(path: str) -> str:
    """What an asset is called: the file's stem."""
    return PurePosixPath(path).stem


def spoken(path: str) -> str:
    """Folders and name as a phrase, for the text model."""
    pure = PurePosixPath(path)
    return " ".join(words(" ".join([*pure.parts[-2:-1], pure.stem])))


def collection(root: str, path: str) -> Collection | None:
    """The collection of a file: the top-level folder that it is in; None for one at the top."""
    parts = PurePosixPath(path).parts
    if len(parts) < 2:
        return None
    digest = hashlib.sha256(os.fsencode(f"{root}\0{parts[0]}")).hexdigest()
    return Collection(id=f"collection_{digest[:16]}", name=parts[0])


def asset_id(sha256: str, path: str, attempt: int = 0) -> str:
    """The id of the asset with this content at this path; `attempt` where an id is taken.

    The root is not part of it, so that the same folder elsewhere has the same ids.
    """
    salt = f"\0{attempt}" if attempt else ""
    return "asset_" + hashlib.sha256(os.fsencode(f"{sha256}\0{path}{salt}")).hexdigest()[:24]


def aspect_ratio(width: int, height: int) -> str:
    """The nearest common ratio within a hundredth, "16:9", else the reduced one."""
    quotient = width / height
    for wide, high in _COMMON_RATIOS:
        for w, h in ((wide, high), (high, wide)):
            if abs(quotient / (w / h) - 1) <= _RATIO_TOLERANCE:
                return f"{w}:{h}"
    divisor = gcd(width, height)
    return f"{width // divisor}:{height // divisor}"
