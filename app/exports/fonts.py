"""Fonts of the system, the first that is installed first.

No package of fonts covers more than a few scripts. Only fonts with TrueType outlines are listed:
what is drawn into a PDF cannot use others.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

_TEXT: Final = (
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
    "/System/Library/Fonts/Helvetica.ttc",
    "C:/Windows/Fonts/segoeui.ttf",
)
# For what these do not contain: many scripts, then single ones.
_OTHER: Final = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "C:/Windows/Fonts/msgothic.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/malgun.ttf",
    "C:/Windows/Fonts/Nirmala.ttf",
    "C:/Windows/Fonts/leelawui.ttf",
    "C:/Windows/Fonts/seguisym.ttf",
)
_NOTO: Final = Path("/usr/share/fonts/truetype/noto")
_SCRIPTS: Final = "NotoSans*-Regular.ttf"


@functools.cache
def text_font() -> Path | None:
    """Return the font of texts; None where none of the listed ones is installed."""
    return next((path for path in map(Path, _TEXT) if path.is_file()), None)


@functools.cache
def other_fonts() -> tuple[Path, ...]:
    """Return the installed fonts for what the font of texts does not contain."""
    scripts = sorted(_NOTO.glob(_SCRIPTS)) if _NOTO.is_dir() else []
    listed = dict.fromkeys((*map(Path, _OTHER), *scripts))
    return tuple(path for path in listed if path != text_font() and path.is_file())
