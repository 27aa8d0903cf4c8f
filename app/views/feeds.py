"""FeedsView: the addresses by which programs that cannot sign in read a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.views.bar import BarView

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class FeedAddress:
    """One address: what it is called, what it is for, and the whole of it."""

    label: str
    purpose: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedsView(BarView):
    """The page “Feed for a reader”."""

    addresses: tuple[FeedAddress, ...]
    last_day: date
    ends_with_password: bool  # a new one, or none any more, ends the addresses, too
    back_url: str
