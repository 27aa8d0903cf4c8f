"""`/healthz`: this process is alive."""

from __future__ import annotations

from flask import Blueprint, Response

blueprint = Blueprint("operations", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Answer without asking anyone."""
    return Response("ok\n", mimetype="text/plain")
