"""Check of the documents' links: files of this repository, and headings in them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\(<?([^)\s>]+)>?[^)]*\)|<img[^>]*\ssrc=\"([^\"]+)\"")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+\s+(.*?)\s*#*$", re.MULTILINE)


def mistakes(root: Path = ROOT) -> list[str]:
    """Return a line for each link whose target does not exist."""
    return [
        f"{document.relative_to(root)}: {target} does not exist"
        for document in sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])
        for target in _targets(document)
        if not _exists(document, target)
    ]


def _targets(document: Path) -> list[str]:
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    targets = [one or other for one, other in LINK.findall(text)]
    return [target for target in targets if not re.match(r"[a-z][a-z0-9+.-]*:", target)]


def _exists(document: Path, target: str) -> bool:
    path, _, anchor = unquote(target).partition("#")
    file = document.parent / path if path else document
    if not file.exists():
        return False
    if not anchor or file.suffix != ".md":
        return True
    return anchor in {_anchor(heading) for heading in HEADING.findall(file.read_text("utf-8"))}


def _anchor(heading: str) -> str:
    """Return the anchor of a heading as on GitHub: lower case, no punctuation, hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


if __name__ == "__main__":
    sys.exit("\n".join(mistakes()) or 0)
