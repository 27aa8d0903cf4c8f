"""State of the current request: one typed value, which lives as long as Flask's context.

The time budget and the record of events are not in it: packages below Flask read them, so they are
context variables (`app.scenario.request_budget`, `app.telemetry.events`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import g

if TYPE_CHECKING:
    from app.auth.links.signed_links import LinkGrant
    from app.auth.user import User


@dataclass(slots=True)
class RequestState:
    """What was found out about a request so far."""

    user: User | None = None
    has_user: bool = False  # `user` was looked up
    grant: LinkGrant | None = None  # of the signed link that was requested
    has_shown_notice: bool = False  # of what a form has changed
    page_tag: str = ""  # entity tag under which the page is stored compressed
    is_recorded: bool = False  # its record of events began with it, and ends with it


def request_state() -> RequestState:
    """Return the state of the current request."""
    state = g.get("akin")
    if state is None:
        state = g.akin = RequestState()
    return cast("RequestState", state)
