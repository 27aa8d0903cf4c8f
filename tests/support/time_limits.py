"""Time limits for tests: on a busy machine a page must not go without its optional parts."""

from __future__ import annotations

from typing import Final

from app.services.time_limits import TimeLimits

SECONDS: Final = 60.0
PATIENT: Final = TimeLimits(
    labels=SECONDS,
    examples=SECONDS,
    alternatives=SECONDS,
    thumbnail=SECONDS,
    thumbnails=SECONDS,
    health=SECONDS,
    health_max_age=SECONDS,
)
