"""Check the files of the repository: module length and names, imports, requirements, templates.

`python -m scripts.repository` prints one line for each mistake and fails if there is any.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parent.parent
MAX_LINES = 400  # of a module; aim at 350 and split longer ones by job
VAGUE_NAMES = frozenset({"utils", "util", "helpers", "helper", "manager", "misc", "common"})

# Written in pieces, so that this file does not match its own patterns.
FORBIDDEN = {
    "a path of one machine": r"(?<![\w.])/(wo" r"rk|ro" r"ot|home/\w+|Users/\w+)/\w",
    "a package registry": r"(py" r"pi|npm" r"js|python" r"hosted|deb" r"ian)\.(org|com)\b",
    "a private key": r"BEGIN [A-Z ]*PRIVATE " r"KEY",
    "an unfinished place": r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b",
}
INLINE = re.compile(
    r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE
)
TEST_IMPORT = re.compile(
    r"^\s*(?:from|import) (tests\.(?:\w+\.)*(?:test_\w+|conftest))\b", re.MULTILINE
)
PINNED = re.compile(r"[\w.-]+==[\w.]+")


def texts(root: Path = ROOT) -> dict[str, str]:
    """Return the text of each file of the repository that is not binary, by its path."""
    contents = {file.relative_to(root).as_posix(): file.read_bytes() for file in _files(root)}
    return {name: data.decode("utf-8") for name, data in contents.items() if b"\0" not in data}


def _files(root: Path) -> list[Path]:
    if (root / ".git").exists():
        command = ["git", "-c", f"safe.directory={root}", "ls-files", "-z"]
        listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)  # noqa: S603
        names = listed.stdout.split("\0")
        return [root / name for name in names if name and (root / name).is_file()]
    # An archive without git: all files but those that git would ignore.
    ignored = {line.strip("/") for line in (root / ".gitignore").read_text("utf-8").splitlines()}

    def is_ignored(file: Path) -> bool:
        parts = file.relative_to(root).parts
        return bool(ignored & {*parts, "/".join(parts[:2]), f"*{file.suffix}"})

    return [file for file in sorted(root.rglob("*")) if file.is_file() and not is_ignored(file)]


def mistakes(files: Mapping[str, str]) -> Iterator[str]:
    """Yield one line for each mistake in the files, given as path -> text."""
    for name, text in files.items():
        if Path(name).stem in VAGUE_NAMES:
            yield f"{name}: the name does not state the job of the module"
        if name.startswith(("app/", "library/")) and name.endswith(".py"):
            lines = text.count("\n")
            if lines > MAX_LINES:
                yield f"{name}: {lines} lines; split modules longer than {MAX_LINES} by job"
        if name.startswith("tests/") and name.endswith(".py"):
            for module in TEST_IMPORT.findall(text):
                yield f"{name}: imports the test module {module}; use tests/support"
        if name.startswith("templates/"):
            for match in INLINE.finditer(text):
                yield f"{name}: {match[0].strip()} is not allowed by the Content-Security-Policy"
        for what, pattern in FORBIDDEN.items():
            for match in re.finditer(pattern, text):
                yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {what}: {match[0]}"
    yield from _requirements(files)


def _requirements(files: Mapping[str, str]) -> Iterator[str]:
    design = files.get("docs/design.md", "")
    reasons = design.partition("## Dependencies")[2].partition("\n## ")[0].lower()
    for name, text in files.items():
        if not re.fullmatch(r"requirements\.txt|requirements/\w+\.txt", name):
            continue
        for line in text.splitlines():
            if not line or line.startswith(("#", "-r ")):
                continue
            if not PINNED.match(line):
                yield f"{name}: {line}: pin the version"
            package = line.partition("==")[0].lower()
            if not re.search(rf"\b{re.escape(package)}\b", reasons):
                yield f"{name}: {package}: docs/design.md states no reason under Dependencies"


if __name__ == "__main__":
    sys.exit("\n".join(mistakes(texts())) or 0)
