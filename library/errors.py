"""Every error that the library raises on purpose.

    LibraryError
    ├── IndexMissing           there is no library in this folder
    ├── IndexBroken            the index file is damaged
    ├── IndexUnusable          the index file cannot be opened now
    │   └── StoreAway          the database does not respond; try again
    ├── SchemaTooNew           a newer version of Akin wrote the index
    ├── SchemaTooOld           an older version wrote it; index again
    ├── BrokenHome             a key file of the home folder cannot be read
    ├── Unwritable             the index cannot be written
    ├── BadMode                AKIN_WRITE has no valid value
    ├── CannotCopy             a copy has another target, or differs from its source
    ├── CannotImport           a line of an export is not a decision
    ├── CannotRestore          a backup does not fit, or would replace something
    ├── BadSnapshot            a snapshot in the shared place is damaged or gone
    ├── PortTaken              the port is in use or not valid
    ├── ModelMissing           a package that contains a model is missing
    ├── NoSuchModel            AKIN_IMAGE_MODEL names no usable model
    ├── BadWeights             the file of a model is not a plain state dict
    ├── DemoMissing            the demo pack is not installed
    ├── FolderMissing          the folder to index is not there
    ├── PrivateFolder          the folder to index is the one of Akin's data
    ├── NameTaken              two folders were given the same name
    ├── BadPattern             a pattern of exclusion cannot be used
    ├── MirrorError            the API or the CDN refused while mirroring
    ├── NotAnAsset             the file has no supported type
    ├── NoAsset                the content of the file shows that it is none
    ├── Unusable               the file cannot become an asset
    ├── Failed                 a worker could not read the file
    ├── WorkersMissing         no worker process can be started
    ├── BadShape               the file is not a readable 3D model
    ├── BadImage               the file is not a readable image
    │   └── NoPreview          the document contains no picture of itself
    ├── BadMedia               the file is not readable audio or video
    └── RequestError           the request cannot be fulfilled
        ├── BadRequest         a parameter is wrong                   400
        │   └── FilterError    the filter cannot be parsed            400
        ├── Unauthorized       the key pair is missing or wrong       401
        ├── Forbidden          the signed URL is not valid            403
        ├── NotFound           no such asset or page                  404
        ├── FileGone           the asset is indexed, its file is gone 410
        ├── TooLarge           the request body is too large          413
        ├── Elsewhere          this host does not have the file's folder  503
        ├── Busy               all workers are busy                   503
        └── NotStored          a change cannot be stored or shown now 503

Classes that are not defined here are defined in the module that raises them. Knows HTTP's status
numbers and nothing of Flask.
"""

from __future__ import annotations


class LibraryError(Exception):
    """Anything the library refuses or cannot do; the text is one line for the user."""


class IndexMissing(LibraryError):
    """There is no index in the given folder."""


class IndexBroken(LibraryError):
    """The index file is not a database, or it is damaged."""


class IndexUnusable(LibraryError):
    """The index file cannot be opened: a read-only folder, a full disk, no permission."""


class StoreAway(IndexUnusable):
    """The database does not respond, or is no primary now; what was asked may be tried again."""


class SchemaTooNew(LibraryError):
    """The index was written by a newer version, which this one cannot read."""


class SchemaTooOld(LibraryError):
    """The index was written by an older version; indexing again replaces it."""


class RequestError(LibraryError):
    """A request that cannot be fulfilled; `status` and `code` are parts of the response."""

    status = 400
    code = "BAD_REQUEST"


class BadRequest(RequestError):
    """A parameter is missing, of the wrong type, out of range, or conflicts with another one."""


class FilterError(BadRequest):
    """The filter cannot be parsed; `column` counts characters from 1."""

    def __init__(self, text: str, column: int) -> None:
        super().__init__(text)
        self.column = column


class Unauthorized(RequestError):
    """The key pair is missing or wrong."""

    status = 401
    code = "UNAUTHORIZED"


class Forbidden(RequestError):
    """A signed URL that was changed, has expired or is for another path."""

    status = 403
    code = "FORBIDDEN"


class NotFound(RequestError):
    """An asset or page that does not exist."""

    status = 404
    code = "NOT_FOUND"


class FileGone(RequestError):
    """The asset is indexed, but its file is no longer in its folder."""

    status = 410
    code = "FILE_GONE"


class Elsewhere(RequestError):
    """The asset is indexed, and its file is in a folder that only other hosts have."""

    status = 503  # so that a load balancer may send the request to another host
    code = "FILE_ELSEWHERE"

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"The file of this asset is in the folder {folder!r}, which this server does not have. "
            f"Set AKIN_ASSETS with {folder}=PATH on it, or use a server that has the folder"
        )


class TooLarge(RequestError):
    """The body is larger than any valid request."""

    status = 413
    code = "PAYLOAD_TOO_LARGE"


class Busy(RequestError):
    """All workers are busy; the request may be repeated after `retry_after` seconds."""

    status = 503
    code = "BUSY"
    retry_after = 10


class NotStored(RequestError):
    """A change that cannot be stored, or that is stored and cannot be shown yet."""

    status = 503
    code = "UNAVAILABLE"
