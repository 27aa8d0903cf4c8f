"""The files of the library behind signed URLs: originals, transforms and thumbnails.

Knows HTTP and the folders. Only the file of an indexed asset is served, never through a link, and
never in a form that a browser would execute as a script. Refusals are `library.errors` values,
returned as JSON.
"""

from __future__ import annotations

import io
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request
from werkzeug.http import generate_etag, parse_range_header

from library.api import image_transforms
from library.api.asset_files import for_worker, is_unchanged, open_file
from library.api.signed_urls import VERSION, version
from library.errors import Busy, Elsewhere, Forbidden, NotFound, RequestError
from library.formats import images
from library.formats.appearance import whole
from library.formats.file_types import extension
from library.schema.documents import DAMAGED
from library.store.blobs import FolderBlobs, thumbnail_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from library.api.image_transforms import Rendition, Transform
    from library.api.signed_urls import Signer
    from library.schema.documents import Document, SourceFile
    from library.store.blobs import Blobs

# Displayed by a browser according to their type; all others are offered as a download.
_INLINE: Final = ("image/", "audio/", "video/", "text/plain", "application/json", "application/pdf")
DOWNLOAD: Final = "download"  # the parameter that offers a file as a download in any case
# In case a browser opens a file as a page: no scripts, no external styles, no frames.
_NO_SCRIPT: Final = (
    "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; sandbox"
)


class Documents(Protocol):
    """The part of the index that serving files uses."""

    def document(self, id: str) -> Document | None:  # noqa: A002 - the API's word
        """Return one asset."""

    def source(self, id: str) -> SourceFile | None:  # noqa: A002 - the API's word
        """Return the file of one asset."""


class FileRoutes:
    """The routes `/assets/<id>`, `/assets-transform/<id>` and `/thumbnails/<id>`."""

    def __init__(
        self,
        home: Path,
        index: Documents,
        signer: Callable[[], Signer],
        blobs: Blobs | None = None,
    ) -> None:
        """Serve the files of `index`; `blobs`, by default those in `home`, has the thumbnails."""
        self._blobs = blobs or FolderBlobs(home)
        self._index = index
        self._signer = signer
        self._cache = image_transforms.Cache(home / "transforms")

    def blueprint(self, *, name: str = "files") -> Blueprint:
        """Return the blueprint of the three routes."""
        routes = Blueprint(name, __name__)
        routes.add_url_rule("/assets/<asset_id>", view_func=self.original)
        routes.add_url_rule("/assets-transform/<asset_id>", view_func=self.transform)
        routes.add_url_rule("/thumbnails/<asset_id>", view_func=self.thumbnail)
        routes.register_error_handler(RequestError, _refuse)
        return routes

    def original(self, asset_id: str) -> Response:
        """Return the file as it is."""
        until = self._expiry()
        if parameters := image_transforms.PARAMETERS & set(request.args):
            raise Forbidden(f"`{min(parameters)}` works on /assets-transform/ only")
        return _original(self._document(asset_id), until)

    def transform(self, asset_id: str) -> Response:
        """Return the image, resized and converted."""
        until = self._expiry()
        document = self._document(asset_id)
        transform = image_transforms.parse(
            request.args, request.headers.get("Accept", ""), document.mimeType
        )
        if transform.is_identity:
            return _original(document, until)
        rendition = self._cache.get(
            f"{asset_id} {document.source.sha256}",
            transform,
            lambda: self._transformed(document, transform),
        )
        is_cacheable = rendition.storable and _is_current(document.source)
        response = _with_headers(
            _bytes(rendition.content, rendition.mime),
            rendition.mime,
            until if is_cacheable else None,
        )
        if DOWNLOAD in request.args:
            name = document.source.path.rpartition("/")[2].rpartition(".")[0]
            response.headers.set(
                "Content-Disposition",
                "attachment",
                **_file_name(name + extension(rendition.mime)),
            )
        response.vary.add("Accept")
        return response

    def thumbnail(self, asset_id: str) -> Response:
        """Return the thumbnail."""
        until = self._expiry()
        source = self._index.source(asset_id)
        if source is None:
            raise _unknown_asset()
        response = _bytes(self._thumbnail(asset_id), "image/webp")
        return _with_headers(response, "image/webp", until if _is_current(source) else None)

    def _expiry(self) -> datetime:
        """Return when the signature of the request expires; raises Forbidden if it is invalid."""
        return self._signer().verify(request.path, request.query_string.decode("latin-1"))

    def _document(self, asset_id: str) -> Document:
        document = self._index.document(asset_id)
        if document is None:
            raise _unknown_asset()
        return document

    def _thumbnail(self, asset_id: str) -> bytes:
        try:
            return self._blobs.read(thumbnail_name(asset_id))
        except OSError as error:
            raise NotFound("There is no picture of this asset") from error

    def _picture(self, document: Document) -> tuple[bytes, str]:
        """Return the whole picture that the thumbnail shows, and its type."""
        content = self._thumbnail(document.id)
        if not document.visible:
            return content, "image/webp"
        try:
            part = images.decode(content, "image/webp")
        except images.BadImage as error:
            raise NotFound("There is no picture of this asset") from error
        file = io.BytesIO()
        whole(part, document.visible).save(file, "PNG", compress_level=1)
        return file.getvalue(), "image/png"

    def _transformed(self, document: Document, transform: Transform) -> Rendition:
        """Convert an image from its file; anything else, or without it, from its thumbnail."""
        mime = document.mimeType
        if document.kind != "image" or mime == "image/svg+xml":
            return image_transforms.convert(*self._picture(document), transform, mime)
        try:
            file, status = open_file(document)
        except (NotFound, Elsewhere, Busy):  # what is left is the thumbnail
            rendition = image_transforms.convert(*self._picture(document), transform, mime)
            return rendition._replace(storable=False)
        with file:
            if status.st_size > images.MAX_BYTES:
                raise NotFound("The file of this asset is too large to be converted")
            try:
                with for_worker(file, document) as local:
                    rendition = image_transforms.convert(local, mime, transform, mime)
            except NotFound as error:
                if DAMAGED not in document.metadata and document.width is not None:
                    raise
                try:
                    picture = self._picture(document)
                except NotFound:
                    raise error from None
                rendition = image_transforms.convert(*picture, transform, mime)
        return rendition._replace(storable=is_unchanged(document.source, status))


