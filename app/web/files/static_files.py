"""Static files under URLs that contain a digest, so that browsers cache them without limit.

The style sheets of `static/css` are served as one file, in the order of their names: the number is
the layer. The scripts of `static/js` share one digest in their URL, so that modules that import
each other by relative names are cached as well. There is no build step.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import Response, request
from markupsafe import Markup

from app.auth import public
from app.errors import NotFound
from app.web import icons

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

FOREVER = "public, max-age=31536000, immutable"
_TOUCH_ICON: Final = ("img/apple-touch-icon.png", "image/png")
_DRAWN_ICONS: Final = {
    "/favicon.ico": ("img/favicon.ico", "image/x-icon"),
    "/apple-touch-icon.png": _TOUCH_ICON,
    "/apple-touch-icon-precomposed.png": _TOUCH_ICON,
}


def init_app(app: Flask) -> None:
    """Add the URLs of static files to templates, and `icon(name)`.

    Files are read once: a running server serves the version that it started with.
    """
    folder = Path(app.static_folder or "")
    style = _joined(folder / "css")
    style_hash = _hash(style.encode())
    scripts = _Scripts(folder / "js")

    @lru_cache(maxsize=256)
    def static_url(name: str) -> str:
        return f"/static/{name}?_hash={_hash((folder / name).read_bytes())}"

    def vendor_url(name: str) -> str:
        """Return the URL of a file that scripts/vendor.py downloads; empty where it is missing."""
        return static_url(f"vendor/{name}") if (folder / "vendor" / name).exists() else ""

    def icon_url(name: str) -> str:
        if name not in icons.NAMES:
            raise KeyError(f"The icon {name} is not in the sprite.")
        return f"/icons.svg?_hash={icons.digest()}#{name}"

    @lru_cache(maxsize=256)
    def icon(name: str, css_class: str = "") -> Markup:
        classes = f"icon {css_class}".strip()
        return Markup(
            '<svg class="{}" aria-hidden="true" width="16" height="16"><use href="{}"></use></svg>'
        ).format(classes, icon_url(name))

    def style_url() -> str:
        return f"/akin.css?_hash={style_hash}"

    def serve_icons() -> Response:
        return Response(icons.sprite(), mimetype="image/svg+xml")

    def serve_style() -> Response:
        return Response(style, mimetype="text/css")

    def set_caching(response: Response) -> Response:
        is_static = request.endpoint in {"static", "icons", "style", "drawn_icons"}
        if is_static and response.status_code == 200:
            response.headers["Cache-Control"] = (
                FOREVER if "_hash" in request.args else "public, no-cache"
            )
        return response

    static = public(embeddable=True)
    app.view_functions["static"] = static(app.view_functions["static"])
    app.add_url_rule("/icons.svg", "icons", static(serve_icons))
    drawn_icons = _drawn_icons(folder)
    for path in _DRAWN_ICONS:
        app.add_url_rule(path, "drawn_icons", static(drawn_icons))
    app.add_url_rule("/akin.css", "style", static(serve_style))
    app.add_url_rule("/js/<digest>/<name>", "scripts", scripts.serve)
    app.after_request(set_caching)
    app.jinja_env.globals.update(
        icon=icon,
        icon_url=icon_url,
        script_url=scripts.url,
        static_url=static_url,
        style_url=style_url,
        vendor_url=vendor_url,
    )


def _drawn_icons(folder: Path) -> Callable[[], Response]:
    """Return a view of the icons at URLs that browsers try without reading a page."""
    contents = {path: (folder / name).read_bytes() for path, (name, _) in _DRAWN_ICONS.items()}

    def serve() -> Response:
        return Response(contents[request.path], mimetype=_DRAWN_ICONS[request.path][1])

    return serve


class _Scripts:
    """The modules of a folder, as they were at the start, without comments and indentation.

    Both are a fifth of what a browser would load. No text in the modules goes over several lines.
    """

    def __init__(self, folder: Path) -> None:
        self._texts = {
            path.name: _COMMENTS.sub(b"", path.read_bytes()) for path in sorted(folder.glob("*.js"))
        }
        self._hash = _hash(b"".join(self._texts.values()))

    def url(self, name: str) -> str:
        if name not in self._texts:
            raise KeyError(f"There is no script {name}.")
        return f"/js/{self._hash}/{name}"

    @public(embeddable=True)
    def serve(self, digest: str, name: str) -> Response:
        if name not in self._texts:
            raise NotFound(f"There is no script {name[:80]}.")
        response = Response(self._texts[name], mimetype="text/javascript")
        # A page of another version has another digest: it gets this version, uncached.
        response.headers["Cache-Control"] = FOREVER if digest == self._hash else "no-cache"
        return response


_COMMENTS: Final = re.compile(rb"^ *//.*\n|^ */\*\*(?s:.*?)\*/\n|^ +", re.MULTILINE)


def _joined(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.css")))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
