"""Compiles every template as the application would, so that none fails first before a reader.

Also refuses `|safe`: nothing that comes from outside is ever trusted as HTML.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from jinja2 import StrictUndefined, TemplateSyntaxError

from app import create_app
from config import Settings


def mistakes() -> list[str]:
    """What is wrong with the templates, a line each; empty when all is well."""
    with tempfile.TemporaryDirectory() as data:
        environment = create_app(Settings(data=Path(data))).jinja_env
    found = []
    if environment.undefined is not StrictUndefined:
        found.append("templates are not compiled under StrictUndefined")
    names = environment.list_templates()
    if not names:
        found.append("there are no templates")
    for name in names:
        try:
            environment.get_template(name)
        except TemplateSyntaxError as error:
            found.append(f"templates/{error.filename or name}:{error.lineno}: {error.message}")
        source = environment.loader.get_source(environment, name)[0] if environment.loader else ""
        if "|safe" in source.replace(" ", ""):
            found.append(f"templates/{name}: uses |safe")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(mistakes()) or 0)
