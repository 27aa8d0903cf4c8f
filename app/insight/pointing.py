"""Where in a raw filter the API found a mistake.

The API counts columns in the whole expression that it was sent; the reader typed the raw part of
it, which stands in parentheses at its end (`filters.expression`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from app.search import Search

AROUND: Final = 30  # characters shown on each side of a mistake


@dataclass(frozen=True, slots=True)
class Pointer:
    """A piece of the filter as typed, and the place of the mistake in it."""

    text: str
    caret: str  # spaces, then a caret under the place
    column: int  # from 1, in the filter as typed
    sent: int  # the same place in the expression that was sent, as the API names it

    def corrected(self, message: str) -> str:
        """The API's message with the column that the reader sees."""
        return message.replace(f"column {self.sent}", f"column {self.column}")


def pointed(search: Search, column: int | None) -> Pointer | None:
    """Point at a column of the expression; None where it is not in what the reader typed."""
    typed = search.filter
    if column is None or not typed:
        return None
    at = column - (len(search.expression) - len(typed))  # from 0: after the opening parenthesis
    if not 0 <= at <= len(typed):
        return None
    first = max(0, at - AROUND)
    before = ("…" if first else "") + typed[first:at]
    rest = typed[at : at + AROUND]
    more = "…" if at + AROUND < len(typed) else ""
    return Pointer(f"{before}{rest}{more}", f"{' ' * len(before)}^", at + 1, column)
