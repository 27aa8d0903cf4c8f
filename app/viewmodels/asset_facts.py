"""The facts of an asset as rows in groups, with links to the assets that share a value.

Which fields are listed, and where, is stated in `app.query.fields`. Properties and values that the
table does not know are listed under the words of their names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from app.query import describe
from app.query.fields import FIELDS, reader
from app.query.search import Search

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from app.query.display import Display
    from app.query.field_spec import FieldSpec
    from app.scenario.assets import Asset

MOST_ROWS: Final = 100  # of one group
MOST_ITEMS: Final = 20  # of a list that is shown; an embedding has a thousand
MOST_TEXT: Final = 2000  # characters of a value of an unknown field

# The listed fields of each group, with the function that reads their values.
SECTIONS: Final = {
    section: tuple((spec, reader(spec)) for spec in FIELDS if spec.section == section)
    for section in ("File", "Generation", "Place")
}
# Listed by fields of the table.
_KNOWN_PROPERTIES: Final = frozenset({"width", "height", "size"})
# Properties whose names are not words, or whose numbers have a unit: label and unit.
_PROPERTIES: Final = {
    "duration": ("Duration", "s"),
    "frameRate": ("Frame rate", "per second"),
    "sampleRate": ("Sample rate", "Hz"),
    "nbChannels": ("Channels", ""),
    "frameCount": ("Frames", ""),
    "pageCount": ("Pages", ""),
    "vertexCount": ("Vertices", ""),
    "faceCount": ("Faces", ""),
    "loraStrengths": ("LoRA strengths", ""),
}
_WORD_START: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Row:
    """One fact; `url` leads to the assets that share it, `copy` asks for a copy button."""

    label: str
    value: str
    url: str = ""
    copy: bool = False
    id: str = ""  # where the value is the name of something


@dataclass(frozen=True, slots=True)
class Group:
    """Facts that belong together."""

    label: str
    rows: tuple[Row, ...]


def groups(
    asset: Asset, names: Mapping[str, str], display: Display, *, by_library: bool
) -> tuple[Group, ...]:
    """Return the groups that have rows; `names` are those of ids.

    With `by_library`, values that Akin's own library gives every asset are left out.
    """
    rows = {
        section: [
            row if spec.name not in asset.metadata.automatic else _recognised(row)
            for spec, read in fields
            for row in _rows(spec, read(asset), names, display, by_library=by_library)
        ]
        for section, fields in SECTIONS.items()
    }
    rows["File"] += _unknown(asset.properties, _KNOWN_PROPERTIES)
    # The API returns more than it documents. `source` repeats the type under another name.
    same = {"source"} if asset.others.get("source") == asset.metadata.type else set()
    rows["Other"] = list(_unknown(asset.others, same))
    return tuple(Group(label, tuple(of_group)) for label, of_group in rows.items() if of_group)


def _recognised(row: Row) -> Row:
    """Return a row whose value a network has found, and no person has stated."""
    return replace(row, label=f"{row.label} (recognised)")


def shared_url(parameter: str, value: object, display: Display) -> str:
    """The search for the assets with a value; empty where no search can express it."""
    search = Search().adding(parameter, str(value))
    return "" if search.is_empty else display.lasting.url(search)


def _rows(
    spec: FieldSpec, value: Any, names: Mapping[str, str], display: Display, *, by_library: bool
) -> Iterator[Row]:
    """Yield the rows of a field: none without a value, one for each value of a linked array."""
    if value is None or value == "" or (by_library and value == spec.library_default):
        return
    if isinstance(value, tuple):
        if spec.linkable:
            for each in value:
                yield from _rows(spec, each, names, display, by_library=by_library)
            return
        value = ", ".join(value)
    is_linked = spec.linkable and (by_library or not spec.extension)
    url = shared_url(spec.name, value, display) if is_linked else ""
    if text := _text(spec, value, names):
        yield Row(spec.label, text, url, copy=spec.copyable)


def _text(spec: FieldSpec, value: Any, names: Mapping[str, str]) -> str:
    """A value as it is shown: by its label or name, as a date, or with its unit."""
    if spec.kind == "date":
        return describe.date(value)
    if spec.unit == "bytes":
        return describe.file_size(value)
    text = str(value)
    text = spec.values.get(text, names.get(text, text) if spec.linkable else text)
    return f"{text} {spec.unit}" if spec.unit else text


def _unknown(values: Mapping[str, object], left_out: Collection[str]) -> Iterator[Row]:
    """Yield a row for each value that fits on a line, labelled by the words of its name."""
    for name, value in sorted(values.items())[:MOST_ROWS]:
        if name in left_out or name.lower().endswith("url") or not (text := _plain(value)):
            continue
        label, unit = _PROPERTIES.get(name, (_label(name), ""))
        yield Row(label, f"{text} {unit}" if unit else text)


def _label(name: str) -> str:
    first, *rest = _WORD_START.sub(" ", name).replace("_", " ").split() or [name]
    return " ".join([first[:1].upper() + first[1:], *(_lower(each) for each in rest)])


def _lower(word: str) -> str:
    """A word in lowercase, unless it is an abbreviation: `UVs` stays."""
    return word if word[1:2].isupper() else word.lower()


def _plain(value: object) -> str:
    """A value as text; empty for objects, long lists, and URLs, whose signatures expire."""
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case int():
            return str(value)
        case str():
            return "" if value.startswith(("http:", "https:", "data:")) else value[:MOST_TEXT]
        case list() if len(value) <= MOST_ITEMS:
            return ", ".join(filter(None, (_plain(x) for x in value if not isinstance(x, list))))
        case _:
            return ""
