"""View model of the page with the signed links of a search, for programs that cannot sign in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.viewmodels.parts.search_bar import BarView

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class FeedAddress:
    """A signed link with its label and purpose."""

    label: str
    purpose: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedsView(BarView):
    """The page “Feed for a reader”."""

    addresses: tuple[FeedAddress, ...]
    expires: date
    ends_with_password: bool  # whether a new password ends the links as well
