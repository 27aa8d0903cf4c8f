"""The choices of controls: options, groups and ranges of forms; links that switch or preset."""

from __future__ import annotations

import msgspec


class Option(msgspec.Struct, frozen=True, gc=False):
    """One choice of a select, radio group, button group or list of checkboxes."""

    value: str
    label: str
    is_chosen: bool
    count: int | None = None


class Switch(msgspec.Struct, frozen=True, gc=False):
    """A link to the same page with another display setting."""

    label: str
    url: str
    is_on: bool


class Preset(msgspec.Struct, frozen=True, gc=False):
    """A link that sets a common filter; where it is set, a link that removes it."""

    label: str
    url: str
    is_chosen: bool
    days: int | None = None  # of a date: how many days before today it begins


class Group(msgspec.Struct, frozen=True, gc=False):
    """The boxes of one facet."""

    name: str
    label: str
    options: tuple[Option, ...]

    @property
    def is_used(self) -> bool:
        """True where a box is checked."""
        return any(option.is_chosen for option in self.options)


class Bounds(msgspec.Struct, frozen=True, gc=False):
    """The two ends of a range, each an input."""

    name: str
    label: str
    low: str
    high: str
    kind: str  # the input's type: number, date, text
    step: str
    is_date: bool = False
