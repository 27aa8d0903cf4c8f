"""The time of a reader's last write: their pages use no response from before.

A cookie, because the next request may reach another process or another host. Others see what was
written once their cached responses are renewed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from app.auth.cookies import cookie_name, cookie_path, cookie_value, set_cookie

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

COOKIE: Final = "akin-written"
SECONDS: Final = 86_400  # that it is stored: responses from before are renewed by then
_MOST_CHARACTERS: Final = 20
_CLOCK_DIFFERENCE: Final = 60.0  # seconds between the clocks of two hosts


def remember(response: Response, now: float) -> None:
    """Store that the reader has written something `now`, in seconds since 1970."""
    set_cookie(
        response,
        cookie_name(COOKIE),
        f"{math.ceil(now * 1000) / 1000:.3f}",
        seconds=SECONDS,
        path=cookie_path(),
    )


def of_request(*, now: float) -> float:
    """Return when the reader of this request has last written something; 0 for never."""
    try:
        written = float((cookie_value(COOKIE) or "0")[:_MOST_CHARACTERS])
    except ValueError:
        return 0.0
    return min(written, now) if 0 < written < now + _CLOCK_DIFFERENCE else 0.0
