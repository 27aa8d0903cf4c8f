"""JSON as it comes over the wire, read even where a letter or a number in it cannot be.

Knows JSON and nothing of what it means.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

import msgspec

from app.errors import UpstreamNonsense

_MOST_DIGITS: Final = 300  # of an integer; Python refuses to write very long ones
_LONE: Final = re.compile("[\ud800-\udfff]")  # half of a letter, which no UTF-8 can spell


def decode(body: bytes) -> Any:
    """Decode JSON of any shape. Raises UpstreamNonsense.

    Half a surrogate pair, or a byte that is no UTF-8, becomes the replacement character; NaN,
    Infinity and numbers of hundreds of digits become null.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        loose = json.loads(
            body.decode("utf-8-sig", "replace"),
            parse_constant=lambda _: None,
            parse_float=_finite,
            parse_int=_short,
        )
        return _spellable(loose)
    except (ValueError, RecursionError) as error:
        raise UpstreamNonsense("The answer is not JSON.") from error


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _short(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MOST_DIGITS else None


def _spellable(loose: Any) -> Any:
    if isinstance(loose, str):
        return _LONE.sub("\ufffd", loose)
    if isinstance(loose, list):
        return [*map(_spellable, loose)]
    if isinstance(loose, dict):
        return {_spellable(name): _spellable(value) for name, value in loose.items()}
    return loose
