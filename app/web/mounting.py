"""Other WSGI applications below a path: the same access control, log and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from app.web import external_urls, request_log, security_headers

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from flask import Flask, Response

    from app.auth import RequestGuard
    from app.auth.proxy_headers import ProxyHeaders


def mount(app: Flask, path: str, mounted: WSGIApplication, *, name: str) -> None:
    """Serve `mounted` below `path`, as `name` in the log and the metrics."""
    proxy_headers = cast("ProxyHeaders", app.wsgi_app)
    guard = cast("RequestGuard", app.extensions["akin.guard"])
    guarded = guard.protect(app, security_headers.for_files(mounted), path, finish=_finish)
    logged = request_log.logged(guarded, name)
    proxy_headers.wrap(DispatcherMiddleware(proxy_headers.application, {path: logged}))


def _finish(response: Response) -> Response:
    """Return the response to a refused request with what every response of pages gets."""
    return external_urls.below_base_path(security_headers.add_headers(response))
