"""Every error that the web application raises on purpose.

    AkinError
    ├── InvalidSearch          the search cannot be understood         400
    ├── InvalidReference       the uploaded picture cannot be used     400 / 413
    │   ├── UnreachableReference   it is at an address not fetched from 400
    │   └── InvalidPart            the part of a picture is no box in it 400
    ├── UnknownReference       the link's picture is not kept here     404
    ├── StorageFailed          example pictures cannot be kept or read 503
    ├── InvalidSelection       what was picked cannot be used so      400
    ├── TooMany                more than one answer may hold          400
    ├── Busy                   others are being served at length      503
    ├── NotFound               there is nothing at this address        404
    ├── PrefetchSpared         fetched ahead while calls are scarce    503
    ├── NotSignedIn            nobody is signed in                     401
    │   ├── WrongPassword      name and password do not fit            401
    │   └── LinkEnded          a feed's address is good no longer      401
    ├── NotAdmitted            this account may not come in            403
    ├── TooManyAttempts        too many wrong passwords                429
    ├── SignInFailed           the sign-in service did not do its part 502
    ├── Refused                this request is not of this site's      403
    │   └── WrongHost          the server does not go by this name     400
    └── UpstreamError          the API did not answer with what was asked
        ├── BadRequest         it refused a parameter                  400
        │   └── BadFilter      it refused the filter                   400
        ├── BadKey             it does not know our key                502
        ├── NotAllowed         our key may not do this                 403
        ├── UnknownAsset       it does not know the asset              404
        ├── FileGone           it knows the asset, its file is gone    410
        ├── QuotaExceeded      too many searches, or the quota is spent 503
        ├── UpstreamTimeout    no answer in time                       504
        ├── UntrustedAddress   a file at an origin that is not allowed 502
        ├── UpstreamDown       no connection, or an error of its own   502
        └── UpstreamNonsense   an answer that is not of the API        502

Each says what happened (`title`, `message`), what was kept and what to do now (`advice`), which
field it is about (`field`) and with which status it is answered. Knows nothing of templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class AkinError(Exception):
    """What the reader is told: `title`, `message`, `advice`; `status` is Akin's own answer."""

    title: ClassVar[str] = "Something went wrong"
    advice: ClassVar[str] = ""
    status: int = 500
    code: ClassVar[str] = "ERROR"
    field: str | None = None
    retry_after: float | None = None  # seconds

    def __init__(self, message: str = "", *, field: str | None = None) -> None:
        """Keep the message for the reader, and the name of the field it is about."""
        super().__init__(message)
        self.message = message
        if field is not None:
            self.field = field


@dataclass(frozen=True, slots=True)
class Problem:
    """One parameter that could not be taken as it is: which, what it said, why.

    `column` is where in `value` the mistake is, from 1, where that is known; `value` is whole then.
    """

    parameter: str
    value: str
    message: str
    column: int | None = None


