"""The words and tags of an asset, folded so that they can be compared.

Knows the fields that carry words; knows no search and no page. Scripts without spaces between
words are cut into pairs of characters, which is what their readers search by.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.assets import Asset

# Thai, kana, Han and Hangul are written without spaces, or with few.
_UNSPACED: Final = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN: Final = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:['’][^\W_{_UNSPACED}]+)*")
_IS_UNSPACED: Final = re.compile(rf"[{_UNSPACED}]")

# What holds a sentence together and tells nothing about a picture.
_EMPTY: Final = """
    a an and are as at be by for from has have in into is it its near no not of off on or out over
    so that the their this to under up very was were which with without
"""
EMPTY: Final = frozenset(_EMPTY.split())


def fold(text: str) -> str:
    """Make case, width and compatibility forms alike."""
    return unicodedata.normalize("NFKC", text).casefold()


def tokens(text: str) -> Iterator[str]:
    """Yield the folded words of a text, in order."""
    for found in _TOKEN.findall(fold(text)):
        if len(found) > 2 and _IS_UNSPACED.match(found):
            yield from (found[at : at + 2] for at in range(len(found) - 1))
        else:
            yield found


def fields(asset: Asset) -> dict[str, str]:
    """The texts of an asset by what they are called for a reader; only those that there are."""
    made = asset.metadata
    texts = {
        "name": made.name,
        "prompt": made.prompt,
        "description": asset.description,
        "text": made.text or asset.content or asset.transcription,
        "seed": str(made.seed) if made.seed is not None else None,
    }
    return {label: text for label, text in texts.items() if text}


def tags(asset: Asset) -> dict[str, str]:
    """The tags of an asset: folded -> as it is written."""
    return {fold(tag): tag for tag in asset.tags if tag.strip()}


def telling(text: str | None) -> tuple[str, ...]:
    """The words of a text that say something, folded, each once, in order."""
    return tuple(
        dict.fromkeys(
            word
            for word in tokens(text or "")
            if len(word) > 1 and word not in EMPTY and not word.isdecimal()
        )
    )
