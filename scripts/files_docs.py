"""Write docs/files.md from the tables of formats and of makers of generated pictures.

    python -m scripts.files_docs [--check]

`--check` writes nothing and fails where the page differs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from library.formats.format_table import FORMATS
from library.formats.generation.makers import MAKERS

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE: Final = Path(__file__).parent.parent / "docs" / "files.md"
_KINDS: Final = {
    "image": "Pictures",
    "image-hdr": "Pictures of high dynamic range",
    "video": "Videos",
    "audio": "Sounds",
    "3d": "3D models",
    "document": "Documents",
    "json": "Data",
    "text": "Texts",
}
_HEAD: Final = """# Files

Written by `make files-docs` from `library/formats/format_table.py` and
`library/formats/generation/makers.py`.

The content of a file decides its format; its name decides only where several formats share their
first bytes, or have none of their own. Every format is read by confined worker processes
([security.md](security.md)). A file that ends too early is shown as far as it goes, and named as
damaged. A file without a picture is shown as a sheet with its format and its name. An *extra* is a
set of packages that is installed when the first file needs it.

## Formats
"""
_MAKERS: Final = """
## Makers of generated pictures

Read from every picture, and from sidecars. A setting that cannot be understood costs only itself;
whatever remains is searched as text.

| maker | where it writes | what is understood |
| --- | --- | --- |
"""
_RECOGNITION: Final = """
## The second pass

What is expensive is off by default and runs after everything can be searched: in a process of its
own, at low priority, newest pictures first. It can be stopped at any time, and the next run of
`python -m library index` (or `second-pass`) continues. Results are kept by the content of a file: a
file that is moved or read again is not looked at again. `/problems` shows how far it is. Values
that a file or a sidecar states are never replaced, and what is recognised is marked as such
(`automatic` in an asset's metadata). Where a setting is turned off, its values are removed by the
next run.

- `AKIN_TEXT_IN_IMAGES=on`: text of at least two letters is stored as `text` and searched with the
  least weight. Pictures are read at up to 1,280 pixels, upright, in Latin and Chinese scripts
  (rapidocr with PP-OCRv6). Videos and documents are not read.
- `AKIN_SENSITIVE_IMAGES=on`: pictures and videos that the network open_nsfw rates at .8 or more
  have `nsfw` with the value `sensitive`, and are blurred like others. It was trained on photos. Of
  1,519 pictures of the demo pack and the stamps, none of them sensitive, it marks one. Its package
  contains no sensitive pictures, so it is not known how many it finds: it is off by default, and no
  substitute for looking. `"nsfw": []` in a sidecar says that a picture is not sensitive.
"""


def page() -> str:
    """Return the page."""
    parts = [_HEAD]
    for kind, title in _KINDS.items():
        rows = (
            (
                each.name,
                ", ".join(f"`.{suffix}`" for suffix in each.suffixes),
                f"`{each.mime}`",
                each.reading,
                each.reader + (f" (extra `{each.extra}`)" if each.extra else ""),
            )
            for each in FORMATS
            if each.kind == kind
        )
        parts.append(f"\n### {title}\n\n| format | names | type | what is read | read by |\n")
        parts += ["| --- | --- | --- | --- | --- |\n", *map(_row, rows)]
    parts.append(_MAKERS)
    parts += [_row((each.names, each.places, each.understood)) for each in MAKERS]
    parts.append(_RECOGNITION)
    return "".join(parts)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"


def main(arguments: list[str]) -> int:
    """Write the page, or compare it; return the exit status."""
    written = page()
    if "--check" not in arguments:
        PAGE.write_text(written, "utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text("utf-8") != written:
        print("docs/files.md differs from the tables: run `make files-docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
