"""The part of a picture to search by: four numbers in percent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from app.errors import InvalidPart

if TYPE_CHECKING:
    from collections.abc import Mapping

# The numbers of a Crop, each with its lower and upper bound.
CROP_LIMITS: Final = {"left": (0, 99), "top": (0, 99), "width": (1, 100), "height": (1, 100)}


@dataclass(frozen=True, slots=True)
class Crop:
    """A box within a picture: each number is in percent of the picture's width or height."""

    left: float = 25
    top: float = 25
    width: float = 50
    height: float = 50

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> Self:
        """Parse the four fields of a form. Raises InvalidPart, which names the first wrong one."""
        return cls(*(_percent(fields, name, *bounds) for name, bounds in CROP_LIMITS.items()))


def _percent(fields: Mapping[str, str], name: str, least: int, most: int) -> float:
    text = fields.get(name, "").strip()
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= most:
        given = f"“{text[:20]}” is not" if text else "It is empty and has to be"
        raise InvalidPart(f"{given} a number from {least} to {most}.", field=name)
    return number
