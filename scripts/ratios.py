"""Write static/css/5-ratios.css: a class for each aspect ratio of a card.

The Content-Security-Policy allows no inline styles, so a card's aspect ratio is a class. The steps
are those of app.viewmodels.parts.card; with --check it fails where the file is out of date.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from app.viewmodels.parts.card import ratio_steps  # noqa: E402 - after the path is set

FILE = ROOT / "static" / "css" / "5-ratios.css"


def stylesheet() -> str:
    """Return the rules, one class per step."""
    rules = "".join(f".r{step}{{--ratio:{ratio:g}}}\n" for step, ratio in ratio_steps().items())
    return f"/* Made by scripts/ratios.py */\n@layer components{{\n{rules}}}\n"


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        if FILE.read_text() != stylesheet():
            sys.exit("static/css/5-ratios.css is out of date: run python scripts/ratios.py")
    else:
        FILE.write_text(stylesheet())
