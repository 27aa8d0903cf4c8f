"""The library's files behind signed URLs: originals, transforms, thumbnails.

Knows HTTP and the folder; only what is in the index is ever served, never through a link, never
in a form that a browser would run as a script. Rejections are `library.errors` values, answered
as JSON.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request
from werkzeug.http import generate_etag, parse_range_header

from library import pictures, transforms
from library.errors import NotFound, RequestError
from library.homes import thumbnail_path
from library.kinds import extension
from library.signing import Forbidden, Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from library.documents import Document

__all__ = ["Forbidden", "Signer", "blueprint"]

# Shown by a browser as what they are; anything else is offered as a download.
_INLINE: Final = ("image/", "audio/", "video/", "text/plain", "application/json", "application/pdf")
AS_FILE: Final = "download"  # added to a URL, it is offered as a download in any case
# For the day a browser is led to a file by itself: no script, no style from elsewhere, no frame.
_NO_SCRIPT: Final = (
    "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; sandbox"
)


class Documents(Protocol):
    """What is asked of the index."""

    def document(self, id: str) -> Document | None:  # noqa: A002 - the API's word
        """One asset."""


def blueprint(
    home: Path, index: Documents, signer: Signer | Callable[[], Signer], *, name: str = "cdn"
) -> Blueprint:
    """The routes `/assets/<id>`, `/assets-transform/<id>` and `/thumbnails/<id>`."""
    pages = Blueprint(name, __name__)
    cache = transforms.Cache(home / "transforms")

    def verified() -> datetime:
        checker = signer if isinstance(signer, Signer) else signer()
        return checker.verify(request.path, request.query_string.decode("latin-1"))

    def known(asset_id: str) -> Document:
        document = index.document(asset_id)
        if document is None:
            raise NotFound("There is no such asset")
        return document

    @pages.get("/assets/<asset_id>")
    def original(asset_id: str) -> Response:
        until = verified()
        if changed := transforms.PARAMETERS & set(request.args):
            raise Forbidden(f"`{min(changed)}` works on /assets-transform/ alone")
        document = known(asset_id)
        return _finished(_original(document), document.mimeType, until)

    @pages.get("/assets-transform/<asset_id>")
    def transform(asset_id: str) -> Response:
        until = verified()
        document = known(asset_id)
        wanted = transforms.parse(
            request.args, request.headers.get("Accept", ""), document.mimeType
        )
        if wanted.is_identity:
            return _finished(_original(document), document.mimeType, until)
        content, mime = cache.get(asset_id, wanted, lambda: _transformed(home, document, wanted))
        response = _finished(_bytes(content, mime), mime, until)
        if AS_FILE in request.args:
            name = document.source.path.rpartition("/")[2].rpartition(".")[0]
            _attach(response, name + extension(mime))
        response.vary.add("Accept")
        return response

    @pages.get("/thumbnails/<asset_id>")
    def thumbnail(asset_id: str) -> Response:
        until = verified()
        try:
            content = thumbnail_path(home, asset_id).read_bytes()
        except OSError as error:
            raise NotFound("There is no thumbnail of this asset") from error
        return _finished(_bytes(content, "image/webp"), "image/webp", until)

    @pages.errorhandler(RequestError)
    def refused(error: RequestError) -> Response:
        response = jsonify({"error": str(error), "code": error.code})
        response.status_code = error.status
        response.headers["Cache-Control"] = "no-store"
        return response

    return pages


def has_file(document: Document) -> bool:
    """Tell whether the file of an asset could be sent now."""
    try:
        _opened(document)[0].close()
    except NotFound:
        return False
    return True


def _opened(document: Document) -> tuple[BinaryIO, os.stat_result]:
    """The file of an asset, opened so that no link is followed out of its root."""
    root, path = Path(document.source.root), Path(document.source.root, document.source.path)
    gone = NotFound("The file of this asset is not in its folder any more; index it again")
    try:
        if not path.resolve(strict=True).is_relative_to(root.resolve(strict=True)):
            raise gone
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | _NONBLOCK)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise gone
        return os.fdopen(descriptor, "rb"), status
    except (OSError, RuntimeError) as error:
        raise gone from error


_NONBLOCK: Final = getattr(os, "O_NONBLOCK", 0)  # a pipe put in a file's place must not block


def _original(document: Document) -> Response:
    file, status = _opened(document)
    mime = document.mimeType
    inline = mime.startswith(_INLINE) and AS_FILE not in request.args
    body = _Body(file)
    try:
        response = Response(body, mimetype=mime, direct_passthrough=True)
        response.content_length = status.st_size
        response.headers.set(
            "Content-Disposition",
            "inline" if inline else "attachment",
            **_download_name(document),
        )
        response.set_etag(f"{document.id}-{status.st_size:x}-{status.st_mtime_ns:x}")
        response.last_modified = datetime.fromtimestamp(int(status.st_mtime), UTC)
        response.make_conditional(
            _one_range(request.environ), accept_ranges=True, complete_length=status.st_size
        )
    except BaseException:  # 416, for example
        body.close()
        raise
    if response.status_code == 304 or request.method == "HEAD":
        body.close()  # nothing will iterate over it
    return response


def _one_range(environ: dict[str, Any]) -> dict[str, Any]:
    """`environ` without a Range that is no single range of bytes: all of it is sent then.

    RFC 9110, 14.2: of an unknown unit it has to be passed over, of several ranges it may be.
    Werkzeug calls both unsatisfiable.
    """
    wanted = parse_range_header(environ.get("HTTP_RANGE"))
    if wanted is not None and wanted.units == "bytes" and len(wanted.ranges) == 1:
        return environ
    return {name: value for name, value in environ.items() if name != "HTTP_RANGE"}


class _Body:
    """The content of an open file in pieces; closes it at its end, or when it is told to."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.close, self.seek, self.tell = file.close, file.seek, file.tell
        self.seekable = file.seekable  # a range begins with a jump, not by reading up to it

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = b"" if self._file.closed else self._file.read(64 * 1024)
        if not piece:
            self._file.close()
            raise StopIteration
        return piece


