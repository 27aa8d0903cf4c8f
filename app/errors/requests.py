"""Errors of requests: what was sent, and what this server cannot do with it."""

from __future__ import annotations

from app.errors.base import AkinError, Problem


class InvalidSearch(AkinError):
    """Parameters of a search that cannot be parsed, with every problem."""

    title = "This search cannot be understood"
    advice = "Correct the parameter, or leave it out."
    status = 400
    code = "INVALID_SEARCH"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """The message joins all problems."""
        super().__init__(
            " ".join(f"{problem.parameter}: {problem.message}" for problem in problems),
            field=problems[0].parameter if problems else None,
        )
        self.problems = problems


class InvalidReference(AkinError):
    """An uploaded file that is not a usable picture."""

    title = "This picture cannot be used"
    advice = "Choose a PNG, JPEG, WebP, GIF, AVIF, BMP or TIFF picture. Your search was kept."
    status = 400
    code = "INVALID_REFERENCE"
    field = "image"

    def __init__(self, message: str, *, status: int = 400) -> None:
        """`status` is 400, or 413 for a file that is too large."""
        super().__init__(message)
        self.status = status


class UnreachableReference(InvalidReference):
    """A picture at an address that this server does not fetch from."""

    title = "This address cannot be used"
    advice = "Save the picture and choose its file, or drop it here. Your search was kept."
    field = "address"


class InvalidPart(InvalidReference):
    """A crop that is not a box within its picture."""

    title = "This part cannot be used"
    advice = "Draw a box over the picture, or give its numbers in percent. Your search was kept."

    def __init__(self, message: str, *, field: str) -> None:
        """`field` is the wrong number: left, top, width or height."""
        super().__init__(message)
        self.field = field


class UnknownReference(AkinError):
    """An uploaded picture that is not stored on this server."""

    title = "An example picture was not found"
    advice = "Upload the picture again, or continue without it."
    status = 404
    code = "UNKNOWN_REFERENCE"
    field = "like"

    def __init__(self, reference: str) -> None:
        """`reference` is the `ref_...` in the address."""
        super().__init__(f"The example picture {reference} is not stored on this server.")
        self.reference = reference


class InvalidSelection(AkinError):
    """A selection that does not fit the action."""

    title = "This is not possible with this selection"
    advice = "Go back and select other assets."
    status = 400
    code = "INVALID_SELECTION"
    field = "id"


class SearchNotStored(AkinError):
    """A search that cannot be saved for the team, or frozen."""

    title = "This search was not stored"
    advice = "Open “Team searches”, delete what is not needed any more, and try again."
    status = 400
    code = "SEARCH_NOT_STORED"


class InvalidEdit(AkinError):
    """A value that does not fit the action; `field` is the action."""

    title = "This cannot be saved"
    advice = "Go back and correct it; nothing was changed."
    status = 400
    code = "INVALID_EDIT"


class InvalidReview(AkinError):
    """A field of a review or of an answer that cannot be used."""

    title = "This cannot be saved"
    advice = "Correct the field, then send the form again."
    status = 400
    code = "INVALID_REVIEW"


class ReviewEnded(AkinError):
    """An answer to a review that has ended."""

    title = "This review has ended"
    advice = "Ask the person who made it to open it again."
    status = 409
    code = "REVIEW_ENDED"


class ReviewFull(AkinError):
    """An answer of a new guest to a review that has as many as it may have."""

    title = "No more people can answer this review"
    advice = "Ask the person who made it to start another one."
    status = 409
    code = "REVIEW_FULL"


class NotYourReview(AkinError):
    """A change of a review by someone who did not make it."""

    title = "Only its maker can change this review"
    advice = "Ask the person who made it."
    status = 403
    code = "NOT_YOUR_REVIEW"


class TooMany(AkinError):
    """More items than one response may have."""

    title = "Too many items for one response"
    advice = "Select fewer items, or narrow the search."
    status = 400
    code = "TOO_MANY"


class Busy(AkinError):
    """The limit of long responses at the same time is reached."""

    title = "The server is busy with other downloads"
    advice = "Try again in a moment."
    status = 503
    code = "BUSY"
    retry_after = 5.0


class NoFileManager(AkinError):
    """No file manager can be opened on this machine."""

    title = "No file manager could be opened"
    advice = "Copy the path, and open it yourself."
    status = 503
    code = "NO_FILE_MANAGER"


class NotFound(AkinError):
    """No page exists at this address."""

    title = "This page does not exist"
    advice = "Check the address, or go to the newest pictures."
    status = 404
    code = "NOT_FOUND"
