"""The declaration of settings as fields of a data class, and reading them from the environment."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from environment import checks, parsers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping


class InvalidSettings(ValueError):
    """One or more variables have no valid value; the message has a line for each."""


def setting(
    variable: str,
    default: object,
    meaning: str,
    parse: Callable[[str], Any] = parsers.text,
    *,
    secret: bool = False,
    file: bool = False,
) -> Any:
    """The declaration of a setting: its variable, default, meaning and parser.

    A `secret`, and a setting with `file`, can be in a file that `<variable>_FILE` names.
    """
    metadata = {
        "variable": variable,
        "meaning": meaning,
        "parse": parse,
        "secret": secret,
        "file": secret or file,
    }
    return field(default=default, repr=not secret, metadata=metadata)


def values_of(cls: type[Any], environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the values of the fields that an environment sets, and a line for each mistake."""
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    declared = [(item.name, item.metadata) for item in dataclasses.fields(cls)]
    for name, metadata in declared:
        variable = metadata["variable"]
        try:
            text = read(environ, variable, from_file=metadata["file"])
        except ValueError as error:
            mistakes.append(f"{variable}_FILE: {error}")
            continue
        if not text:
            continue
        try:
            values[name] = metadata["parse"](text)
        except ValueError as error:
            # An address may contain a password, though it should not.
            redacted = re.sub(r"//[^/]*@", "//…@", text)
            shown = "its value" if metadata["secret"] else f"“{redacted}”"
            mistakes.append(f"{variable}: {shown} {error}")
    known = [metadata["variable"] for _, metadata in declared]
    files = [f"{metadata['variable']}_FILE" for _, metadata in declared if metadata["file"]]
    mistakes += checks.check_names(environ, [*known, *files])
    return values, mistakes


def read(environ: Mapping[str, str], variable: str, *, from_file: bool) -> str:
    """Return the text of a variable, or of the file that `<variable>_FILE` names; empty: not set.

    Raises ValueError with a sentence about `<variable>_FILE`.
    """
    value = environ.get(variable, "").strip()
    path = environ.get(f"{variable}_FILE", "").strip() if from_file else ""
    if not path:
        return value
    if value:
        raise ValueError(f"{variable} is set as well; remove one of the two")
    try:
        content = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"“{path}” cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ValueError(f"“{path}” is not a file with text in UTF-8") from error
    content = content.removesuffix("\n").removesuffix("\r")
    if not content:
        raise ValueError(f"“{path}” is empty")
    return content


_TABLE_HEAD: Final = "| variable | default | meaning |\n| --- | --- | --- |\n"


def table(cls: type[Any], names: Collection[str] | None = None) -> str:
    """Return the settings as a Markdown table; with `names`, these variables only."""
    rows = []
    for item in dataclasses.fields(cls):
        if names is not None and item.metadata["variable"] not in names:
            continue
        default = item.default
        if isinstance(default, tuple):
            default = ", ".join(default)
        shown = f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
        shown = shown if str(default) else ""
        rows.append(f"| `{item.metadata['variable']}` | {shown} | {item.metadata['meaning']} |\n")
    return _TABLE_HEAD + "".join(rows)