class InvalidSearch(AkinError):
    """The strict reading of a search failed; carries every problem at once."""

    title = "This search cannot be understood"
    advice = "Correct the parameter, or leave it out."
    status = 400
    code = "INVALID_SEARCH"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Join the problems into one message; they stay readable one by one."""
        super().__init__(
            " ".join(f"{problem.parameter}: {problem.message}" for problem in problems),
            field=problems[0].parameter if problems else None,
        )
        self.problems = problems


class InvalidReference(AkinError):
    """The uploaded file is not a picture that can be searched by."""

    title = "This picture cannot be used"
    advice = "Choose a PNG, JPEG, WebP, GIF, AVIF, BMP or TIFF picture. Your search was kept."
    status = 400
    code = "INVALID_REFERENCE"
    field = "image"

    def __init__(self, message: str, *, status: int = 400) -> None:
        """`status` is 400, or 413 where the file is too large."""
        super().__init__(message)
        self.status = status


class UnreachableReference(InvalidReference):
    """The picture is at an address that this server does not fetch from."""

    title = "This address cannot be used"
    advice = "Save the picture and choose its file, or drop it here. Your search was kept."
    field = "address"


class InvalidPart(InvalidReference):
    """The part of a picture to search by is not a box within it."""

    title = "This part cannot be used"
    advice = "Draw a box over the picture, or give its numbers in percent. Your search was kept."

    def __init__(self, message: str, *, field: str) -> None:
        """`field` is the number that is wrong: left, top, width or height."""
        super().__init__(message)
        self.field = field


class UnknownReference(AkinError):
    """A link names an uploaded picture that this server does not keep."""

    title = "An example picture is no longer here"
    advice = "Drop the picture again, or go on without it."
    status = 404
    code = "UNKNOWN_REFERENCE"
    field = "like"

    def __init__(self, reference: str) -> None:
        """`reference` is the `ref_...` that the link names."""
        super().__init__(f"The example picture {reference} is not kept on this server.")
        self.reference = reference


class InvalidSelection(AkinError):
    """What was picked is not what this can be done with."""

    title = "This cannot be done with this selection"
    advice = "Go back and pick others."
    status = 400
    code = "INVALID_SELECTION"
    field = "id"


class TooMany(AkinError):
    """More was asked for than one answer may hold."""

    title = "This is more than fits into one answer"
    advice = "Ask for fewer at a time."
    status = 400
    code = "TOO_MANY"


class Busy(AkinError):
    """As many long answers are being sent as this server sends at a time."""

    title = "The server is busy with other downloads"
    advice = "Try again in a moment."
    status = 503
    code = "BUSY"
    retry_after = 5.0


class StorageFailed(AkinError):
    """The place where example pictures are kept cannot be read or written."""

    title = "Example pictures cannot be kept or read at the moment"
    advice = "Try again in a moment, or search without the picture. Your search was kept."
    status = 503
    code = "STORAGE_FAILED"

    def __init__(self, message: str = "") -> None:
        """Say it in any case: pages quote the message alone."""
        super().__init__(message or "The place for example pictures does not answer.")


class NotFound(AkinError):
    """Nothing lives at this address."""

    title = "There is nothing here"
    advice = "Check the address, or go to the newest pictures."
    status = 404
    code = "NOT_FOUND"


class NotSignedIn(AkinError):
    """Nobody is signed in, and this is for people who are."""

    title = "You are not signed in"
    advice = "Sign in, then do it again."
    status = 401
    code = "NOT_SIGNED_IN"


class WrongPassword(NotSignedIn):
    """The name is not known, or the password is not its own; which, is not told."""

    title = "Name and password do not fit"
    advice = "Try again. Whoever runs this server can set a new password."
    code = "WRONG_PASSWORD"
    field = "password"


class LinkEnded(NotSignedIn):
    """An address that let a program in without a sign-in does so no longer, or never did."""

    title = "This address is good no longer"
    advice = "Sign in, open the search and make a new address for your program."
    code = "LINK_ENDED"


class NotAdmitted(AkinError):
    """The account is real, but this server does not let it in."""

    title = "This account may not come in"
    advice = "Sign in with another account, or ask whoever runs this server to let this one in."
    status = 403
    code = "NOT_ADMITTED"


class TooManyAttempts(AkinError):
    """Too many wrong passwords from one place, or for one name."""

    title = "Too many attempts"
    advice = "Wait, then try again."
    status = 429
    code = "TOO_MANY_ATTEMPTS"

    def __init__(self, message: str, *, retry_after: float) -> None:
        """`retry_after` is in seconds."""
        super().__init__(message)
        self.retry_after = retry_after


class SignInFailed(AkinError):
    """The sign-in service cannot be reached, or answered with what is not a sign-in."""

    title = "Signing in did not work"
    advice = "Try again. If this stays, tell whoever runs this server."
    status = 502
    code = "SIGN_IN_FAILED"


class Refused(AkinError):
    """The request came from another site, or from where this server serves nobody."""

    title = "This request was refused"
    advice = "Open Akin itself and do it there."
    status = 403
    code = "REFUSED"


class WrongHost(Refused):
    """The address names a host that is not this server's."""

    title = "This server does not go by that name"
    advice = "Whoever runs this server can add the name to AKIN_HOSTS."
    status = 400
    code = "WRONG_HOST"


