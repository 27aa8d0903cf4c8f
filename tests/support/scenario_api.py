"""Fake Scenario API in the process of the tests.

    api = FakeAPI(count=120)
    app = make_app(api, tmp_path)
    api.always(refusal(429, "Too many requests"))      # every search from now on
    api.next("lone-surrogates")                        # the next search, a fault of tests/faults
    api.body()                                         # the JSON of the last search

Nothing of the application is patched: its session has an adapter that calls this WSGI application.
Healthy responses and faults are those of tests/faults; faults of connections need its server.
Errors say `x-should-retry: false` unless a test says otherwise, so that no test waits for retries.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import requests

from app import create_app
from app.exports.formats import FORMATS
from app.network.wsgi_adapter import WSGIAdapter
from config import Settings
from tests.faults import FAULTS, SEARCH
from tests.faults.exchange import Exchange, Refusal, Request
from tests.faults.healthy import Healthy
from tests.faults.synthetic import asset_id
from tests.support.time_limits import PATIENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from flask import Flask

    from app.exports.formats import ExportFormats

HOST = "http://api.invalid"  # never resolved: the adapter answers it
CDN = "https://cdn.cloud.scenario.com"
KEY, SECRET = "key-of-the-tests", "secret-of-the-tests"


@dataclass(frozen=True)
class Reply:
    """A whole response, as it is sent."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Answer = str | Reply  # the name of a fault, or a response


def refusal(status: int, error: str, code: str = "", **headers: str) -> Reply:
    """Return an error in the API's format; `retry_after="1"` becomes `retry-after: 1`."""
    body = {"error": error} | ({"code": code} if code else {})
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body).encode(), spelled)


def answer(value: object) -> Reply:
    """Return a successful response with any JSON."""
    return Reply(200, json.dumps(value).encode())


def page(*hits: dict[str, Any], total: int | None = None) -> Reply:
    """Return the only page of results, with these hits."""
    found = len(hits) if total is None else total
    counts = {"page": 1, "hitsPerPage": 48, "totalHits": found, "totalPages": -(-found // 48)}
    return answer({"hits": hits, **counts})


class FakeAPI:
    """The fake API: sends healthy responses or chosen faults, and records requests."""

    def __init__(self, count: int = 120) -> None:
        """Hold `count` synthetic assets."""
        self.healthy = Healthy(count, CDN)
        self.origin = HOST
        self.requests: list[Request] = []
        self._next: list[tuple[str, Answer]] = []
        self._always: dict[str, Answer] = {}

    def next(self, *answers: Answer, on: str = SEARCH) -> None:
        """Send these for the next requests whose path begins with `on`."""
        for each in answers:
            self._known(each)
            self._next.append((on, each))

    def always(self, answer: Answer, on: str = SEARCH) -> None:
        """Send this for every request whose path begins with `on`, after those of `next`."""
        self._known(answer)
        self._always[on] = answer

    def received(self, on: str = SEARCH) -> list[Request]:
        """Return the requests so far whose path begins with `on`."""
        return [request for request in self.requests if request.path.startswith(on)]

    def body(self) -> Any:
        """Return the JSON of the last search."""
        return self.received()[-1].json

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Respond to one request, as WSGI."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        request = Request(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"].encode("latin-1").decode(),
            dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)),
            {k[5:].lower().replace("_", "-"): v for k, v in environ.items() if k[:5] == "HTTP_"},
            environ["wsgi.input"].read(length),
        )
        self.requests.append(request)
        reply = self._reply(self._turn(request.path), request)
        headers = dict(reply.headers)
        if reply.status >= 400:
            headers.setdefault("x-should-retry", "false")
        headers.setdefault("content-type", "application/json")
        start_response(f"{reply.status} Fake", list(headers.items()))
        return [reply.body]

    def _turn(self, path: str) -> Answer:
        for place, (on, answer) in enumerate(self._next):
            if path.startswith(on):
                del self._next[place]
                return answer
        return next((a for on, a in self._always.items() if path.startswith(on)), "healthy")

    def _reply(self, answer: Answer, request: Request) -> Reply:
        if isinstance(answer, Reply):
            return answer
        sent = _Sent()
        exchange = Exchange(request, sent, threading.Event())  # type: ignore[arg-type]
        try:
            FAULTS[answer](exchange, self)  # type: ignore[arg-type]
        except Refusal as refused:
            exchange.json(refused.body, refused.status)
        head, _, body = bytes(sent).partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        return Reply(int(first.split()[1]), body, dict(line.split(": ", 1) for line in lines))

    @staticmethod
    def _known(answer: Answer) -> None:
        if isinstance(answer, str) and answer not in FAULTS:
            raise ValueError(f"no fault is named {answer!r}; there are {', '.join(FAULTS)}")


class _Sent(bytearray):
    """Buffer in place of the socket of an exchange."""

    def sendall(self, data: bytes) -> None:
        self.extend(data)


def session_for(api: FakeAPI) -> requests.Session:
    """Return a session that reaches the API, with a key pair."""
    session = requests.Session()
    session.trust_env = False
    session.auth = (KEY, SECRET)
    session.mount(HOST, WSGIAdapter(api))
    return session


def make_app(
    api: FakeAPI,
    folder: Path,
    *,
    by_library: bool = False,
    formats: ExportFormats = FORMATS,
    clock: Callable[[], float] | None = None,
    **changes: Any,
) -> Flask:
    """Return an application in front of the API, without a cache unless `changes` set one.

    `by_library`: the API is Akin's own library.
    """
    values: dict[str, Any] = {"cache_seconds": 0, "timeout": 120.0, **changes}
    settings = Settings(base_url=f"{HOST}/v1", data=folder, **values)
    mounts = {"/library": HOST} if by_library else None
    return create_app(
        settings,
        session=session_for(api),
        mounts=mounts,
        clock=clock,
        limits=PATIENT,
        formats=formats,
    )


def make_app_with_cdn(
    api: FakeAPI, folder: Path, *, mounts: Mapping[str, str] | None = None, **changes: Any
) -> Flask:
    """Return an application whose server can also fetch files from the fake CDN."""
    session = session_for(api)
    session.mount(CDN, WSGIAdapter(api))
    values: dict[str, Any] = {"cache_seconds": 0, "timeout": 120.0, **changes}
    return create_app(
        Settings(base_url=f"{HOST}/v1", data=folder, **values),
        session=session,
        mounts=mounts,
        limits=PATIENT,
    )


__all__ = [
    "CDN",
    "HOST",
    "KEY",
    "SEARCH",
    "SECRET",
    "Answer",
    "FakeAPI",
    "Reply",
    "answer",
    "asset_id",
    "make_app",
    "make_app_with_cdn",
    "page",
    "refusal",
    "session_for",
]
