"""`/healthz`, `/readyz` and `/metrics`: what machines ask.

`/healthz` asks nobody: the process is alive. `/readyz` tries each dependency and is 503 where an
essential one fails; the API and the cache are not essential, since old answers stand in, and a
balancer that took every host away with the API would make things worse. `/metrics` adds up all
workers, and is answered to whoever brings AKIN_METRICS_TOKEN.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final, cast

from flask import Blueprint, Response, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST

from app import metrics
from app.auth import current_door
from app.errors import NotFound
from app.pages import site

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.checks import Checks

blueprint = Blueprint("operations", __name__)

SECONDS: Final = 3.0  # for all trials of one probe
KEPT_SECONDS: Final = 5.0  # probes of several balancers share one trial


@blueprint.get("/healthz")
def healthz() -> Response:
    """Answer without asking anyone."""
    return _unkept(Response("ok\n", mimetype="text/plain"))


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Answer which dependencies do their part, as JSON; 503 without an essential one."""
    checks = cast("Checks", current_app.extensions["akin.checks"])
    found = checks.recent(seconds=SECONDS, kept=KEPT_SECONDS)
    is_ready = all(each.ok for each in found if each.is_essential)
    # What exactly is wrong is for the log and `python -m app check`: anybody may ask this.
    parts = {each.name: {"ok": each.ok, "ms": round(each.seconds * 1000)} for each in found}
    response = jsonify({"ready": is_ready, "checks": parts})
    response.status_code = 200 if is_ready else 503
    return _unkept(response)


@blueprint.get("/metrics")
def metrics_text() -> Response:
    """Answer the counters of all workers as Prometheus reads them."""
    token = site().settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    is_allowed = (
        hmac.compare_digest(given.encode(), token.encode())
        if token
        else not current_door().mode.needs_user
    )
    if not is_allowed:  # nor does it tell that there is something
        raise NotFound(f"No page has the address {request.path}.")
    return _unkept(Response(metrics.exposition(), content_type=CONTENT_TYPE_LATEST))


def _unkept(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
