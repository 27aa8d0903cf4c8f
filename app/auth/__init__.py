"""Authentication and access: sign-in, sessions, signed links, and the check of every request."""

from app.auth.access import for_local_programs, public, signed_link
from app.auth.guard import RequestGuard, current_grant, current_guard, init_app
from app.auth.user import User

__all__ = [
    "RequestGuard",
    "User",
    "current_grant",
    "current_guard",
    "for_local_programs",
    "init_app",
    "public",
    "signed_link",
]
