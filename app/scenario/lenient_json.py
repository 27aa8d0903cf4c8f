"""Lenient JSON decoding: invalid characters and numbers are replaced instead of refused."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

import msgspec

from app.errors import InvalidUpstreamResponse

_MOST_DIGITS: Final = 300  # of an integer; Python refuses to print very long ones
_LONE: Final = re.compile("[\ud800-\udfff]")  # half of a surrogate pair, which UTF-8 cannot encode


def decode(body: bytes) -> Any:
    """Decode JSON of any shape. Raises InvalidUpstreamResponse.

    Half a surrogate pair, or a byte that is not UTF-8, becomes the replacement character; NaN,
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
        return _encodable(loose)
    except (ValueError, RecursionError) as error:
        raise InvalidUpstreamResponse("The response is not JSON.") from error


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _short(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MOST_DIGITS else None


def _encodable(loose: Any) -> Any:
    if isinstance(loose, str):
        return _LONE.sub("\ufffd", loose)
    if isinstance(loose, list):
        return [*map(_encodable, loose)]
    if isinstance(loose, dict):
        return {_encodable(name): _encodable(value) for name, value in loose.items()}
    return loose
