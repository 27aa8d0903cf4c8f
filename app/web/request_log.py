"""Structured log: one line for each request, and the messages of all modules.

`configure` is called once for each process, by wsgi.py. A line has the request's id, the user, the
search in words, the time spent on the API and the source of its responses. It never contains a URL
as it was sent, nor a secret.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import structlog
from flask import request

from app.auth.proxy_headers import FROM_PROXY, environ_key
from app.auth.request_state import request_state
from app.query import describe, parsing
from app.telemetry import events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask, Response
    from structlog.typing import EventDict, Processor, WrappedLogger

    from app.telemetry.redaction import Redaction

HEADER: Final = "X-Request-ID"
_HEADER_KEY: Final = environ_key(HEADER)
_ID: Final = re.compile(r"[A-Za-z0-9._-]{6,64}")
_WITH_SEARCH: Final = frozenset({"results.results", "exports.search", "asset.asset", "feeds.feed"})
# Grants access to everyone who knows it.
_TOKEN: Final = re.compile(r"(/feeds/|/reviews/link/)[^/]*")
_UNKNOWN: Final = "unknown"  # the page of a URL without a route
log = structlog.stdlib.get_logger("akin.requests")


def configure(kind: str, redaction: Redaction) -> None:
    """Write the log of this process to standard error.

    `kind` is that of AKIN_LOG: `quiet` (warnings and errors), `text` or `json`.
    """
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_id,
    ]
    renderers: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if kind == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=False,
                # The other formatters print local variables, which may contain secrets.
                exception_formatter=structlog.dev.plain_traceback,
            )
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = _Formatter(
        redaction,
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING if kind == "quiet" else logging.INFO)
    # They log URLs and codes at lower levels.
    for noisy in ("urllib3", "authlib", "filelock", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Removes secrets from the finished line."""

    def __init__(self, redaction: Redaction, **options: Any) -> None:
        super().__init__(**options)
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        return self._redaction.text(super().format(record))


def _with_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if identity := events.request_id():
        event.setdefault("id", identity)
    return event


def init_app(app: Flask) -> None:
    """Record and count every request of an application, and log its line.

    Called before other handlers are registered, so that their time is measured.
    """

    def begin() -> None:
        events.begin(_request_id(request.environ))
        events.IN_FLIGHT.inc()
        # The guard of a mounted application opens a context of Flask for a request that `logged`
        # has begun: only a request that began here ends here.
        request_state().is_recorded = True

    def finish(response: Response) -> Response:
        record = events.current()
        if record is None:
            return response
        page = request.endpoint or _UNKNOWN
        response.headers[HEADER] = record.id
        _log(record, page, response.status_code, _request_fields)
        return response

    def end(_error: BaseException | None) -> None:
        state = request_state()
        if state.is_recorded:
            state.is_recorded = False
            events.IN_FLIGHT.dec()
            events.end()

    app.before_request(begin)
    app.after_request(finish)
    app.teardown_request(end)
    app.jinja_env.globals["request_id"] = events.request_id


def logged(application: WSGIApplication, name: str) -> WSGIApplication:
    """Return a WSGI application whose requests are recorded, counted and logged as pages are.

    Flask does not see the requests of a mounted application. `name` takes the place of the page.
    """

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        record = events.begin(_request_id(environ))
        events.IN_FLIGHT.inc()
        is_logged = False

        def log_once(status: int) -> None:
            nonlocal is_logged
            if not is_logged:
                is_logged = True
                _log(record, name, status, lambda _: {"path": environ["PATH_INFO"][:200]})

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            log_once(int(status[:3]))
            return start_response(status, [*headers, (HEADER, record.id)], *rest)

        try:
            return application(environ, start)
        except Exception:
            log_once(500)
            raise
        finally:
            events.IN_FLIGHT.dec()
            events.end()

    return respond


def _request_id(environ: WSGIEnvironment) -> str:
    """Return the id that a trusted proxy sent, so that both logs have it; else a new one."""
    given = environ.get(_HEADER_KEY, "")
    if environ.get(FROM_PROXY) and _ID.fullmatch(given):
        return str(given)
    return secrets.token_hex(8)


def _log(
    record: events.RequestRecord, page: str, status: int, fields: Callable[[str], dict[str, str]]
) -> None:
    """Count a request and log its line; `fields` returns what was requested."""
    seconds = time.perf_counter() - record.started
    events.PAGES.labels(page, str(status)).inc()
    events.PAGE_SECONDS.labels(page).observe(seconds)
    level = logging.ERROR if status >= 500 else logging.INFO
    if not logging.getLogger("akin.requests").isEnabledFor(level):
        return
    line: dict[str, Any] = {"page": page, "status": status, "ms": round(seconds * 1000, 1)}
    if record.user:
        line["user"] = record.user
    line |= fields(page)
    if record.upstream_calls:
        line["upstream_calls"] = record.upstream_calls
        line["upstream_ms"] = round(record.upstream_seconds * 1000, 1)
    if record.sources:
        line["cache"] = record.cache
    log.log(level, "request", **line)


def _request_fields(page: str) -> dict[str, str]:
    """Return what was requested, in words; never a URL as it was sent."""
    if page in _WITH_SEARCH:
        return {"search": describe.title(parsing.parse(request.query_string)[0])}
    return {"path": _TOKEN.sub(r"\1…", request.path)[:200]} if page == _UNKNOWN else {}
