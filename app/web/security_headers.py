"""Security headers of every response: what a page may load, and what other sites learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import current_app, request
from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask, Response

_PAIRS: Final = "akin.security_headers"
# Features of browsers that no page uses.
_UNUSED: Final = (
    "accelerometer",
    "camera",
    "display-capture",
    "encrypted-media",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-get",
    "screen-wake-lock",
    "usb",
    "xr-spatial-tracking",
)
ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # a URL contains a search, which no CDN needs to know
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",  # nothing here is for search engines, signed in or not
}
# Files of other people are shown and never run: an SVG is a document that can contain scripts.
FILES_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def content_security_policy(media_origins: Iterable[str]) -> str:
    """Return the policy of pages: nothing inline, and only media from other origins."""
    media = " ".join(["'self'", *media_origins])
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src {media} data: blob:",
            f"media-src {media}",
            f"connect-src {media}",
            "font-src 'self'",
            "frame-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def viewer_policy(media_origins: Iterable[str]) -> str:
    """Return the policy of the 3D viewer's frame: it sets inline styles and runs WebAssembly.

    Only Akin may frame it, and the only foreign content in it is the model.
    """
    media = " ".join(["'self'", *media_origins])
    return (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' blob:; "
        f"style-src 'self' 'unsafe-inline'; img-src {media} data: blob:; "
        f"connect-src {media} data: blob:; worker-src 'self' blob:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def init_app(app: Flask, *, media_origins: Iterable[str]) -> None:
    """Add the headers to every response that does not set its own."""
    policy = content_security_policy(media_origins)
    app.extensions[_PAIRS] = [("Content-Security-Policy", policy), *ALWAYS.items()]
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    """Return a response of the current application with the headers that it does not set itself."""
    own = {name.lower() for name in response.headers.keys()}  # noqa: SIM118 - pairs else
    pairs = current_app.extensions[_PAIRS]
    response.headers.extend(pair for pair in pairs if pair[0].lower() not in own)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def for_files(mounted: WSGIApplication) -> WSGIApplication:
    """Return a WSGI application whose responses have the headers for files of other people."""

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            added = Headers(headers)
            for name, value in ALWAYS.items():
                added.setdefault(name, value)
            if added.get("Content-Type") != "application/pdf":  # browsers' viewers need no sandbox
                added.setdefault("Content-Security-Policy", FILES_POLICY)
            return start_response(status, added.to_wsgi_list(), *rest)

        return mounted(environ, start)

    return respond
