"""The errors that the web application raises on purpose.

    AkinError
    ├── InvalidSearch               parameters that cannot be parsed          400
    ├── InvalidReference            an upload that is not a usable picture    400 / 413
    │   ├── UnreachableReference    an address that is not fetched from       400
    │   └── InvalidPart             a crop that is not within its picture     400
    ├── UnknownReference            an uploaded picture that is not stored    404
    ├── StorageFailed               the storage of uploads does not work      503
    ├── StoreFailed                 the database does not work                503
    │   ├── StoreTooNew             a database of a newer version             503
    │   ├── BackupFailed            a backup that was not written
    │   └── CannotRestore           a backup that does not fit
    ├── InvalidSelection            a selection that does not fit the action  400
    ├── SearchNotStored             a search without a name, or too many      400
    ├── InvalidEdit                 a value that an action does not take      400
    ├── InvalidReview               a field of a review that cannot be used   400
    ├── ReviewEnded                 an answer to a review that has ended      409
    ├── ReviewFull                  a review that takes no more guests    409
    ├── NotYourReview               a change of another person's review       403
    ├── TooMany                     more items than one response may have     400
    ├── Busy                        too many long responses at the same time  503
    ├── NoFileManager               no file manager can be opened here       503
    ├── NotFound                    no page at this address                   404
    ├── OptionalCallRefused         an optional call near the limit of calls  503
    ├── NotSignedIn                 a request without a session               401
    │   ├── WrongPassword           a wrong name or password                  401
    │   └── LinkExpired             a signed address that is not valid        401
    │       └── ReviewLinkExpired   a link to a review that is not valid      401
    ├── CookieMissing               a browser that keeps no cookie
    ├── NotAdmitted                 an account without access                 403
    ├── EditNotAllowed              a change by someone who may not make it   403
    ├── TooManyAttempts             too many wrong passwords                  429
    ├── SignInFailed                a failure of the sign-in service          502
    ├── NotOwner                    a change of what someone else has stored  403
    ├── Refused                     a request from another site               403
    │   └── WrongHost               a host name that is not this server's     400
    └── UpstreamError               a failed call of the API                  502
        ├── BadRequest              a parameter that the API refused          400
        │   ├── BadFilter           a filter that the API refused             400
        │   └── EditRefused         a change that the API refused             400
        ├── InvalidKey              a key that the API does not accept        502
        ├── NotAllowed              a key without the permission              403
        │   └── WriteNotAllowed     a key that may not change something       403
        ├── WriteUncertain          a change without a response               502
        ├── UnknownCollection       a collection that does not exist          404
        ├── UnknownAsset            an asset that does not exist              404
        ├── FileGone                an asset whose file was removed           410
        ├── QuotaExceeded           too many calls, or an exhausted quota     503
        ├── UpstreamTimeout         no response in time                       504
        ├── UntrustedAddress        a file at an origin that is not allowed   502
        ├── UpstreamDown            no connection, or a server error          502
        └── InvalidUpstreamResponse a response that is not of the API         502

Each error says what happened (`title`, `message`), what to do now (`advice`), which parameter it is
about (`field`), and the status of Akin's response.
"""

from __future__ import annotations

from app.errors.access import (
    EditNotAllowed,
    LinkExpired,
    NotAdmitted,
    NotOwner,
    NotSignedIn,
    Refused,
    ReviewLinkExpired,
    SignInFailed,
    TooManyAttempts,
    WrongHost,
    WrongPassword,
)
from app.errors.base import (
    AkinError,
    Problem,
)
from app.errors.requests import (
    Busy,
    InvalidEdit,
    InvalidPart,
    InvalidReference,
    InvalidReview,
    InvalidSearch,
    InvalidSelection,
    NoFileManager,
    NotFound,
    NotYourReview,
    ReviewEnded,
    ReviewFull,
    SearchNotStored,
    TooMany,
    UnknownReference,
    UnreachableReference,
)
from app.errors.storage import (
    BackupFailed,
    CannotRestore,
    StorageFailed,
    StoreFailed,
    StoreTooNew,
)
from app.errors.upstream import (
    BadFilter,
    BadRequest,
    EditRefused,
    FileGone,
    InvalidKey,
    InvalidUpstreamResponse,
    NotAllowed,
    OptionalCallRefused,
    QuotaExceeded,
    UnknownAsset,
    UnknownCollection,
    UntrustedAddress,
    UpstreamDown,
    UpstreamError,
    UpstreamTimeout,
    WriteNotAllowed,
    WriteUncertain,
)

__all__ = [
    "AkinError",
    "BackupFailed",
    "BadFilter",
    "BadRequest",
    "Busy",
    "CannotRestore",
    "EditNotAllowed",
    "EditRefused",
    "FileGone",
    "InvalidEdit",
    "InvalidKey",
    "InvalidPart",
    "InvalidReference",
    "InvalidReview",
    "InvalidSearch",
    "InvalidSelection",
    "InvalidUpstreamResponse",
    "LinkExpired",
    "NoFileManager",
    "NotAdmitted",
    "NotAllowed",
    "NotFound",
    "NotOwner",
    "NotSignedIn",
    "NotYourReview",
    "OptionalCallRefused",
    "Problem",
    "QuotaExceeded",
    "Refused",
    "ReviewEnded",
    "ReviewFull",
    "ReviewLinkExpired",
    "SearchNotStored",
    "SignInFailed",
    "StorageFailed",
    "StoreFailed",
    "StoreTooNew",
    "TooMany",
    "TooManyAttempts",
    "UnknownAsset",
    "UnknownCollection",
    "UnknownReference",
    "UnreachableReference",
    "UntrustedAddress",
    "UpstreamDown",
    "UpstreamError",
    "UpstreamTimeout",
    "WriteNotAllowed",
    "WriteUncertain",
    "WrongHost",
    "WrongPassword",
]
