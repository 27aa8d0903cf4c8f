"""The icons of the pages as one SVG sprite, from the `lucide` package.

A template uses an icon by `<svg><use href="...#name">`; the sprite is one cacheable file. The
package reads an archive for each icon, half a second for all of them: the sprite is made when it is
first needed, and its address depends on the version of the package and the names.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.metadata import version
from typing import Final

from lucide.jinja import lucide

NAMES: Final = (
    "arrow-left",
    "arrow-left-right",
    "audio-lines",
    "blend",
    "bookmark",
    "box",
    "check",
    "chevron-left",
    "chevron-right",
    "circle-alert",
    "circle-check",
    "circle-question-mark",
    "circle-x",
    "columns-2",
    "copy",
    "crop",
    "download",
    "external-link",
    "eye",
    "eye-off",
    "file-text",
    "film",
    "folder-open",
    "folders",
    "footprints",
    "history",
    "image",
    "image-plus",
    "info",
    "keyboard",
    "layers",
    "layout-grid",
    "pause",
    "pencil",
    "pipette",
    "play",
    "link",
    "list-checks",
    "list-filter",
    "log-out",
    "maximize-2",
    "minus",
    "plus",
    "rotate-cw",
    "scan-search",
    "search",
    "settings-2",
    "share-2",
    "shuffle",
    "sparkles",
    "star",
    "sun-moon",
    "trash-2",
    "undo-2",
    "x",
)
_SVG: Final = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@cache
def digest() -> str:
    """Return a short text that changes with the content of the sprite."""
    content = "\n".join((version("lucide"), *NAMES))
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


@cache
def sprite() -> str:
    """Return the sprite: each icon a <symbol> whose id is its name, one a line."""
    symbols = [
        f'<symbol id="{name}" viewBox="0 0 24 24">{drawing(name)}</symbol>\n' for name in NAMES
    ]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke="currentColor" '
        'stroke-width="2" stroke-linecap="round" stroke-linejoin="round">\n'
        f"{''.join(symbols)}</svg>\n"
    )


@cache
def drawing(name: str) -> str:
    """Return the content of an icon's <svg>. Raise ValueError if it has another form."""
    match = _SVG.fullmatch(str(lucide(name)))
    if match is None:
        raise ValueError(f"The icon {name} is not the SVG that was expected.")
    return " ".join(match[1].split())


def standalone(name: str) -> str:
    """Return one icon as an SVG file, in a grey that is visible on light and on dark."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="-12 -12 48 48" '
        'fill="none" stroke="#888" stroke-width="1.5" stroke-linecap="round" '
        f'stroke-linejoin="round">{drawing(name)}</svg>'
    )
