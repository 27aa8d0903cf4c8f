"""PDF, Illustrator and EPS: the first page, or the preview that an EPS contains.

Pages are drawn by PDFium (through pypdfium2), without scripts and forms. PostScript is not run.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from library.formats.design.previews import NoPreview
from library.formats.images import MAX_BYTES, BadImage, Picture, read

if TYPE_CHECKING:
    from typing import BinaryIO

    from PIL import Image

_SIDE: Final = 2048  # pixels on the longer side of a drawn page
_DPI: Final = 96 / 72  # CSS pixels of a point
_MAX_SIDE: Final = 100_000  # points
_DOS: Final = struct.Struct("<4s6I")


class Pages(NamedTuple):
    """The first page of a document."""

    image: Image.Image
    size: tuple[int, int]  # of the page, in CSS pixels
    total: int  # pages


def first_page(file: BinaryIO) -> Pages:
    """Return the first page of a PDF. Raises BadImage, and NoPreview for a protected one."""
    import pypdfium2
    from pypdfium2.raw import FPDF_ERR_PASSWORD

    raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise BadImage(f"is larger than {MAX_BYTES // 1024**2} MB")
    try:
        document = pypdfium2.PdfDocument(raw)
    except pypdfium2.PdfiumError as error:
        if error.err_code == FPDF_ERR_PASSWORD:
            raise NoPreview("is protected by a password") from error
        raise BadImage(f"is broken: {error}") from error
    try:
        page = document[0]
        width, height = page.get_size()
        if not 0 < min(width, height) <= max(width, height) <= _MAX_SIDE:
            raise BadImage("has a first page of an impossible size")
        image = page.render(scale=_SIDE / max(width, height), may_draw_forms=False).to_pil()
        size = (max(1, round(width * _DPI)), max(1, round(height * _DPI)))
        return Pages(image.convert("RGB"), size, len(document))
    except (pypdfium2.PdfiumError, IndexError, ValueError) as error:
        if isinstance(error, BadImage):
            raise
        raise BadImage(f"is broken: {error}") from error
    finally:
        document.close()


def illustrator(file: BinaryIO, _mime: str) -> Picture:
    """Return the first page of the PDF in an .ai. Raises NoPreview for one without."""
    is_pdf = file.read(5) == b"%PDF-"
    file.seek(0)
    if not is_pdf:
        return postscript(file, "")
    page = first_page(file)
    return Picture(page.image, page.size)


def postscript(file: BinaryIO, _mime: str) -> Picture:
    """Return the TIFF in the header of a DOS EPS. Raises NoPreview."""
    head = file.read(_DOS.size)
    if len(head) == _DOS.size and head.startswith(b"\xc5\xd0\xd3\xc6"):
        *_, start, length = _DOS.unpack(head)
        if 0 < length <= MAX_BYTES:
            file.seek(start)
            return read(file.read(length), "image/tiff")
    raise NoPreview("is a program of PostScript, and contains no preview")
