"""The log: one line a request, and whatever else the application has to say, structured.

`configure` is called once a process, by wsgi.py: the log is the process's, not the application's.
A line has the request's id, who asked, the search in words, how long the API took and where its
answer came from; never an address as it was sent, nor a secret, whoever wrote it.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import structlog
from flask import g, request

from app import asking, observing, words
from app.auth.peers import PEER, header_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask, Response
    from structlog.typing import EventDict, Processor, WrappedLogger

    from app.redaction import Redaction

HEADER: Final = "X-Request-ID"
_HEADER_KEY: Final = header_key(HEADER)
_ID: Final = re.compile(r"[A-Za-z0-9._-]{6,64}")
_WITH_SEARCH: Final = frozenset(
    {"results.results", "results.search_json", "asset.asset", "feeds.feed"}
)
_TOKEN: Final = re.compile(r"(/feeds/)[^/]*")  # lets in whoever knows it
_UNKNOWN: Final = "unknown"  # the page of an address that nothing lives at
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
                # The others print local variables, and with them whatever is in those.
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
    # urllib3 and Authlib tell addresses and codes at lower levels.
    for noisy in ("urllib3", "authlib", "filelock", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Takes secrets out of the finished line, wherever in it they are."""

    def __init__(self, redaction: Redaction, **options: Any) -> None:
        super().__init__(**options)
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        return self._redaction.text(super().format(record))


def _with_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if identity := observing.request_id():
        event.setdefault("id", identity)
    return event


def init_app(app: Flask) -> None:
    """Keep a record of every request, count it, and write its line.

    To be called before anything else looks at requests: what comes first is measured.
    """

    def begin() -> None:
        observing.begin(_request_id(request.environ))
        observing.IN_FLIGHT.inc()
        g.is_counted = True

    def finish(response: Response) -> Response:
        record = observing.current()
        if record is None:
            return response
        page = request.endpoint or _UNKNOWN
        response.headers[HEADER] = record.id
        _tell(record, page, response.status_code, _asked)
        return response

    def end(_error: BaseException | None) -> None:
        if g.pop("is_counted", False):
            observing.IN_FLIGHT.dec()
            observing.end()

    app.before_request(begin)
    app.after_request(finish)
    app.teardown_request(end)
    app.jinja_env.globals["request_id"] = observing.request_id


def around(application: WSGIApplication, name: str) -> WSGIApplication:
    """A WSGI application whose requests have a record, a count and a line as pages have.

    What is mounted beside ours never comes to Flask; `name` stands where others have their page.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        record = observing.begin(_request_id(environ))
        observing.IN_FLIGHT.inc()
        is_told = False

        def tell(status: int) -> None:
            nonlocal is_told
            if not is_told:
                is_told = True
                _tell(record, name, status, lambda _: {"path": environ["PATH_INFO"][:200]})

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            tell(int(status[:3]))
            return start_response(status, [*headers, (HEADER, record.id)], *rest)

        try:
            return application(environ, start)
        except Exception:
            tell(500)
            raise
        finally:
            observing.IN_FLIGHT.dec()
            observing.end()

    return answer


def _request_id(environ: WSGIEnvironment) -> str:
    """The id that a named proxy gave, so that its log can be read beside ours; else a new one."""
    given = environ.get(_HEADER_KEY, "")
    if environ.get(PEER) and _ID.fullmatch(given):
        return str(given)
    return secrets.token_hex(8)


def _tell(
    record: observing.Record, page: str, status: int, asked: Callable[[str], dict[str, str]]
) -> None:
    """Count a request and write its line, in which `asked` says what was asked for."""
    seconds = time.perf_counter() - record.started
    observing.PAGES.labels(page, str(status)).inc()
    observing.PAGE_SECONDS.labels(page).observe(seconds)
    level = logging.ERROR if status >= 500 else logging.INFO
    if not logging.getLogger("akin.requests").isEnabledFor(level):
        return
    line: dict[str, Any] = {"page": page, "status": status, "ms": round(seconds * 1000, 1)}
    if record.user:
        line["user"] = record.user
    line |= asked(page)
    if record.upstream_calls:
        line["upstream_calls"] = record.upstream_calls
        line["upstream_ms"] = round(record.upstream_seconds * 1000, 1)
    if record.sources:
        line["cache"] = record.cache
    log.log(level, "request", **line)


def _asked(page: str) -> dict[str, str]:
    """What a page was asked for, in words; never an address as it was sent."""
    if page in _WITH_SEARCH:
        return {"search": words.title(asking.asked(request.query_string)[0])}
    return {"path": _TOKEN.sub(r"\1…", request.path)[:200]} if page == _UNKNOWN else {}