class PrefetchSpared(AkinError):
    """A page that nobody has clicked on yet was not worth one of the last calls."""

    title = "Not fetched ahead"
    advice = "Open the page: then it is asked for."
    status = 503
    code = "PREFETCH_SPARED"

    def __init__(self, retry_after: float) -> None:
        """`retry_after` is when there may be calls to spare, in seconds from now."""
        super().__init__("Few calls to the library are left for this minute.")
        self.retry_after = retry_after


class UpstreamError(AkinError):
    """The API answered with something else than what was asked for."""

    title = "The library did not answer as it should"
    advice = "Try again. Your search is kept in the address."
    status = 502
    code = "UPSTREAM_ERROR"
    upstream_status: int | None = None
    allows_stale: ClassVar[bool] = False  # an older answer may be shown instead, with a notice


class BadRequest(UpstreamError):
    """The API refused a parameter of the search."""

    title = "The library refused this search"
    advice = "Change what it names, or start over."
    status = 400
    code = "BAD_REQUEST"


class BadFilter(BadRequest):
    """The API refused the filter expression."""

    title = "The filter cannot be read"
    advice = "Correct the filter below, or search without it."
    code = "BAD_FILTER"
    field = "filter"
    column: int | None = None  # of the mistake in the expression that was sent, from 1


class BadKey(UpstreamError):
    """The API does not accept the key of this server."""

    title = "The server’s key was not accepted"
    advice = (
        "Whoever runs this server has to set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET "
        "to a key that is valid, and start it again."
    )
    code = "BAD_KEY"


class NotAllowed(UpstreamError):
    """The key is known, but may not do this."""

    title = "The server’s key may not see this"
    advice = "Ask the owner of the project for access, or leave out what asks for it."
    status = 403
    code = "NOT_ALLOWED"


class UnknownAsset(UpstreamError):
    """The API does not know the asset."""

    title = "This asset does not exist"
    advice = "It may have been deleted, or belong to another project."
    status = 404
    code = "UNKNOWN_ASSET"


class FileGone(UpstreamError):
    """The API knows the asset, and its file is not there any more."""

    title = "This file is no longer where it was indexed"
    advice = "Put it back, or index its folder again: then it leaves the results, too."
    status = 410
    code = "FILE_GONE"


class QuotaExceeded(UpstreamError):
    """Too many searches at once, or the plan's quota is spent."""

    title = "The search quota is used up for now"
    advice = "Wait a little and try again. Pages that were already shown still open."
    status = 503
    code = "QUOTA_EXCEEDED"
    allows_stale = True


class UpstreamTimeout(UpstreamError):
    """No answer came within the time that a page may take."""

    title = "The library takes too long to answer"
    advice = "Try again; a narrower search is often quicker. Your search is kept in the address."
    status = 504
    code = "UPSTREAM_TIMEOUT"
    allows_stale = True


class UntrustedAddress(UpstreamError):
    """The API named a file at an address that this server does not fetch from."""

    title = "A file is kept where this server may not fetch from"
    advice = "Whoever runs this server can allow the origin by AKIN_MEDIA_ORIGINS."
    code = "UNTRUSTED_ADDRESS"


class UpstreamDown(UpstreamError):
    """No connection, or an error of the API's own."""

    title = "The library cannot be reached"
    advice = "Nothing is lost: your search is kept in the address. Try again in a moment."
    code = "UPSTREAM_DOWN"
    allows_stale = True


class UpstreamNonsense(UpstreamError):
    """An answer that is not of the API: HTML, half a body, another shape."""

    title = "The library’s answer makes no sense"
    advice = "If this stays, check SCENARIO_BASE_URL: something else may be answering there."
    code = "UPSTREAM_NONSENSE"
    allows_stale = True
