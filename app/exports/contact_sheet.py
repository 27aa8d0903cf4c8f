"""Contact sheets and preview pictures, drawn with Pillow.

A preview fills its area with rows of pictures. A sheet has a cell with a caption for each picture.
"""

from __future__ import annotations

import functools
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw, ImageFont, ImageOps

from app.exports.fonts import text_font

if TYPE_CHECKING:
    from collections.abc import Sequence

PREVIEW_SIZE: Final = (1200, 630)  # pixels: the aspect ratio that messengers do not crop
GAP: Final = 6
MOST_ENLARGED: Final = 1.5
MOST_CROPPED: Final = 1.6  # the ratio of the aspect ratios of a picture and its cell
DARK: Final = (38, 38, 38)  # the background of dark pages
WHITE: Final = (255, 255, 255)
INK: Final = (25, 25, 25)
QUIET: Final = (110, 110, 110)
EMPTY: Final = (236, 236, 236)

SHEET_WIDTH: Final = 1600  # pixels of a PNG
A4: Final = (1240, 1754)  # pixels, at 150 per inch
A4_COLUMNS: Final = 4
A4_ROWS: Final = 5
MARGIN: Final = 60
CAPTION: Final = 28

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class Cell:
    """A picture of a sheet, or None, and its caption."""

    picture: Image.Image | None
    caption: str


