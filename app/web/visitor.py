"""The person of a request, as the owner of what is stored."""

from __future__ import annotations

from app.auth import current_guard
from app.services.team.team_searches import Visitor


def visitor() -> Visitor:
    """Return the signed-in user; without a sign-in everyone is the same person."""
    user = current_guard().viewer()
    return Visitor(user.id, user.name) if user else Visitor()
