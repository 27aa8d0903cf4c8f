"""The person of the current request: a signed-in user, or a guest with a typed name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.auth import current_guard
from app.auth.links.guests import Guest, current_guest
from app.query.reviews import Person, person_name

if TYPE_CHECKING:
    from flask import Response


def reviewer() -> Person | None:
    """Return the person who sent this request; None for a guest who has typed no name yet."""
    if user := current_guard().viewer():
        return Person.user(user.id, user.name)
    guest = current_guest()
    return _person(guest) if guest else None


def introduced(name: str) -> tuple[Person, Guest | None]:
    """Return the person of this request, who has typed a name if nothing is known about them.

    A guest has to be remembered by the response. Raises InvalidReview.
    """
    known = reviewer()
    if known:
        return known, None
    guest = Guest.named(person_name(name))
    return _person(guest), guest


def remembered(response: Response, guest: Guest | None) -> Response:
    """Return a response that stores a new guest in the browser."""
    if guest:
        guest.remember(response)
    return response


def _person(guest: Guest) -> Person:
    return Person.guest(guest.id, guest.name)