def _unknown_asset() -> NotFound:
    return NotFound("There is no such asset")


def _refuse(error: RequestError) -> Response:
    response = jsonify({"error": str(error), "code": error.code})
    response.status_code = error.status
    response.headers["Cache-Control"] = "no-store"
    if isinstance(error, Busy):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _is_current(source: SourceFile) -> bool:
    """Return whether the requested URL is of the content that is indexed now."""
    return request.args.get(VERSION) == version(source.sha256)


def _original(document: Document, until: datetime) -> Response:
    file, status = open_file(document)
    mime = document.mimeType
    is_inline = mime.startswith(_INLINE) and DOWNLOAD not in request.args
    body = _Body(file)
    try:
        response = Response(body, mimetype=mime, direct_passthrough=True)
        response.content_length = status.st_size
        response.headers.set(
            "Content-Disposition",
            "inline" if is_inline else "attachment",
            **_original_name(document),
        )
        response.set_etag(f"{document.id}-{status.st_size:x}-{status.st_mtime_ns:x}")
        response.last_modified = datetime.fromtimestamp(int(status.st_mtime), UTC)
        response.make_conditional(
            _without_unusual_range(request.environ),
            accept_ranges=True,
            complete_length=status.st_size,
        )
    except BaseException:  # 416, for example
        body.close()
        raise
    if response.status_code == 304 or request.method == "HEAD":
        body.close()  # the server does not iterate over it
    is_cacheable = _is_current(document.source) and is_unchanged(document.source, status)
    return _with_headers(response, mime, until if is_cacheable else None)


def _without_unusual_range(environ: dict[str, Any]) -> dict[str, Any]:
    """Return `environ` without a Range header that is not a single range of bytes.

    RFC 9110, 14.2: a server must ignore an unknown unit, and may ignore several ranges. Werkzeug
    treats both as unsatisfiable.
    """
    header = parse_range_header(environ.get("HTTP_RANGE"))
    if header is not None and header.units == "bytes" and len(header.ranges) == 1:
        return environ
    return {name: value for name, value in environ.items() if name != "HTTP_RANGE"}


class _Body:
    """The content of an open file in chunks; closes the file at its end, or by `close`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.close, self.seek, self.tell = file.close, file.seek, file.tell
        self.seekable = file.seekable  # a range is sought, not read up to

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = b"" if self._file.closed else self._file.read(64 * 1024)
        if not chunk:
            self._file.close()
            raise StopIteration
        return chunk


def _original_name(document: Document) -> dict[str, str]:
    """Return the parameters of Content-Disposition for an asset's file."""
    name = document.source.path.rpartition("/")[2]
    return _file_name(name if "." in name else name + extension(document.mimeType))


def _file_name(name: str) -> dict[str, str]:
    """Return the parameters of Content-Disposition (RFC 6266) for a file name."""
    name = name.encode("utf-8", "replace").decode()
    name = "".join(character if character.isprintable() else "_" for character in name)
    if name.isascii():
        return {"filename": name}
    letters = (c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    plain = "".join(letter if letter.isascii() else "_" for letter in letters)
    return {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}


def _bytes(content: bytes, mime: str) -> Response:
    response = Response(content, mimetype=mime)
    response.set_etag(generate_etag(content))
    response.make_conditional(request.environ)
    return response


def _with_headers(response: Response, mime: str, until: datetime | None) -> Response:
    """Add the headers; until `until` a browser may cache the content, unless None."""
    cacheable = "no-cache"
    if until is not None:
        seconds = max(0, int((until - datetime.now(UTC)).total_seconds()))
        cacheable = f"max-age={seconds}, immutable"
    headers: dict[str, Any] = {
        "Cache-Control": f"private, {cacheable}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": _NO_SCRIPT,
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if mime == "application/pdf":
        del headers["Content-Security-Policy"]  # a sandbox blocks the browser's viewer
    response.headers.update(headers)
    return response
