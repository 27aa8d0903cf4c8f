"""Original files that this server sends, under the names of their assets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.exports.file_names import name_of_file
from app.web import security_headers
from app.web.context import services
from app.web.files.downloads import named

if TYPE_CHECKING:
    from flask import Response

    from app.scenario.assets import Asset
    from app.scenario.background_download import Target

_INLINE: Final = ("image/", "video/", "audio/")  # shown by a browser; scripts in them do not run


def sent_original(asset: Asset, url: str, *, mimetype: str) -> Response:
    """Return the file of an asset, which is fetched from `url` while it is sent.

    A browser shows pictures, videos and sound by the type, and saves everything else. Raises Busy,
    and an UpstreamError.
    """
    files = services().files

    def fetch(target: Target) -> str:
        return files.fetch_original(url, target)

    response = services().downloads.send_file(fetch, mimetype=mimetype)
    named(response, name_of_file(asset), inline=mimetype.startswith(_INLINE))
    response.headers["Content-Security-Policy"] = security_headers.FILES_POLICY
    return response
