"""A provenance sheet as PDF: pages of A4 with a block of lines for each asset, searchable."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, Final

from app.insight.provenance import ORIGINS
from app.query import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reportlab.pdfgen.canvas import Canvas

    from app.exports.pdf_text import Typesetter
    from app.insight.provenance import Provenance
    from app.services.provenance import Sheet

MARGIN: Final = 42.0  # points
LABEL: Final = 66.0  # width of the labels
SIZE: Final = 9.0
LEADING: Final = 12.5
GREY, RED, BLACK = (0.4, 0.4, 0.4), (0.65, 0.1, 0.1), (0.1, 0.1, 0.1)
MOST_TEXT: Final = 2000  # characters of a prompt
# The fonts of reportlab are shared by all threads.
_LOCK: Final = threading.Lock()

Colour = tuple[float, float, float]


def document(sheet: Sheet, *, origin: str) -> bytes:
    """Return the sheet; each asset is a link to its page, which begins with `origin`."""
    # Imported here: it takes a tenth of a second, and few processes write a PDF.
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    from app.exports.pdf_text import Typesetter

    with _LOCK:
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=A4, lang="en")
        canvas.setTitle(f"Provenance: {sheet.title}")
        canvas.setCreator("Akin")
        page = _Pages(canvas, Typesetter(), A4)
        page.write(f"Provenance: {sheet.title}", size=15.0)
        gaps = sum(bool(row.gaps) for row in sheet.rows)
        page.write(
            f"{describe.counted(len(sheet.rows), 'asset')}, {gaps} with gaps. {sheet.note}",
            colour=GREY,
        )
        for row in sheet.rows:
            page.block(row, f"{origin}/assets/{row.asset.id}")
        page.end()
        canvas.save()
    return out.getvalue()


class _Pages:
    """The pages while they are written, from top to bottom."""

    def __init__(self, canvas: Canvas, typesetter: Typesetter, size: tuple[float, float]) -> None:
        self._canvas = canvas
        self._typesetter = typesetter
        self._width, self._height = size
        self._top = self._height - MARGIN
        self._number = 1

    def write(
        self,
        text: str,
        *,
        size: float = SIZE,
        colour: Colour = BLACK,
        label: str = "",
        url: str = "",
    ) -> None:
        """Write a text on as many lines as it needs; `label` is written left of it."""
        indent = LABEL if label else 0.0
        width = self._width - 2 * MARGIN - indent
        for number, line in enumerate(self._typesetter.lines(text, size, width)):
            self._advance(LEADING * size / SIZE)
            if label and not number:
                self._line(label, size, MARGIN, GREY)
            self._line(line, size, MARGIN + indent, colour)
            if url:
                box = (MARGIN + indent, self._top - 2, self._width - MARGIN, self._top + size)
                self._canvas.linkURL(url, box)

    def block(self, row: Provenance, url: str) -> None:
        """Write what is known of an asset."""
        if self._top < MARGIN + 5 * LEADING:
            self._turn()
        self._advance(LEADING * 0.8)
        self._canvas.setStrokeColorRGB(*GREY)
        self._canvas.setLineWidth(0.3)
        self._canvas.line(MARGIN, self._top, self._width - MARGIN, self._top)
        self.write(row.asset.name, size=11.0, url=url)
        for label, text, colour in _facts(row):
            self.write(text, label=label, colour=colour)

    def end(self) -> None:
        """Write the number of the last page."""
        self._line(str(self._number), SIZE, self._width / 2, GREY, top=MARGIN / 2)

    def _line(
        self, text: str, size: float, left: float, colour: Colour, top: float | None = None
    ) -> None:
        self._canvas.setFillColorRGB(*colour)
        at = (left, self._top if top is None else top)
        self._typesetter.draw(self._canvas, text, size, at)

    def _advance(self, height: float) -> None:
        if self._top - height < MARGIN:
            self._turn()
        self._top -= height

    def _turn(self) -> None:
        self.end()
        self._canvas.showPage()
        self._number += 1
        self._top = self._height - MARGIN


def _facts(row: Provenance) -> Iterator[tuple[str, str, Colour]]:
    """Yield label, text and colour of what is known, what is missing first."""
    if row.gaps:
        yield "Missing", ", ".join(row.gaps), RED
    yield "Made by", ORIGINS[row.origin], BLACK
    parents = (f"{each.name} ({each.asset_id})" for each in row.parents)
    prompt = row.prompt if len(row.prompt) <= MOST_TEXT else f"{row.prompt[:MOST_TEXT]}…"
    for label, text in (
        ("Model", row.model),
        ("Prompt", prompt),
        ("Made from", ", ".join((*parents, *row.inputs))),
        ("Author", row.author),
        ("Licence", row.licence),
        ("File", row.file),
        ("Id", row.asset.id),
    ):
        if text:
            yield label, text, BLACK
