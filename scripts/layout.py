"""Write the layout of docs/design.md from the first line of each module's docstring.

`python -m scripts.layout` writes it, with `--check` it fails where the page is not of today.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "design.md"
START, END = "<!-- layout: made by scripts/layout.py -->\n", "<!-- end of the layout -->\n"
TOP = ("config.py", "variables.py", "consistency.py", "wsgi.py")
PACKAGES = ("app", "library")


def line(path: Path) -> str:
    """What a module says of itself in its first line, behind its name."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = docstring.partition("\n")[0].strip()
    name = path.relative_to(ROOT).as_posix()
    return f"| `{name}` | {first.replace('|', chr(92) + '|')} |\n"


def layout() -> str:
    """A table for each package, its own modules before those of the packages in it."""
    parts = []
    for heading, paths in (
        ("Settings, and what puts things together", [ROOT / name for name in TOP]),
        *((f"`{name}/`", _modules(ROOT / name)) for name in PACKAGES),
    ):
        rows = "".join(line(path) for path in paths)
        parts.append(f"\n**{heading}**\n\n| file | its one job |\n| --- | --- |\n{rows}")
    return "".join(parts) + "\n"


def _modules(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*.py") if path.read_text(encoding="utf-8").strip()]
    return sorted(found, key=lambda path: (len(path.parts), path.parent.as_posix(), path.name))


def written(page: str) -> str:
    """The page with the layout of today. Raises ValueError where it has no place for it."""
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"{PAGE.name} has no place for the layout")
    return before + start + layout() + end + after


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv[1:]:
        if page != written(page):
            sys.exit("docs/design.md shows another layout: run python -m scripts.layout")
    else:
        PAGE.write_text(written(page), encoding="utf-8")