def _attach(response: Response, name: str) -> None:
    """Let a browser save the answer under a name."""
    response.headers.set("Content-Disposition", "attachment", **_named(name))


def _download_name(document: Document) -> dict[str, str]:
    """The name of an asset's file."""
    name = document.source.path.rpartition("/")[2]
    return _named(name if "." in name else name + extension(document.mimeType))


def _named(name: str) -> dict[str, str]:
    """The parameters of Content-Disposition, as RFC 6266 spells names outside of ASCII."""
    name = name.encode("utf-8", "replace").decode()
    name = "".join(character if character.isprintable() else "_" for character in name)
    if name.isascii():
        return {"filename": name}
    letters = (c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    plain = "".join(letter if letter.isascii() else "_" for letter in letters)
    return {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}


def _transformed(home: Path, document: Document, wanted: transforms.Transform) -> tuple[bytes, str]:
    """A picture is made from its file; anything else from its thumbnail."""
    try:
        if document.kind == "image" and document.mimeType != "image/svg+xml":
            file, _ = _opened(document)
            with file:
                if os.fstat(file.fileno()).st_size > pictures.MAX_BYTES:
                    raise NotFound("The file of this asset is too large to be converted")
                image = pictures.decode(file.read())
        else:
            image = pictures.decode(thumbnail_path(home, document.id).read_bytes())
    except pictures.BadImage as error:
        raise NotFound(f"The file of this asset {error}") from error
    except OSError as error:
        raise NotFound("There is no picture of this asset") from error
    return transforms.apply(image, wanted, document.mimeType)


def _bytes(content: bytes, mime: str) -> Response:
    response = Response(content, mimetype=mime)
    response.set_etag(generate_etag(content))
    response.make_conditional(request.environ)
    return response


def _finished(response: Response, mime: str, until: datetime) -> Response:
    left = max(0, int((until - datetime.now(UTC)).total_seconds()))
    headers: dict[str, Any] = {
        "Cache-Control": f"private, max-age={left}, immutable",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": _NO_SCRIPT,
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if mime == "application/pdf":
        del headers["Content-Security-Policy"]  # a sandbox keeps the browser's viewer from it
    response.headers.update(headers)
    return response
