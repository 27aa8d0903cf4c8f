"""Write the tables of settings into README.md and docs/configuration.md from config.py.

`python -m scripts.settings_docs` writes them; with `--check` it only compares.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from config import Settings
from environment.declarations import table

ROOT: Final = Path(__file__).parents[1]
BEGIN: Final = "<!-- settings: made from config.py by `make settings-docs` -->\n"
END: Final = "<!-- end of settings -->"
# The settings that most installations use; docs/configuration.md has all of them.
MOST_USED: Final = (
    "SCENARIO_SDK_API_KEY",
    "SCENARIO_SDK_API_SECRET",
    "SCENARIO_PROJECT_ID",
    "AKIN_ASSETS",
    "AKIN_DATA",
    "AKIN_AUTH",
    "AKIN_LISTEN",
    "PORT",
    "AKIN_HOSTS",
    "AKIN_PROXIES",
)
PAGES: Final = {ROOT / "README.md": MOST_USED, ROOT / "docs" / "configuration.md": None}


def with_table(text: str, table: str, name: str = "the page") -> str:
    """Return the text with the table between its marks. Raise ValueError without marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{name} has no {BEGIN.strip()} and {END}")
    return f"{before}{begin}\n{table}\n{end}{after}"


def main(arguments: list[str]) -> int | str:
    """Write or compare all pages; return the pages that differ, or 0."""
    different = []
    for page, names in PAGES.items():
        text = page.read_text(encoding="utf-8")
        written = with_table(text, table(Settings, names), page.name)
        if text == written:
            continue
        different.append(page.name)
        if "--check" not in arguments:
            page.write_text(written, encoding="utf-8")
    if different and "--check" in arguments:
        return f"{', '.join(different)}: other settings than config.py has: make settings-docs"
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
