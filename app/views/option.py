"""Option and Switch: one choice of a control, and one that is a link."""

from __future__ import annotations

import msgspec


class Option(msgspec.Struct, frozen=True, gc=False):
    """One choice of a select, a radio, a button or a checkbox."""

    value: str
    label: str
    is_chosen: bool
    count: int | None = None


class Switch(msgspec.Struct, frozen=True, gc=False):
    """A link to the same page, shown another way."""

    label: str
    url: str
    is_on: bool
