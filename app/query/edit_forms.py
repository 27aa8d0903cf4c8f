"""Forms that change assets, parsed: which assets, which edits, and where to return to.

Fields: `id`, repeated, or `selection`, the id of a stored selection; `action` with `value`, or both
in one as in `rate:4`, so that a button can send it; `edit.<action>` with a value, repeated, where a
form has several fields; `edit.collection`, the name of a collection, with `edit.create` to create
it; `next`, a path of Akin. An empty field means nothing, except for the value of an `action`. Knows
names and values, nothing of Flask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.errors import InvalidEdit
from app.query.edits import MOST_NAME, Action, Edit
from app.query.params import clean, is_id
from app.query.selection import MOST_SELECTED

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX: Final = "edit."
SELECTION: Final = "selection"
COLLECTION: Final = f"{PREFIX}collection"
CREATE: Final = f"{PREFIX}create"
_ACTIONS: Final = frozenset(Action)


@dataclass(frozen=True, slots=True)
class EditForm:
    """What a form asks for. `collection` is a name, for which there is no id yet."""

    ids: tuple[str, ...]
    edits: tuple[Edit, ...]
    selection: str = ""  # the id of a stored selection, whose assets are meant as well
    collection: str = ""
    is_new: bool = False  # the collection is created, whether one has this name or not
    next: str = ""

    @classmethod
    def parse(cls, fields: Iterable[tuple[str, str]]) -> EditForm:
        """Return the form of some fields; those of a search beside them are ignored.

        Raises InvalidEdit, which names the field and says what to do.
        """
        pairs = [*fields]
        ids = [*dict.fromkeys(value.strip() for name, value in pairs if name == "id")]
        for each in ids:
            if not is_id(each):
                raise InvalidEdit(f"“{each[:80]}” cannot be the id of an asset.", field="id")
        first = dict(reversed(pairs))
        selection = first.get(SELECTION, "")
        if not ids and not selection:
            raise InvalidEdit("Nothing is selected. Select at least one asset.", field="id")
        if len(ids) > MOST_SELECTED:
            text = f"One form can change {MOST_SELECTED} assets, and these are {len(ids)}."
            raise InvalidEdit(f"{text} Select fewer, or store the selection.", field="id")
        name = clean(first.get(COLLECTION, ""))
        if len(name) > MOST_NAME:
            text = f"A name has at most {MOST_NAME} characters; this one has {len(name)}."
            raise InvalidEdit(text, field="collection")
        if first.get(CREATE) and not name:
            raise InvalidEdit("Type the name of the new collection.", field="collection")
        edits = (*_of_button(first), *_of_fields(pairs))
        if not edits and not name:
            raise InvalidEdit("The form is empty. Fill in what is to be changed.", field="action")
        return cls(
            tuple(ids), edits, selection, name, bool(first.get(CREATE)), first.get("next", "")
        )


def _of_button(first: dict[str, str]) -> Iterable[Edit]:
    action, separator, value = first.get("action", "").partition(":")
    if action:
        yield Edit.parse(action, value if separator else first.get("value", ""))


def _of_fields(pairs: Iterable[tuple[str, str]]) -> Iterable[Edit]:
    for name, value in pairs:
        action = name.removeprefix(PREFIX)
        if action != name and action in _ACTIONS and value.strip():
            yield Edit.parse(action, value)
