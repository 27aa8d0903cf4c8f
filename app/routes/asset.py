"""`/assets/<id>`: one asset, its image under a stable URL, its downloads, its 3D viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template, request

from app.errors import BadRequest, NotFound
from app.query.params import is_id
from app.scenario import image_urls
from app.services import related
from app.viewmodels.asset import GLTF, GLTF_BINARY, asset_view, is_viewable, viewer_view
from app.viewmodels.parts.card import GLYPHS, OTHER_GLYPH, CardRow
from app.viewmodels.parts.downloads import FORMATS
from app.viewmodels.parts.sharing import asset_preview
from app.web import icons, security_headers
from app.web.caching.conditional import conditional_response
from app.web.context import origin, requested, services

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.scenario.background_download import Target

blueprint = Blueprint("asset", __name__, url_prefix="/assets")

LARGE_FROM = 600  # pixels: wider images are made from the original, not from the thumbnail
MAX_AGE = 600  # seconds that a redirect is cached; signed URLs are valid for at least a day
MAX_MODEL_BYTES = 200_000_000  # of a 3D model that the server fetches for its viewer
MODEL_SECONDS = 60.0


def valid_id(asset_id: str) -> str:
    """Return an id unchanged. Raises NotFound where it cannot be the id of an asset."""
    if not is_id(asset_id):
        raise NotFound(f"“{asset_id[:80]}” cannot be the id of an asset.")
    return asset_id


@blueprint.get("/<asset_id>")
def asset(asset_id: str) -> Response:
    """Show an asset; the query string is the search that the reader came from."""
    search, display, _ = requested()
    page = asset_view(services().asset_pages.details(valid_id(asset_id), search), search, display)
    neighbours = related.neighbours(services().catalog, search, display, asset_id)
    settings = services().settings
    has_preview = settings.has_previews and settings.auth == "none"  # else it needs a sign-in
    preview = asset_preview(page, origin=origin(), has_preview=has_preview)
    return conditional_response(
        lambda: render_template("asset.html", page=page, beside=neighbours, shown=preview),
        page.notice,
        page.is_gone,
        preview,
    )


@blueprint.get("/<asset_id>/strip/<any(similar, variants):relation>")
def related_row(asset_id: str, relation: related.Relation) -> str:
    """Return a row of assets that are related to this one, as a part of its page."""
    _, display, _ = requested()
    search, assets = related.related_to(services().catalog, valid_id(asset_id), relation)
    row = CardRow.of(assets, search, display) if search else None
    return render_template("partials/card_row.html", row=row)


@blueprint.get("/<asset_id>/viewer")
def viewer(asset_id: str) -> Response:
    """Return the 3D viewer for a frame: its script needs a policy that no other page has."""
    page = viewer_view(services().catalog.asset(valid_id(asset_id)))
    response = Response(render_template("model_viewer.html", page=page))
    policy = security_headers.viewer_policy(services().settings.media_origins)
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@blueprint.get("/<asset_id>/model")
def model(asset_id: str) -> Response:
    """Return a 3D model as glTF from this origin, which the viewer's policy allows."""
    asset = services().catalog.asset(valid_id(asset_id))
    if not is_viewable(asset, by_library=services().catalog.by_library):
        raise NotFound("There is no 3D model here that a viewer could show.")
    url = services().client.download(asset.id, "" if asset.mimeType in GLTF else "glb")
    files = services().files

    def fetch(target: Target) -> str:
        return files.fetch(url, target, most_bytes=MAX_MODEL_BYTES, seconds=MODEL_SECONDS)

    response = services().downloads.send_file(fetch, mimetype=GLTF_BINARY)
    response.headers["Content-Security-Policy"] = security_headers.FILES_POLICY
    response.headers["Cache-Control"] = f"private, max-age={MAX_AGE}"
    return response


@blueprint.get("/<asset_id>/image")
def image(asset_id: str) -> ResponseReturnValue:
    """Redirect a stable URL to a newly signed image, or show the glyph of the asset's kind."""
    asset = services().catalog.asset(valid_id(asset_id))
    width = request.args.get("width", default=LARGE_FROM, type=int)
    choose = image_urls.large_picture if width >= LARGE_FROM else image_urls.grid_picture
    picture = choose(asset)
    if picture.src:
        response = redirect(picture.src, 302)
    else:
        glyph = icons.standalone(GLYPHS.get(asset.medium, OTHER_GLYPH))
        response = Response(glyph, mimetype="image/svg+xml")
    response.headers["Cache-Control"] = f"private, max-age={MAX_AGE}"
    return response


@blueprint.get("/<asset_id>/download")
def download(asset_id: str) -> ResponseReturnValue:
    """Redirect to the file, converted to the parameter `format` if there is one."""
    target = request.args.get("format", "")
    if target and target not in FORMATS:
        raise BadRequest(f"There is no conversion to “{target[:20]}”.", field="format")
    response = redirect(services().client.download(valid_id(asset_id), target), 302)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/<asset_id>.json")
def asset_json(asset_id: str) -> Response:
    """Return the API's own JSON of the asset."""
    content = services().client.raw_asset(valid_id(asset_id))
    return Response(content, mimetype="application/json")
