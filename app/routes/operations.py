"""`/healthz`, `/readyz` and `/metrics`, for monitoring.

`/healthz` says that the process is alive and tries nothing. `/readyz` tries each service that Akin
depends on, and is 503 where an essential one fails. The API and the cache are not essential: pages
are shown from expired cache entries, and a load balancer would take out every host at once.
`/metrics` has the counters of all workers, for requests with AKIN_METRICS_TOKEN.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST

from app.auth import current_guard, public
from app.errors import NotFound
from app.telemetry import prometheus
from app.web.context import services

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.services.health import Finding

blueprint = Blueprint("operations", __name__)


@blueprint.get("/healthz")
@public(any_host=True)
def healthz() -> Response:
    """Return that the process is alive."""
    return _uncached(Response("ok\n", mimetype="text/plain"))


@blueprint.get("/readyz")
@public(any_host=True)
def readyz() -> ResponseReturnValue:
    """Return which services work, as JSON; 503 without an essential one."""
    limits = services().limits
    findings = services().health.recent(seconds=limits.health, max_age=limits.health_max_age)
    is_ready = all(each.ok for each in findings if each.is_essential)
    # Without the messages, which are for the log and `python -m app check`: this page is public.
    checks = {each.name: _check(each) for each in findings}
    degraded = [each.name for each in findings if not each.ok]
    response = jsonify({"ready": is_ready, "degraded": degraded, "checks": checks})
    response.status_code = 200 if is_ready else 503
    return _uncached(response)


def _check(finding: Finding) -> dict[str, Any]:
    check: dict[str, Any] = {"ok": finding.ok, "ms": round(finding.seconds * 1000)}
    if finding.since is not None:
        check["since"] = datetime.fromtimestamp(finding.since, UTC).isoformat(timespec="seconds")
    return check


@blueprint.get("/metrics")
@public(any_host=True)
def metrics() -> Response:
    """Return the counters of all workers in the format of Prometheus."""
    token = services().settings.metrics_token
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    is_allowed = (
        scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())
        if token
        else not current_guard().backend.requires_user
    )
    if not is_allowed:  # the same response as for a page that does not exist
        raise NotFound(f"No page has the address {request.path}.")
    return _uncached(Response(prometheus.exposition(), content_type=CONTENT_TYPE_LATEST))


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
