"""What can go wrong in the library, as values that an answer can be made of.

    LibraryError                 anything below
    ├── IndexMissing             there is no library in that folder
    ├── IndexBroken              the file there is damaged
    ├── IndexUnusable            the file there is whole, and cannot be opened now
    ├── SchemaTooNew             a newer version of Akin wrote the index
    ├── SchemaTooOld             an older version wrote it, and it is to be made again
    └── RequestError             the caller's mistake: status, code and text of the answer
        ├── BadRequest           400
        │   └── FilterError      400, and the column of the mistake
        ├── Unauthorized         401
        ├── NotFound             404
        └── TooLarge             413

Knows HTTP's status numbers and nothing of Flask.
"""

from __future__ import annotations


class LibraryError(Exception):
    """Anything the library refuses or cannot do, in one line for its reader."""


class IndexMissing(LibraryError):
    """There is no index in the folder that was named."""


class IndexBroken(LibraryError):
    """The file of the index is no database, or a damaged one."""


class IndexUnusable(LibraryError):
    """The file of the index cannot be opened: a read-only folder, a full disk, no permission."""


class SchemaTooNew(LibraryError):
    """The index was written by a newer version, which this one cannot read."""


class SchemaTooOld(LibraryError):
    """The index was written by an older version; indexing again makes it anew."""


class RequestError(LibraryError):
    """A request that cannot be answered; `status` and `code` go into the answer."""

    status = 400
    code = "BAD_REQUEST"


class BadRequest(RequestError):
    """A parameter is missing, of the wrong type, out of range or at odds with another."""


class FilterError(BadRequest):
    """The filter cannot be read; `column` counts characters from 1."""

    def __init__(self, text: str, column: int) -> None:
        super().__init__(text)
        self.column = column


class Unauthorized(RequestError):
    """No key pair, or not the right one."""

    status = 401
    code = "UNAUTHORIZED"


class NotFound(RequestError):
    """An asset or page that does not exist."""

    status = 404
    code = "NOT_FOUND"


class FileGone(RequestError):
    """The asset is in the index, and its file no longer in its folder."""

    status = 410
    code = "FILE_GONE"


class TooLarge(RequestError):
    """The body is larger than any request needs to be."""

    status = 413
    code = "PAYLOAD_TOO_LARGE"