def preview(pictures: Sequence[Image.Image]) -> bytes:
    """Return a PNG of 1200 x 630 pixels, filled with rows of pictures that are cropped a little.

    Without pictures it is empty.
    """
    width, height = PREVIEW_SIZE
    canvas = Image.new("RGB", PREVIEW_SIZE, DARK)
    rows = _rows([picture.width / picture.height for picture in pictures], width / height)
    top = 0.0
    total = sum(_row_height(row, pictures) for row in rows) or 1.0
    for row in rows:
        bottom = top + height * _row_height(row, pictures) / total
        ratios = [pictures[place].width / pictures[place].height for place in row]
        left = 0.0
        for place, ratio in zip(row, ratios, strict=True):
            right = left + width * ratio / sum(ratios)
            box = [round(edge) for edge in (left, top, right, bottom)]
            size = (max(1, box[2] - box[0] - GAP), max(1, box[3] - box[1] - GAP))
            fitted = _filling(_opaque(pictures[place], DARK), size)
            x, y = (size[0] - fitted.width) // 2, (size[1] - fitted.height) // 2
            canvas.paste(fitted, (box[0] + GAP // 2 + x, box[1] + GAP // 2 + y))
            left = right
        top = bottom
    return _png(canvas)


def _rows(ratios: Sequence[float], frame: float) -> list[list[int]]:
    """Divide pictures, in order, into rows that together approximate the frame's aspect ratio."""
    if not ratios:
        return []
    count = max(1, round(math.sqrt(sum(ratios) / frame)))
    share = sum(ratios) / count
    rows: list[list[int]] = [[]]
    filled = 0.0
    for place, ratio in enumerate(ratios):
        if rows[-1] and filled + ratio / 2 > share * len(rows) and len(rows) < count:
            rows.append([])
        rows[-1].append(place)
        filled += ratio
    return rows


def _row_height(row: Sequence[int], pictures: Sequence[Image.Image]) -> float:
    """Return the height of a row of width 1 whose pictures keep their aspect ratios."""
    return 1 / sum(pictures[place].width / pictures[place].height for place in row)


def columns_for(count: int) -> int:
    """Return the number of columns: more pictures are drawn smaller."""
    return next((columns for most, columns in ((4, 2), (24, 4), (60, 6)) if count <= most), 8)


def as_png(cells: Sequence[Cell], *, title: str) -> bytes:
    """Return a PNG of all cells below a title, 1600 pixels wide and as high as needed."""
    columns = columns_for(len(cells))
    side = (SHEET_WIDTH - MARGIN * 2) // columns
    height = MARGIN * 2 + CAPTION + math.ceil(len(cells) / columns) * (side + CAPTION)
    canvas = Image.new("RGB", (SHEET_WIDTH, height), WHITE)
    _write(canvas, title, (MARGIN, MARGIN // 2), SHEET_WIDTH - MARGIN * 2, size=24)
    _lay(canvas, cells, columns=columns, cell=(side, side + CAPTION))
    return _png(canvas)


def as_pdf(cells: Sequence[Cell], *, title: str) -> bytes:
    """Return a PDF of A4 pages with twenty cells each, a title and a page number."""
    a_page = A4_COLUMNS * A4_ROWS
    parts = [cells[start : start + a_page] for start in range(0, len(cells), a_page)] or [()]
    width, height = A4
    cell = ((width - MARGIN * 2) // A4_COLUMNS, (height - MARGIN * 2 - CAPTION) // A4_ROWS)
    pages = []
    for number, part in enumerate(parts, 1):
        canvas = Image.new("RGB", A4, WHITE)
        numbered = f"{title} · {number} of {len(parts)}" if len(parts) > 1 else title
        _write(canvas, numbered, (MARGIN, MARGIN // 2), width - MARGIN * 2, size=24)
        _lay(canvas, part, columns=A4_COLUMNS, cell=cell)
        pages.append(canvas)
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=150, title=title)
    return out.getvalue()


def _lay(
    canvas: Image.Image, cells: Sequence[Cell], *, columns: int, cell: tuple[int, int]
) -> None:
    width, height = cell
    for place, each in enumerate(cells):
        row, column = divmod(place, columns)
        left = MARGIN + column * width
        top = MARGIN + CAPTION + row * height
        box = (width - GAP * 2, height - CAPTION - GAP)
        if each.picture is None:
            canvas.paste(EMPTY, (left, top, left + box[0], top + box[1]))
        else:
            fitted = _within(_opaque(each.picture, WHITE), box)
            x, y = (box[0] - fitted.width) // 2, (box[1] - fitted.height) // 2
            canvas.paste(fitted, (left + x, top + y))
        _write(canvas, each.caption, (left, top + box[1] + 4), box[0], size=16, colour=QUIET)


def _filling(picture: Image.Image, box: tuple[int, int]) -> Image.Image:
    """Crop a picture to fill the box; fit it inside if too much would be cropped or enlarged."""
    across, down = box[0] / picture.width, box[1] / picture.height
    if max(across, down) > MOST_ENLARGED or max(across, down) / min(across, down) > MOST_CROPPED:
        return _within(picture, box)
    return ImageOps.fit(picture, box, Image.Resampling.LANCZOS)


def _within(picture: Image.Image, box: tuple[int, int]) -> Image.Image:
    """Shrink a picture to fit; enlarge a small one by a whole factor, at most 8."""
    scale = min(box[0] / picture.width, box[1] / picture.height)
    if scale >= 2:
        times = min(8, int(scale))
        size = (picture.width * times, picture.height * times)
        return picture.resize(size, Image.Resampling.NEAREST)
    if scale >= 1:
        return picture
    return ImageOps.contain(picture, box, Image.Resampling.LANCZOS)


def _opaque(picture: Image.Image, ground: tuple[int, int, int]) -> Image.Image:
    if picture.mode == "RGB":
        return picture
    canvas = Image.new("RGB", picture.size, ground)
    canvas.paste(picture, mask=picture.getchannel("A"))
    return canvas


def _write(
    canvas: Image.Image,
    text: str,
    at: tuple[int, int],
    width: int,
    *,
    size: int,
    colour: tuple[int, int, int] = INK,
) -> None:
    """Write one line, shortened with an ellipsis to fit the width."""
    font = _font(size)
    text = "".join(each if each.isprintable() else " " for each in text)
    shown = text[:300]
    while shown and font.getlength(shown) > width:
        shown = shown[:-2].rstrip("…") + "…" if len(shown) > 2 else ""
    ImageDraw.Draw(canvas).text(at, shown, fill=colour, font=font)


@functools.cache
def _font(size: int) -> Font:
    path = text_font()  # a font of the system covers more scripts than that of Pillow
    return ImageFont.truetype(path, size) if path else ImageFont.load_default(size)


def _png(canvas: Image.Image) -> bytes:
    out = io.BytesIO()
    canvas.save(out, "PNG", compress_level=6)
    return out.getvalue()
