"""`/robots.txt`: asks search engines to stay away."""

from __future__ import annotations

from flask import Blueprint, Response

from app.auth import public
from app.auth.base_path import base_path
from app.web.context import services

blueprint = Blueprint("robots", __name__)


@blueprint.get("/robots.txt")
@public(embeddable=True)
def robots() -> Response:
    """Forbid everything below the base path, unless previews of links are public.

    The programs that make previews obey this file, too. The header of every response still keeps
    search engines from listing a page.
    """
    settings = services().settings
    is_open = settings.auth != "none" and settings.has_previews
    forbidden = "" if is_open else f" {base_path()}/"
    return Response(f"User-agent: *\nDisallow:{forbidden}\n", mimetype="text/plain")
