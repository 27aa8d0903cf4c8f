"""The position of a mistake in a filter expression that the user typed.

The API counts columns in the expression that was sent. The typed part is at its end, in parentheses
(`filters.expression`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from app.errors import Problem
    from app.query.search import Search

AROUND: Final = 30  # characters shown on each side of a mistake
_TOO_EARLY: Final = "the filter ends too early"
_CLOSING: Final = re.compile(r"unexpected (?:[`'\"“]?\)[`'\"”]?|the end)(?: at column \d+)?")


@dataclass(frozen=True, slots=True)
class Pointer:
    """An excerpt of the typed filter, with the position of the mistake."""

    text: str
    caret: str  # spaces, then a caret below the position
    column: int  # from 1, in the filter as typed
    sent: int  # the same position in the expression that was sent
    is_end: bool = False  # the position is after the typed text

    @classmethod
    def at(cls, typed: str, at: int, sent: int) -> Self:
        """Return the pointer to a character of the typed filter, counted from 0."""
        first = max(0, at - AROUND)
        before = ("…" if first else "") + typed[first:at]
        rest = typed[at : at + AROUND]
        more = "…" if at + AROUND < len(typed) else ""
        caret = f"{' ' * len(before)}^"
        return cls(f"{before}{rest}{more}", caret, at + 1, sent, at >= len(typed))

    def corrected(self, message: str) -> str:
        """Return the API's message with the column in the typed filter.

        At the end the message names a parenthesis that was not typed: it is replaced.
        """
        if not self.is_end:
            return message.replace(f"column {self.sent}", f"column {self.column}")
        replaced = _CLOSING.sub(_TOO_EARLY, message)
        return replaced if replaced != message else f"{_TOO_EARLY.capitalize()}. {message}"


def pointed(search: Search, column: int | None) -> Pointer | None:
    """Return the pointer to a column of the expression; None outside of the typed filter."""
    typed = search.filter
    if column is None or not typed:
        return None
    at = column - (len(search.expression) - len(typed))  # from 0: after the opening parenthesis
    if not 0 <= at <= len(typed):
        return None
    return Pointer.at(typed, at, column)


def left_out(problems: Iterable[Problem]) -> tuple[Problem, Pointer] | None:
    """Return the filter that was not sent, with the position of its mistake; None without one."""
    for problem in problems:
        if problem.parameter == "filter" and problem.column is not None:
            return problem, Pointer.at(problem.value, problem.column - 1, problem.column)
    return None
