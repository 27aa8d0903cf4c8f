"""Edits: what people change about assets, as frozen values."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

from app.errors import InvalidEdit
from app.query.params import is_id

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

MOST_TAG: Final = 500  # characters
MOST_NAME: Final = 1000
MOST_DESCRIPTION: Final = 20_000
LABELS: Final = ("pick", "reject", "")  # "" removes the label
SENSITIVE: Final = ("yes", "no", "")  # "" is what the classifier says


class Action(StrEnum):
    """What an edit does; the value of the form field `action`."""

    TAG = "tag"
    UNTAG = "untag"
    COLLECT = "collect"  # the value is the id of a collection
    UNCOLLECT = "uncollect"
    RATE = "rate"  # "1" to "5"; "0" removes the rating
    LABEL = "label"
    NAME = "name"
    DESCRIPTION = "description"
    SENSITIVE = "sensitive"


class Level(IntEnum):
    """How much may be changed; each level includes those before it."""

    OFF = 0
    TAGS = 1  # tags, ratings, labels
    ALL = 2  # also names, descriptions, collections, what is sensitive


_TAGS: Final = frozenset({Action.TAG, Action.UNTAG, Action.RATE, Action.LABEL})
# Of the same kind are actions of which the later one may revert the earlier one.
_KINDS: Final = {Action.UNTAG: Action.TAG, Action.UNCOLLECT: Action.COLLECT}
_CHOICES: Final = {
    Action.RATE: (tuple("012345"), "A rating is a number from 0 to 5."),
    Action.LABEL: (LABELS, "A label is pick, reject, or empty."),
    Action.SENSITIVE: (SENSITIVE, "Sensitive is yes, no, or empty."),
}
_TEXTS: Final = {
    Action.TAG: ("A tag", MOST_TAG),
    Action.UNTAG: ("A tag", MOST_TAG),
    Action.NAME: ("A name", MOST_NAME),
    Action.DESCRIPTION: ("A description", MOST_DESCRIPTION),
}


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of an asset. Raises InvalidEdit where the value does not fit the action."""

    action: Action
    value: str

    def __post_init__(self) -> None:
        """Normalise the value: no outer spaces, composed characters."""
        value = self.value
        if self.action is not Action.UNTAG:  # which names a tag as it is
            value = unicodedata.normalize("NFC", value).strip()
            object.__setattr__(self, "value", value)
        if problem := _problem(self.action, value):
            raise InvalidEdit(problem, field=self.action.value)

    @classmethod
    def parse(cls, action: str, value: str) -> Self:
        """Return the edit of two form fields. Raises InvalidEdit."""
        if action not in set(Action):
            known = ", ".join(Action)
            raise InvalidEdit(f"“{action[:20]}” is not one of {known}.", field="action")
        return cls(Action(action), value)


def level_of(action: Action) -> Level:
    """Return the least level that allows an action."""
    return Level.TAGS if action in _TAGS else Level.ALL


def kinds_of(edits: Iterable[Edit]) -> int:
    """Return the kinds of values that edits change, a bit for each. The numbers are stored."""
    kinds = {_KINDS.get(edit.action, edit.action) for edit in edits}
    return sum(1 << place for place, action in enumerate(Action) if action in kinds)


def _problem(action: Action, value: str) -> str:
    """Return what is wrong with the value of an action, or ""."""
    if action in _CHOICES:
        values, problem = _CHOICES[action]
        return "" if value in values else problem
    if action in {Action.COLLECT, Action.UNCOLLECT}:
        return "" if is_id(value) else "This cannot be the id of a collection."
    what, most = _TEXTS[action]
    if not value and what == "A tag":
        return "A tag needs at least one character."
    if len(value) > most:
        return f"{what} has at most {most} characters; this one has {len(value)}."
    if any(unicodedata.category(each) == "Cc" and each not in "\n\r\t" for each in value):
        return f"{what} cannot contain control characters."
    return ""
