"""Progress of a run in the terminal."""

from __future__ import annotations

import sys
from typing import Any


class Console:
    """Reports a run on standard error: a progress bar, and one line for each skipped file."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: Any = None

    def note(self, text: str) -> None:
        """Print one line, above the progress bar if there is one."""
        line = text.encode("utf-8", "backslashreplace").decode()
        line = "".join(c if c.isprintable() else "?" for c in line)
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            print(line, file=sys.stderr, flush=True)

    def skipped(self, path: str, reason: str) -> None:
        """Print why a file or folder was skipped."""
        self.note(f"skipped {path or 'the folder'}: {reason}")

    def damaged(self, path: str, reason: str) -> None:
        """A file that cannot be read, or only in part, and why."""
        self.note(f"damaged {path}: {reason}")

    def begin(self, total: int) -> None:
        """Show the progress bar."""
        from tqdm import tqdm

        self._bar = tqdm(total=total, unit=" files", desc="indexing", disable=self._quiet,
                         file=sys.stderr, dynamic_ncols=True, mininterval=0.2)  # fmt: skip

    def advance(self, count: int) -> None:
        """Advance the progress bar."""
        self._bar.update(count)

    def end(self) -> None:
        """Stop the progress bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
