"""Errors of calls of the API."""

from __future__ import annotations

from typing import ClassVar

from app.errors.base import AkinError


class OptionalCallRefused(AkinError):
    """An optional call, such as one of a prefetch, was not sent because few calls are left."""

    title = "Not loaded in advance"
    advice = "Open the page to load it."
    status = 503
    code = "PREFETCH_SPARED"

    def __init__(self, retry_after: float) -> None:
        """`retry_after` is the number of seconds until there may be more calls."""
        super().__init__("Few calls to the library are left for this minute.")
        self.retry_after = retry_after


class UpstreamError(AkinError):
    """A call of the API that failed."""

    title = "The library returned an error"
    advice = "Try again. Your search is kept in the address."
    status = 502
    code = "UPSTREAM_ERROR"
    upstream_status: int | None = None
    allows_stale: ClassVar[bool] = False  # a stale response may be shown instead, with a notice


class BadRequest(UpstreamError):
    """The API refused a parameter of the search."""

    title = "The library refused this search"
    advice = "Change that part of the search, or start a new one."
    status = 400
    code = "BAD_REQUEST"


class BadFilter(BadRequest):
    """The API refused the filter expression."""

    title = "The filter is not valid"
    advice = "Correct the filter below, or search without it."
    code = "BAD_FILTER"
    field = "filter"
    column: int | None = None  # of the mistake in the expression that was sent, from 1


class InvalidKey(UpstreamError):
    """The API does not accept the key of this server."""

    title = "The server’s key was not accepted"
    advice = (
        "The administrator must set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET to a valid "
        "key, and restart the server."
    )
    code = "BAD_KEY"


class NotAllowed(UpstreamError):
    """The key is valid, but has no permission for this call."""

    title = "The server’s key has no access to this"
    advice = "Ask the owner of the project for access, or remove it from the search."
    status = 403
    code = "NOT_ALLOWED"


class WriteNotAllowed(NotAllowed):
    """A key that may not change this."""

    title = "The server’s key may not change this"
    advice = "Ask the owner of the project for a key that may write. Nothing was changed."
    code = "WRITE_NOT_ALLOWED"


class EditRefused(BadRequest):
    """A value of a change that the API refused."""

    title = "The library refused this change"
    advice = "Correct the value and try again. Nothing was changed."
    code = "EDIT_REFUSED"


class WriteUncertain(UpstreamError):
    """A change to which no response arrived: it may have been stored."""

    title = "It is not known whether the change was stored"
    advice = "Look at the asset in a moment. If the change is missing, make it again."
    code = "WRITE_UNCERTAIN"


class UnknownCollection(UpstreamError):
    """A collection that the API does not know."""

    title = "This collection does not exist"
    advice = "It may have been deleted meanwhile. Choose another one."
    status = 404
    code = "UNKNOWN_COLLECTION"


class UnknownAsset(UpstreamError):
    """An asset that the API does not know."""

    title = "This asset does not exist"
    advice = "It may have been deleted, or belong to another project."
    status = 404
    code = "UNKNOWN_ASSET"


class FileGone(UpstreamError):
    """An asset whose file was removed."""

    title = "This file is no longer where it was indexed"
    advice = "Put it back, or index its folder again to remove it from the results."
    status = 410
    code = "FILE_GONE"


class QuotaExceeded(UpstreamError):
    """Too many calls in a short time, or an exhausted quota."""

    title = "The search quota is used up for now"
    advice = "Wait a little and try again. Pages that were shown before still work."
    status = 503
    code = "QUOTA_EXCEEDED"
    allows_stale = True


class UpstreamTimeout(UpstreamError):
    """No response within the time that a page may take."""

    title = "The library takes too long to respond"
    advice = "Try again; a narrower search is often quicker. Your search is kept in the address."
    status = 504
    code = "UPSTREAM_TIMEOUT"
    allows_stale = True


class UntrustedAddress(UpstreamError):
    """A file at an origin that this server does not fetch from."""

    title = "A file is at an address that this server may not use"
    advice = "The administrator can add its origin to AKIN_MEDIA_ORIGINS."
    code = "UNTRUSTED_ADDRESS"


class UpstreamDown(UpstreamError):
    """No connection, or a server error of the API."""

    title = "The library cannot be reached"
    advice = "Nothing is lost: your search is kept in the address. Try again in a moment."
    code = "UPSTREAM_DOWN"
    allows_stale = True


class InvalidUpstreamResponse(UpstreamError):
    """A response that is not of the API: HTML, a partial body, another structure."""

    title = "The library’s response is not valid"
    advice = "If this persists, check SCENARIO_BASE_URL: another server may be responding there."
    code = "UPSTREAM_NONSENSE"
    allows_stale = True
