"""Static files under addresses that change with their content, so browsers keep them for good.

The style sheets of `static/css` are served as one file, joined in the order of their names: the
number says the layer. The scripts of `static/js` are served below one address that names them all,
so that what a module imports by its bare name is kept for good as well. There is no build step.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response, redirect, request
from markupsafe import Markup

from app import icons
from app.errors import NotFound

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.wrappers import Response as BaseResponse

FOREVER = "public, max-age=31536000, immutable"


def init_app(app: Flask) -> None:
    """Give templates the addresses of static files, `icon(name)` and `style_url()`.

    Files are read once: a running server shows what it started with, whole.
    """
    folder = Path(app.static_folder or "")
    sprite = icons.sprite()
    sprite_hash = _hash(sprite.encode())
    style = _joined(folder / "css")
    style_hash = _hash(style.encode())
    scripts = _Scripts(folder / "js")

    @lru_cache(maxsize=256)
    def static_url(name: str) -> str:
        return f"/static/{name}?_hash={_hash((folder / name).read_bytes())}"

    def vendor_url(name: str) -> str:
        """The address of a file that scripts/vendor fetches; empty where it is not there."""
        return static_url(f"vendor/{name}") if (folder / "vendor" / name).exists() else ""

    def icon_url(name: str) -> str:
        if name not in icons.NAMES:
            raise KeyError(f"The icon {name} is not in the sprite.")
        return f"/icons.svg?_hash={sprite_hash}#{name}"

    @lru_cache(maxsize=256)
    def icon(name: str, css_class: str = "") -> Markup:
        classes = f"icon {css_class}".strip()
        return Markup(
            '<svg class="{}" aria-hidden="true" width="16" height="16"><use href="{}"></use></svg>'
        ).format(classes, icon_url(name))

    def style_url() -> str:
        return f"/akin.css?_hash={style_hash}"

    def serve_icons() -> Response:
        return Response(sprite, mimetype="image/svg+xml")

    def serve_style() -> Response:
        return Response(style, mimetype="text/css")

    def favicon() -> BaseResponse:
        """Where browsers and crawlers look that have read no page: they are led to the icon."""
        return redirect(static_url("img/akin.svg"), 302)

    def keep(response: Response) -> Response:
        is_static = request.endpoint in {"static", "icons", "style"}
        if is_static and response.status_code == 200:
            response.headers["Cache-Control"] = (
                FOREVER if "_hash" in request.args else "public, no-cache"
            )
        return response

    app.add_url_rule("/icons.svg", "icons", serve_icons)
    app.add_url_rule("/favicon.ico", "favicon", favicon)
    app.add_url_rule("/akin.css", "style", serve_style)
    app.add_url_rule("/js/<digest>/<name>", "scripts", scripts.serve)
    app.after_request(keep)
    app.jinja_env.globals.update(
        icon=icon,
        icon_url=icon_url,
        script_url=scripts.url,
        static_url=static_url,
        style_url=style_url,
        vendor_url=vendor_url,
    )


class _Scripts:
    """The modules of a folder, as they were when the server started."""

    def __init__(self, folder: Path) -> None:
        self._texts = {path.name: path.read_bytes() for path in sorted(folder.glob("*.js"))}
        self._hash = _hash(b"".join(self._texts.values()))

    def url(self, name: str) -> str:
        if name not in self._texts:
            raise KeyError(f"There is no script {name}.")
        return f"/js/{self._hash}/{name}"

    def serve(self, digest: str, name: str) -> Response:
        if name not in self._texts:
            raise NotFound(f"There is no script {name[:80]}.")
        response = Response(self._texts[name], mimetype="text/javascript")
        # A page of another version asks under its own address: it gets what there is, unkept.
        response.headers["Cache-Control"] = FOREVER if digest == self._hash else "no-cache"
        return response


def _joined(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.css")))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
