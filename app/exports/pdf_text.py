"""Text of any script for a PDF: fonts by character, lines, right-to-left order.

The text of the PDF can be searched and copied. Characters are taken from the system's fonts
(`app.exports.fonts`); Chinese, Japanese and Korean ones that these do not contain are left to the
fonts of the PDF viewer. HarfBuzz joins the letters of Arabic and orders those of Indic scripts.
"""

from __future__ import annotations

import itertools
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont, shapeStr

from app.exports import fonts
from app.query.params import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reportlab.pdfgen.canvas import Canvas

_BUILT_IN: Final = "Helvetica"  # of every viewer: Latin letters only
_PREFIX: Final = "akin-"  # of the names of embedded fonts
_JAPANESE, _KOREAN, _CHINESE = "HeiseiKakuGo-W5", "HYGothic-Medium", "STSong-Light"
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
_LEFT_TO_RIGHT: Final = frozenset({"L", "EN", "AN"})
_SHAPED: Final = range(0x0590, 0x1100)  # Hebrew to Myanmar: letters that depend on each other
_WIDE: Final = range(0x2E80, 0xFE50)  # Chinese, Japanese, Korean: a line breaks at each character


@dataclass(frozen=True, slots=True)
class Run:
    """Part of a line in one font and direction, in the order of reading."""

    text: str
    font: str
    is_reversed: bool


class Typesetter:
    """Fonts and lines of one PDF. Not for several threads at the same time."""

    def __init__(self) -> None:
        """Load the font of texts."""
        self._fonts: dict[str, str] = {}  # character -> font
        self._advances: dict[str, float] = {}  # character -> its width, in ems
        self._loaded: list[tuple[str, Any]] = []  # names of fonts, and the characters in them
        self._waiting = list(fonts.other_fonts())
        if path := fonts.text_font():
            self._load(path)
        self._main = self._loaded[0][0] if self._loaded else _BUILT_IN

    def lines(self, text: str, size: float, width: float) -> list[str]:
        """Return a text as lines that fit into `width`, in points."""
        found: list[str] = []
        line, used = "", 0.0
        for piece in _pieces(text, self._advance, width / size):
            needed = self._width(piece, size)
            if line.strip() and used + self._width(piece.rstrip(), size) > width:
                found.append(line.strip())
                line, used = "", 0.0
            line, used = line + piece, used + needed
        return [*found, line.strip()] if line.strip() else found

    def draw(self, canvas: Canvas, line: str, size: float, at: tuple[float, float]) -> None:
        """Write one line, whose left end is at a point."""
        text = canvas.beginText(*at)
        for run in self._runs(line):
            text.setFont(run.font, size)
            text.textOut(_visual(run, size))
        canvas.drawText(text)

    def _runs(self, line: str) -> list[Run]:
        """Return the runs of a line from left to right."""
        directions = _directions(line)
        has_kana = any("\u3040" <= each <= "\u30ff" for each in line)
        keyed = [
            (self._font(each, has_kana=has_kana), direction)
            for each, direction in zip(line, directions, strict=True)
        ]
        runs: list[Run] = []
        for (font, is_reversed), group in itertools.groupby(
            zip(line, keyed, strict=True), key=lambda pair: pair[1]
        ):
            runs.append(Run("".join(each for each, _ in group), font, is_reversed))
        if _is_right_to_left(line):
            return runs[::-1]
        # Neighbouring runs that are reversed read from right to left as a whole.
        ordered: list[Run] = []
        for is_reversed, several in itertools.groupby(runs, key=lambda run: run.is_reversed):
            neighbours = list(several)
            ordered += neighbours[::-1] if is_reversed else neighbours
        return ordered

    def _font(self, char: str, *, has_kana: bool) -> str:
        """Return the font for a character: of the system, else of the viewer, else the main one."""
        if (known := self._fonts.get(char)) is not None:
            return known
        while True:
            for name, characters in self._loaded:
                if ord(char) in characters:
                    self._fonts[char] = name
                    return name
            if not self._waiting or char.isspace():
                break
            self._load(self._waiting.pop(0))
        if ord(char) not in _WIDE:
            self._fonts[char] = self._main
            return self._main
        is_korean = "\uac00" <= char <= "\ud7a3"
        name = _KOREAN if is_korean else _JAPANESE if has_kana else _CHINESE
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(UnicodeCIDFont(name))
        return name

    def _load(self, path: Path) -> None:
        name = f"{_PREFIX}{path.stem}"
        try:
            if name not in pdfmetrics.getRegisteredFontNames():
                pdfmetrics.registerFont(TTFont(name, str(path), shapable=True))
        except (TTFError, OSError):
            return  # not a font that can be embedded
        self._loaded.append((name, pdfmetrics.getFont(name).face.charToGlyph))

    def _width(self, text: str, size: float) -> float:
        """Return a width in points; letters that are joined take less."""
        return size * sum(map(self._advance, text))

    def _advance(self, char: str) -> float:
        if (known := self._advances.get(char)) is None:
            font = self._font(char, has_kana=False)
            known = self._advances[char] = float(pdfmetrics.stringWidth(char, font, 1))
        return known


def _pieces(text: str, width_of: Callable[[str], float], most: float) -> Iterator[str]:
    """Yield words with the blanks behind them, and parts of words that are wider than `most`."""
    word, used = "", 0.0
    for char in " ".join(clean(text).split()):
        word, used = word + char, used + width_of(char)
        if char == " " or ord(char) in _WIDE or used > most - width_of("M"):
            yield word
            word, used = "", 0.0
    if word:
        yield word


def _visual(run: Run, size: float) -> str:
    """Return a run from left to right, with its letters joined where its script joins them.

    What the font does not contain stays as it is: a box, whose text can be searched.
    """
    if run.font.startswith(_PREFIX) and any(ord(each) in _SHAPED for each in run.text):
        known = pdfmetrics.getFont(run.font).face.charToGlyph
        if all(ord(each) in known for each in run.text):
            shaped: str = shapeStr(run.text, run.font, size)
            return shaped
    return run.text[::-1] if run.is_reversed else run.text


def _is_right_to_left(line: str) -> bool:
    kinds = map(unicodedata.bidirectional, line)
    first = next((kind for kind in kinds if kind == "L" or kind in _RIGHT_TO_LEFT), "L")
    return first in _RIGHT_TO_LEFT


def _directions(line: str) -> list[bool]:
    """Return for each character whether it is written from right to left.

    What has no direction has that of both its neighbours, or else that of the line: a part of the
    Unicode Bidirectional Algorithm, without embeddings.
    """
    base = _is_right_to_left(line)
    kinds = [unicodedata.bidirectional(each) for each in line]
    strong = [
        True if kind in _RIGHT_TO_LEFT else False if kind in _LEFT_TO_RIGHT else None
        for kind in kinds
    ]
    directions: list[bool] = []
    for place, kind in enumerate(strong):
        if kind is not None:
            directions.append(kind)
            continue
        before = directions[-1] if directions else base
        after = next((each for each in strong[place + 1 :] if each is not None), base)
        directions.append(before if before == after else base)
    return directions
