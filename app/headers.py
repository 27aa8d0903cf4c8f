"""The headers that every answer carries: what a page may load, and who may see where one was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import request
from werkzeug.datastructures import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask, Response

# Nothing that a device or a browser offers is used, but what copies text and fills the screen.
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
    "Referrer-Policy": "same-origin",  # an address carries a search: no CDN learns it
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# A file of somebody's is shown and never runs, whatever it is: an SVG is a document, too.
FILES_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def content_security_policy(media_origins: Iterable[str]) -> str:
    """Nothing inline, nothing foreign but pictures, sound and video of the named origins."""
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
    """What the 3D viewer's own frame may do: it sets styles inline and runs WebAssembly.

    Only Akin may frame it, and nothing of anybody's but the model's address is in it.
    """
    media = " ".join(["'self'", *media_origins])
    return (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' blob:; "
        f"style-src 'self' 'unsafe-inline'; img-src {media} data: blob:; "
        f"connect-src {media} data: blob:; worker-src 'self' blob:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def init_app(app: Flask, *, media_origins: Iterable[str]) -> None:
    """Add the headers to every answer that does not bring its own."""
    policy = content_security_policy(media_origins)
    pairs = [("Content-Security-Policy", policy), *ALWAYS.items()]

    def add(response: Response) -> Response:
        own = {name.lower() for name in response.headers.keys()}  # noqa: SIM118 - pairs else
        response.headers.extend(pair for pair in pairs if pair[0].lower() not in own)
        if request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return response

    app.after_request(add)


def of_files(mounted: WSGIApplication) -> WSGIApplication:
    """A WSGI application whose answers carry the headers for files of other people."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            added = Headers(headers)
            for name, value in ALWAYS.items():
                added.setdefault(name, value)
            if added.get("Content-Type") != "application/pdf":  # browsers' viewers need no sandbox
                added.setdefault("Content-Security-Policy", FILES_POLICY)
            return start_response(status, added.to_wsgi_list(), *rest)

        return mounted(environ, start)

    return answer
