"""Transport of calls to the Scenario API over HTTP: sessions, deadlines, retries, limits.

A call ends within its own time-out and the deadline of its request, whatever the server does, and
reads a limited number of bytes.
"""

from __future__ import annotations

import logging
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import requests
import urllib3.exceptions
from requests.auth import AuthBase

from app.errors import (
    FileGone,
    InvalidKey,
    InvalidUpstreamResponse,
    QuotaExceeded,
    UpstreamDown,
    UpstreamError,
    UpstreamTimeout,
)
from app.network.deadline_adapter import DeadlineAdapter
from app.scenario.protocol import Response, parse_response
from app.scenario.rate_limits import AdmissionControl
from app.scenario.retry import RetryableFailure, should_retry, with_retries
from app.telemetry import events
from app.telemetry.redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.scenario.protocol import Call
    from app.scenario.request_budget import RequestBudget

log = logging.getLogger(__name__)

MOST_BYTES: Final = 32 * 1024 * 1024  # of a response; a page of 100 hits has about 0.3 MB
CONNECT_SECONDS: Final = 5.0
_CHUNK: Final = 64 * 1024


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def authentication(key: str, secret: str, jwt: str) -> AuthBase | tuple[str, str] | None:
    """Authentication for `requests`: the bearer token if there is one, else the key pair."""
    if jwt:
        return _Bearer(jwt)
    return (key, secret) if key and secret else None


def open_session(key: str, secret: str, jwt: str) -> requests.Session:
    """Return a session for the network, with time-outs that bound whole responses."""
    session = requests.Session()
    session.auth = authentication(key, secret, jwt)
    adapter = DeadlineAdapter()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class Transport:
    """Sends calls to one API.

    `timeout` (seconds) bounds one call as a whole: connecting, retries, pauses and reading.
    """

    def __init__(
        self,
        *,
        base_url: str,
        session: requests.Session,
        timeout: float,
        project_id: str = "",
        scope: str = "",
        admission: AdmissionControl | None = None,
        redaction: Redaction | None = None,
        on_refused_key: Callable[[], None] = lambda: None,
    ) -> None:
        """`session` has the authentication and, for the embedded library, its adapter.

        `scope` is the digest of API, key and project, a part of the key of every cached response.
        `redaction` removes secrets from error responses, which may quote them. `on_refused_key` is
        called when the API does not accept the key.
        """
        self.base_url = base_url.rstrip("/")
        self.scope = scope
        self._on_refused_key = on_refused_key
        self._session = session
        self._timeout = timeout
        self._params = (("projectId", project_id),) if project_id else ()
        self.admission = admission or AdmissionControl()
        self._redaction = redaction or Redaction()
        # Every call goes to one server: proxies and certificates are looked up once, and the
        # requests of the few addresses are prepared once and copied.
        self._environment = session.merge_environment_settings(base_url, {}, True, None, None)
        self._prepared = lru_cache(maxsize=64)(self._prepare)

    def send(self, call: Call, check: Callable[[bytes], object], budget: RequestBudget) -> bytes:
        """Send a call and return its body, which `check` has accepted.

        Raises UpstreamError (`check` as well), or OptionalCallRefused. The outcome decides whether
        the next calls are sent at all.
        """
        self.admission.enter(call.family, is_optional=budget.is_optional)
        try:
            body = self.fetch(call, budget)
            check(body)
        except UpstreamError as error:
            if isinstance(error, UpstreamTimeout | UpstreamDown | InvalidUpstreamResponse):
                self.admission.failed()
            else:
                self.admission.succeeded()
            # With any other status, Retry-After is about this call and not about its family.
            is_pause = isinstance(error, QuotaExceeded) or error.upstream_status == 503
            if is_pause and error.retry_after is not None:
                self.admission.pause(call.family, error.retry_after, error)
            _log(call, error)
            raise
        except BaseException:
            self.admission.failed()
            raise
        self.admission.succeeded()
        return body

    def fetch(self, call: Call, budget: RequestBudget) -> bytes:
        """Send a call, admitted or not, and return the body of a success. Raises UpstreamError."""
        response = self.exchange(call, budget)
        try:
            return parse_response(call, response)
        except InvalidKey:
            self._on_refused_key()
            raise

    def exchange(self, call: Call, budget: RequestBudget) -> Response:
        """Send a call, with retries, and return its last response. Raises UpstreamError."""
        deadline = min(time.monotonic() + self._timeout, budget.deadline)
        return with_retries(
            lambda: self._attempt(call, deadline),
            deadline=deadline,
            may_retry=lambda: self.admission.may_retry(is_optional=budget.is_optional),
        )

    def _attempt(self, call: Call, deadline: float) -> Response:
        started = time.perf_counter()
        outcome = "down"
        try:
            response = self._exchange_once(call, deadline)
            outcome = str(response.status)
        except UpstreamTimeout:
            outcome = "timeout"
            raise
        except InvalidUpstreamResponse:
            outcome = "nonsense"
            raise
        finally:
            events.record_call(outcome, time.perf_counter() - started)
        if should_retry(response) and (call.is_repeatable or response.status == 429):
            raise RetryableFailure(response)
        return response

    def _exchange_once(self, call: Call, deadline: float) -> Response:
        left = deadline - time.monotonic()
        if left <= 0:
            raise UpstreamTimeout("The page had no time left for this call.")
        try:
            with self._session.send(
                self._request(call),
                timeout=(min(left, CONNECT_SECONDS), left),
                allow_redirects=False,
                **self._environment,
            ) as response:
                body = _read(response, deadline)
                headers = {name.lower(): value for name, value in response.headers.items()}
                if response.status_code >= 400:
                    body = self._redaction.body(body)
                return Response(response.status_code, headers, body)
        except requests.exceptions.ConnectTimeout as error:
            raise RetryableFailure(
                None, UpstreamTimeout("The connection took too long.")
            ) from error
        except (requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError) as error:
            raise UpstreamTimeout("No response arrived in time.") from error
        except (
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
        ) as error:
            log.info("no response from the API: %s", type(error).__name__)
            failure = UpstreamDown("The connection broke.")
            if not call.is_repeatable:  # it may have been received
                raise failure from error
            raise RetryableFailure(None, failure) from error

    def _request(self, call: Call) -> requests.PreparedRequest:
        request = self._prepared(call.method, call.path, call.params).copy()
        request.headers.update(events.upstream_headers())
        request.headers.update(call.headers)
        if call.body is not None:
            request.headers["Content-Type"] = "application/json"
            request.prepare_body(call.body, None)
        return request

    def _prepare(
        self, method: str, path: str, params: tuple[tuple[str, str], ...]
    ) -> requests.PreparedRequest:
        return self._session.prepare_request(
            requests.Request(
                method,
                self.base_url + path,
                params=[*self._params, *params],
                headers={"Accept": "application/json"},
            )
        )


def _read(response: requests.Response, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST_BYTES:
            raise InvalidUpstreamResponse("The response is far too large.")
        if time.monotonic() > deadline:
            raise UpstreamTimeout("The response was not complete in time.")
    return b"".join(chunks)


def _log(call: Call, error: UpstreamError) -> None:
    """Log a call that failed: the call, the error and its message.

    A file that is gone is not a failure of the API; its page reports it.
    """
    log.log(
        logging.INFO if isinstance(error, FileGone) else logging.WARNING,
        "%s %s: %s%s: %s",
        call.method,
        call.path,
        error.code,
        f" ({error.upstream_status})" if error.upstream_status else "",
        error.message,
    )
