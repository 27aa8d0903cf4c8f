"""Errors of access: who may use this server."""

from __future__ import annotations

from app.errors.base import AkinError


class NotSignedIn(AkinError):
    """A request without a session for a page that requires one."""

    title = "You are not signed in"
    advice = "Sign in, then try again."
    status = 401
    code = "NOT_SIGNED_IN"


class WrongPassword(NotSignedIn):
    """An unknown name or a wrong password; the error does not say which."""

    title = "Wrong name or password"
    advice = "Try again, or ask the administrator to set a new password."
    code = "WRONG_PASSWORD"
    field = "password"


class LinkExpired(NotSignedIn):
    """A signed address for a program that has expired, or was never valid."""

    title = "This address is no longer valid"
    advice = "Sign in, open the search and create a new address for your program."
    code = "LINK_ENDED"


class ReviewLinkExpired(LinkExpired):
    """A link to a review that was replaced, or was never valid."""

    title = "This link to a review is not valid"
    advice = "Ask the person who sent it for the current link."
    code = "REVIEW_LINK_ENDED"


class NotAdmitted(AkinError):
    """A valid account without access to this server."""

    title = "This account has no access"
    advice = "Sign in with another account, or ask the administrator for access."
    status = 403
    code = "NOT_ADMITTED"


class TooManyAttempts(AkinError):
    """Too many wrong passwords from one address or for one name."""

    title = "Too many attempts"
    advice = "Wait, then try again."
    status = 429
    code = "TOO_MANY_ATTEMPTS"

    def __init__(self, message: str, *, retry_after: float) -> None:
        """`retry_after` is in seconds."""
        super().__init__(message)
        self.retry_after = retry_after


class SignInFailed(AkinError):
    """The sign-in service cannot be reached, or sent an invalid response."""

    title = "The sign-in failed"
    advice = "Try again. If it keeps failing, tell the administrator."
    status = 502
    code = "SIGN_IN_FAILED"


class NotOwner(AkinError):
    """A change of something that another person has stored."""

    title = "Only the person who has saved it can change it"
    advice = "Ask them, or save your own."
    status = 403
    code = "NOT_OWNER"


class Refused(AkinError):
    """A request from another site, or from an address that is not served."""

    title = "This request was refused"
    advice = "Open Akin in a new tab and try again there."
    status = 403
    code = "REFUSED"


class WrongHost(Refused):
    """A host name that is not one of this server."""

    title = "This server does not use that host name"
    advice = "The administrator can add the name, with its port, to AKIN_HOSTS."
    status = 400
    code = "WRONG_HOST"


class EditNotAllowed(AkinError):
    """A change by someone who may not make it, or on a server where no user may."""

    title = "You may not change this"
    advice = "Nothing was changed. Ask the administrator, or go back."
    status = 403
    code = "EDIT_NOT_ALLOWED"
