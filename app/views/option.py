"""Option: one choice of a control."""

from __future__ import annotations

import msgspec


class Option(msgspec.Struct, frozen=True, gc=False):
    """One choice of a select, a radio, a button or a checkbox."""

    value: str
    label: str
    is_chosen: bool
    count: int | None = None
