"""Images that this server fetches and sends, for readers who cannot open their addresses."""

from __future__ import annotations

import io
from typing import Final

from flask import Response, request

from app.errors import InvalidUpstreamResponse
from app.web import security_headers
from app.web.context import services

MAX_BYTES: Final = 8_000_000
MAX_AGE: Final = 600  # seconds in the reader's cache


def sent_image(source: str) -> Response:
    """Return the image at a URL of the API's, or at a path of this server. Raises UpstreamError."""
    content = io.BytesIO()
    seconds = services().settings.timeout
    kind = services().files.fetch(source, content, most_bytes=MAX_BYTES, seconds=seconds)
    if not kind.startswith("image/"):
        raise InvalidUpstreamResponse("The file is no image.")
    response = Response(content.getvalue(), mimetype=kind)
    response.headers["Content-Security-Policy"] = security_headers.FILES_POLICY
    response.headers["Cache-Control"] = f"private, max-age={MAX_AGE}"
    response.add_etag()
    response.make_conditional(request)
    return response
