"""`/assets/<id>`: one asset, its picture under an address that lasts, and its download."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from flask import Blueprint, Response, redirect, render_template, request

from app import around, headers, icons, images
from app.errors import BadRequest, NotFound
from app.pages import requested, site
from app.pages.handing import fetched, origin
from app.pages.visiting import unless_unchanged
from app.reading import is_id
from app.views.asset import GLTF, GLTF_BINARY, is_viewable, viewer_view
from app.views.card import GLYPHS, OTHER_GLYPH, Strip
from app.views.downloads import FORMATS
from app.views.sharing import asset_preview

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("asset", __name__, url_prefix="/assets")

LARGE_FROM = 600  # pixels: wider pictures are made from the file, not from the thumbnail
KEPT_SECONDS = 600  # a redirect; signed addresses last at least a day
MOST_MODEL = 200_000_000  # bytes that the server fetches for a viewer
MODEL_SECONDS = 60.0


def known_id(asset_id: str) -> str:
    """An id as it was asked for. Raises NotFound where it cannot be one."""
    if not is_id(asset_id):
        raise NotFound(f"“{asset_id[:80]}” cannot be the id of an asset.")
    return asset_id


@blueprint.get("/<asset_id>")
def asset(asset_id: str) -> Response:
    """Everything about one asset; the query says which search the reader came from."""
    search, display, _ = requested()
    page = site().asset_page(known_id(asset_id), search, display)
    beside = around.neighbours(site(), search, display, asset_id)
    settings = site().settings
    has_preview = settings.has_previews and settings.auth == "none"  # else behind the door
    shown = asset_preview(page, origin=origin(), has_preview=has_preview)
    return unless_unchanged(
        lambda: render_template("asset.html", page=page, beside=beside, shown=shown),
        page.notice,
        page.is_gone,
        shown,
    )


@blueprint.get("/<asset_id>/strip/<any(similar, variants):which>")
def strip(asset_id: str, which: around.Strip) -> str:
    """A row of assets around this one, as a part of a page."""
    search, found = around.strip(site(), known_id(asset_id), which)
    row = Strip.of(found, search) if search else None
    return render_template("partials/strip.html", row=row)


@blueprint.get("/<asset_id>/viewer")
def viewer(asset_id: str) -> Response:
    """The 3D viewer alone, for a frame: its script needs a policy that no other page has."""
    page = viewer_view(site().asset(known_id(asset_id)))
    response = Response(render_template("viewer.html", page=page))
    policy = headers.viewer_policy(site().settings.media_origins)
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@blueprint.get("/<asset_id>/model")
def model(asset_id: str) -> Response:
    """A 3D model as glTF from this host, for viewers that may not read it from its own."""
    services = site()
    found = services.asset(known_id(asset_id))
    if not is_viewable(found, by_library=services.is_by_library):
        raise NotFound("There is no 3D model here that a viewer could show.")
    url = services.client.download(found.id, "" if found.mimeType in GLTF else "glb")

    def fetch(into: BinaryIO) -> None:
        services.media.fetch(url, into, most_bytes=MOST_MODEL, seconds=MODEL_SECONDS)

    response = fetched(fetch, mimetype=GLTF_BINARY)
    response.headers["Content-Security-Policy"] = headers.FILES_POLICY
    response.headers["Cache-Control"] = f"private, max-age={KEPT_SECONDS}"
    return response


@blueprint.get("/<asset_id>/image")
def image(asset_id: str) -> ResponseReturnValue:
    """Lead to a freshly signed picture, or show the kind's glyph: this address lasts."""
    found = site().asset(known_id(asset_id))
    wanted = request.args.get("width", default=LARGE_FROM, type=int)
    choose = images.large_picture if wanted >= LARGE_FROM else images.grid_picture
    picture = choose(found)
    if picture.src:
        response = redirect(picture.src, 302)
    else:
        glyph = icons.standalone(GLYPHS.get(found.medium, OTHER_GLYPH))
        response = Response(glyph, mimetype="image/svg+xml")
    response.headers["Cache-Control"] = f"private, max-age={KEPT_SECONDS}"
    return response


@blueprint.get("/<asset_id>/download")
def download(asset_id: str) -> ResponseReturnValue:
    """Lead to the file, converted where a format is asked for."""
    target = request.args.get("format", "")
    if target and target not in FORMATS:
        raise BadRequest(f"There is no conversion to “{target[:20]}”.", field="format")
    response: Response = redirect(site().client.download(known_id(asset_id), target), 302)  # type: ignore[assignment]  # werkzeug's base class
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/<asset_id>.json")
def asset_json(asset_id: str) -> Response:
    """The API's own JSON of the asset."""
    return Response(site().client.raw_asset(known_id(asset_id)), mimetype="application/json")
