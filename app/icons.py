"""The icons of the pages, as one SVG sprite made from the `lucide` package.

A template shows one by `<svg><use href="...#name">`; the sprite is one cacheable file.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Final
from zipfile import ZipFile

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
    "circle-question-mark",
    "columns-2",
    "copy",
    "crop",
    "download",
    "external-link",
    "eye",
    "eye-off",
    "file-text",
    "film",
    "footprints",
    "history",
    "image",
    "image-plus",
    "info",
    "keyboard",
    "layers",
    "layout-grid",
    "pause",
    "play",
    "link",
    "list-filter",
    "log-out",
    "minus",
    "plus",
    "scan-search",
    "search",
    "settings-2",
    "share-2",
    "shuffle",
    "sparkles",
    "sun-moon",
    "trash-2",
    "x",
)

_SVG: Final = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


@cache
def _drawings() -> dict[str, str]:
    """What is inside the <svg> of each icon of NAMES.

    Read from the package's archive itself: its own function opens that anew for every icon, which
    took most of a start. Raises KeyError for a name that the package does not have.
    """
    drawings = {}
    with (
        resources.files("lucide").joinpath("lucide.zip").open("rb") as file,
        ZipFile(file) as icons,
    ):
        for name in NAMES:
            found = _SVG.search(icons.read(f"{name}.svg").decode())
            if found is None:
                raise ValueError(f"The icon {name} is not the SVG that was expected.")
            drawings[name] = " ".join(found[1].split())
    return drawings


def standalone(name: str) -> str:
    """One icon as a file of its own, in a grey that shows on light and on dark."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="-12 -12 48 48" '
        'fill="none" stroke="#888" stroke-width="1.5" stroke-linecap="round" '
        f'stroke-linejoin="round">{_drawings()[name]}</svg>'
    )


def sprite() -> str:
    """Every icon of NAMES as a <symbol> whose id is its name."""
    symbols = [
        f'<symbol id="{name}" viewBox="0 0 24 24">{drawing}</symbol>'
        for name, drawing in _drawings().items()
    ]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke="currentColor" '
        'stroke-width="2" stroke-linecap="round" stroke-linejoin="round">'
        f"{''.join(symbols)}</svg>"
    )
