"""The words and tags of an asset, folded for comparison.

Text in scripts without spaces between words is split into pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.scenario.assets import Asset

# Thai, Lao, Burmese, Khmer, kana, Han and Hangul are written without spaces, or with few.
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
# Combining marks, which belong to the letter before them, and which \w leaves out.
_MARKS: Final = "".join(
    chr(code) for code in range(0x300, 0x12000) if unicodedata.category(chr(code))[0] == "M"
)
_LETTER: Final = rf"(?:[^\W_{_UNSPACED}][{_MARKS}\u200c\u200d]*)"
_TOKEN: Final = re.compile(rf"[{_UNSPACED}]+|{_LETTER}+(?:['’]{_LETTER}+)*")
_IS_UNSPACED: Final = re.compile(rf"[{_UNSPACED}]")
_CLUSTER: Final = re.compile(rf".(?:[\u1039\u17d2].|[{_MARKS}])*", re.DOTALL)

# Words that say nothing about a picture.
_STOP_WORDS: Final = """
    a an and are as at be by for from has have in into is it its near no not of off on or out over
    so that the their this to under up very was were which with without
"""
STOP_WORDS: Final = frozenset(_STOP_WORDS.split())


def fold(text: str) -> str:
    """Return a text with case, width and compatibility forms unified."""
    return unicodedata.normalize("NFKC", text).casefold()


def tokens(text: str) -> Iterator[str]:
    """Yield the folded words of a text, in order."""
    for token in _TOKEN.findall(fold(text)):
        letters = _CLUSTER.findall(token) if _IS_UNSPACED.match(token) else []
        if len(letters) > 2:
            yield from (first + second for first, second in pairwise(letters))
        else:
            yield token


def fields(asset: Asset) -> dict[str, str]:
    """Return the texts of an asset by their labels, without missing ones."""
    metadata = asset.metadata
    is_recognised = "text" in metadata.automatic
    texts = {
        "name": metadata.name,
        "prompt": metadata.prompt,
        "description": asset.description,
        "text": (not is_recognised and metadata.text) or asset.content or asset.transcription,
        "recognised text": metadata.text if is_recognised else None,
        "seed": str(metadata.seed) if metadata.seed is not None else None,
        "model": metadata.modelId,
        "LoRA": " ".join(metadata.loras),
    }
    return {label: text for label, text in texts.items() if text}


def tags(asset: Asset) -> dict[str, str]:
    """Return the tags of an asset: folded -> as written."""
    return {fold(tag): tag for tag in asset.tags if tag.strip()}


def meaningful(text: str | None) -> tuple[str, ...]:
    """Return the words of a text that are no stop words or numbers, folded, each once, in order."""
    return tuple(
        dict.fromkeys(
            word
            for word in tokens(text or "")
            if len(word) > 1 and word not in STOP_WORDS and not word.isdecimal()
        )
    )
