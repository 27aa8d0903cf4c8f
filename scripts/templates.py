"""Check of the templates: each compiles in the application's environment.

`|safe` is refused: no text from outside is trusted as HTML.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from jinja2 import StrictUndefined, TemplateSyntaxError

from app import create_app
from config import Settings


def mistakes() -> list[str]:
    """Return a line for each mistake in the templates."""
    with tempfile.TemporaryDirectory() as data:
        environment = create_app(Settings(data=Path(data))).jinja_env
    lines = []
    if environment.undefined is not StrictUndefined:
        lines.append("templates are not compiled under StrictUndefined")
    names = environment.list_templates()
    if not names:
        lines.append("there are no templates")
    for name in names:
        try:
            environment.get_template(name)
        except TemplateSyntaxError as error:
            lines.append(f"templates/{error.filename or name}:{error.lineno}: {error.message}")
        source = environment.loader.get_source(environment, name)[0] if environment.loader else ""
        if "|safe" in source.replace(" ", ""):
            lines.append(f"templates/{name}: uses |safe")
    return lines


if __name__ == "__main__":
    sys.exit("\n".join(mistakes()) or 0)
