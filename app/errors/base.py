"""AkinError, the root of all errors, and problems with parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class AkinError(Exception):
    """An error for a page: `title`, `message`, `advice`, and the `status` of the response."""

    title: ClassVar[str] = "Something went wrong"
    advice: ClassVar[str] = ""
    status: int = 500
    code: ClassVar[str] = "ERROR"
    field: str | None = None
    retry_after: float | None = None  # seconds

    def __init__(self, message: str = "", *, field: str | None = None) -> None:
        """`message` is shown to the user; `field` is the parameter that the error is about."""
        super().__init__(message)
        self.message = message
        if field is not None:
            self.field = field


@dataclass(frozen=True, slots=True)
class Problem:
    """A parameter that was not accepted: its name, its value, and the reason.

    `column` is the place of the mistake in `value`, from 1, where known; `value` is complete then.
    """

    parameter: str
    value: str
    message: str
    column: int | None = None
