"""Where in a raw filter the API found a mistake.

The API counts columns in the whole expression that it was sent; the reader typed the raw part of
it, which stands in parentheses at its end (`filters.expression`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from app.errors import Problem
    from app.search import Search

AROUND: Final = 30  # characters shown on each side of a mistake
_TOO_EARLY: Final = "the filter ends too early"
_CLOSING: Final = re.compile(r"unexpected (?:[`'\"“]?\)[`'\"”]?|the end)(?: at column \d+)?")


@dataclass(frozen=True, slots=True)
class Pointer:
    """A piece of the filter as typed, and the place of the mistake in it."""

    text: str
    caret: str  # spaces, then a caret under the place
    column: int  # from 1, in the filter as typed
    sent: int  # the same place in the expression that was sent, as the API names it
    is_end: bool = False  # it lies behind all that was typed

    @classmethod
    def at(cls, typed: str, at: int, sent: int) -> Self:
        """Point at a character of the filter as typed, counted from 0."""
        first = max(0, at - AROUND)
        before = ("…" if first else "") + typed[first:at]
        rest = typed[at : at + AROUND]
        more = "…" if at + AROUND < len(typed) else ""
        caret = f"{' ' * len(before)}^"
        return cls(f"{before}{rest}{more}", caret, at + 1, sent, at >= len(typed))

    def corrected(self, message: str) -> str:
        """The API's message with the column that the reader sees.

        Behind the end it speaks of a parenthesis that the reader has not typed.
        """
        if not self.is_end:
            return message.replace(f"column {self.sent}", f"column {self.column}")
        said = _CLOSING.sub(_TOO_EARLY, message)
        return said if said != message else f"{_TOO_EARLY.capitalize()}. {message}"


def pointed(search: Search, column: int | None) -> Pointer | None:
    """Point at a column of the expression; None where it is not in what the reader typed."""
    typed = search.filter
    if column is None or not typed:
        return None
    at = column - (len(search.expression) - len(typed))  # from 0: after the opening parenthesis
    if not 0 <= at <= len(typed):
        return None
    return Pointer.at(typed, at, column)


def left_out(problems: Iterable[Problem]) -> tuple[Problem, Pointer] | None:
    """The filter that was not even sent, and where in it the mistake is; None without one."""
    for problem in problems:
        if problem.parameter == "filter" and problem.column is not None:
            return problem, Pointer.at(problem.value, problem.column - 1, problem.column)
    return None
