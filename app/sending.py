"""Sending a call to the Scenario API: the only I/O of the client.

Retries as the official client does (scenario-api.md, "Access"), within a budget; obeys Retry-After;
reads a bounded number of bytes; and is over in time, whatever the other side does: a call has its
own time-out, and the page that it is made for has a deadline.
"""

from __future__ import annotations

import logging
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import requests
import tenacity
import urllib3.exceptions
from requests.auth import AuthBase

from app import observing, visits
from app.calls import Reply, decipher, is_retried, retry_after
from app.connecting import TimedAdapter
from app.errors import (
    FileGone,
    UpstreamDown,
    UpstreamError,
    UpstreamNonsense,
    UpstreamTimeout,
)
from app.limits import Gate
from app.redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.calls import Call

log = logging.getLogger(__name__)

MOST_ANSWER: Final = 32 * 1024 * 1024  # bytes; a page of 100 hits has about 0.3 MB
ATTEMPTS: Final = 3
CONNECT_SECONDS: Final = 5.0
_CHUNK: Final = 64 * 1024


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def authentication(key: str, secret: str, jwt: str) -> AuthBase | tuple[str, str] | None:
    """What `requests` authenticates with: the bearer token if there is one, else the key pair."""
    if jwt:
        return _Bearer(jwt)
    return (key, secret) if key and secret else None


class _Session(requests.Session):
    """Does once what `requests` does for each call, and what takes longer than all else there.

    The environment (proxies, certificates) is read once for each server, and a POST is prepared
    once for each address, since all searches go to one. Headers and authentication of the session
    are not to be changed once it is used.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said = lru_cache(maxsize=64)(self._say)
        self._addressed = lru_cache(maxsize=64)(self._address)

    def _address(self, url: str, params: tuple[tuple[str, str], ...]) -> requests.PreparedRequest:
        return super().prepare_request(requests.Request("POST", url, params=params))

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """A request as it is sent; from a kept one where it differs in headers and body alone."""
        own = request.cookies or request.auth or request.files or request.json or self.cookies
        params = request.params or []
        if own or request.method != "POST" or not isinstance(params, list):
            return super().prepare_request(request)
        prepared = self._addressed(str(request.url), tuple(params)).copy()
        prepared.headers.update(request.headers)
        prepared.prepare_body(request.data, None)
        return prepared

    def _say(self, origin: str, stream: bool | None) -> Any:
        return super().merge_environment_settings(origin, {}, stream, None, None)

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """What the session and the environment say of a call that says nothing of its own."""
        if proxies != {} or verify is not None or cert is not None:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        said = self._said("/".join(url.split("/", 3)[:3]), stream)
        return {**said, "proxies": {**said["proxies"]}}


def open_session(key: str, secret: str, jwt: str) -> requests.Session:
    """A session for the network whose time-outs are those of whole answers."""
    session = _Session()
    session.auth = authentication(key, secret, jwt)
    adapter = TimedAdapter()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _AskAgain(Exception):
    def __init__(self, reply: Reply | None, error: UpstreamError | None = None) -> None:
        super().__init__()
        self.reply = reply
        self.error = error

    @property
    def wait(self) -> float | None:
        return retry_after(self.reply.headers) if self.reply else None


class _StopAt(tenacity.stop.stop_base):
    """Stop when the next pause would end after the deadline, or no retry may be spent."""

    def __init__(self, deadline: float, may_repeat: Callable[[], bool]) -> None:
        self._deadline = deadline
        self._may_repeat = may_repeat

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        if retry_state.attempt_number >= ATTEMPTS:
            return True
        if time.monotonic() + retry_state.upcoming_sleep >= self._deadline:
            return True
        return not self._may_repeat()


class Sender:
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
        gate: Gate | None = None,
        redaction: Redaction | None = None,
    ) -> None:
        """`session` brings authentication and, for the embedded library, its adapter.

        `redaction` takes the key out of what the API says of an error, should it quote it.
        """
        self.base_url = base_url.rstrip("/")
        self._session = session
        self._timeout = timeout
        self._params = (("projectId", project_id),) if project_id else ()
        self.gate = gate or Gate()
        self._redaction = redaction or Redaction()

    @property
    def place(self) -> str:
        """Which API and project are asked: part of the key of every answer that is kept."""
        return f"{self.base_url}{self._params}"

    def ask(self, call: Call, check: Callable[[bytes], object]) -> bytes:
        """Send a call; answer a body that `check` has found to be of use.

        Raises UpstreamError (from `check`, too), or PrefetchSpared. What became of the call decides
        whether the next ones are sent at all.
        """
        self.gate.enter(call.family)
        try:
            reply = self.send(call)
            body = decipher(call, reply)
            check(body)
        except (UpstreamTimeout, UpstreamDown, UpstreamNonsense) as error:
            self.gate.failed()
            _log(call, error)
            raise
        except UpstreamError as error:
            self.gate.worked()
            if error.retry_after is not None:
                self.gate.rest(call.family, error.retry_after, error)
            _log(call, error)
            raise
        except BaseException:
            self.gate.failed()
            raise
        self.gate.worked()
        return body

    def send(self, call: Call) -> Reply:
        """Send a call, again where that is right; answer what came last. Raises UpstreamError."""
        deadline = min(time.monotonic() + self._timeout, visits.current().deadline)
        try:
            return self._send_once(call, deadline)
        except _AskAgain as raised:
            first = [raised]
        # Most calls need none of it: only then is it made.
        retrying = tenacity.Retrying(
            stop=_StopAt(deadline, self.gate.enter_again),
            wait=_pause,
            retry=tenacity.retry_if_exception_type(_AskAgain),
            reraise=True,
        )
        try:
            return retrying(self._send_again, call, deadline, first)
        except _AskAgain as last:
            if last.reply is not None:
                return last.reply
            error = last.error or UpstreamDown("No connection could be made.")
            raise error from last.__cause__

    def _send_again(self, call: Call, deadline: float, first: list[_AskAgain]) -> Reply:
        """Send a call whose `first` attempt counts, and is not made a second time."""
        if first:
            raise first.pop()
        return self._send_once(call, deadline)

    def _send_once(self, call: Call, deadline: float) -> Reply:
        began = time.perf_counter()
        outcome = "down"
        try:
            reply = self._exchange(call, deadline)
            outcome = str(reply.status)
        except UpstreamTimeout:
            outcome = "timeout"
            raise
        except UpstreamNonsense:
            outcome = "nonsense"
            raise
        finally:
            observing.upstream_called(outcome, time.perf_counter() - began)
        if is_retried(reply):
            raise _AskAgain(reply)
        return reply

    def _exchange(self, call: Call, deadline: float) -> Reply:
        left = deadline - time.monotonic()
        if left <= 0:
            raise UpstreamTimeout("The page had no time left for this call.")
        headers = {"Accept": "application/json", **observing.upstream_headers()}
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        try:
            with self._session.request(
                call.method,
                self.base_url + call.path,
                params=[*self._params, *call.params],
                data=call.body,
                headers=headers,
                timeout=(min(left, CONNECT_SECONDS), left),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read(response, deadline)
                lowered = {name.lower(): value for name, value in response.headers.items()}
                if response.status_code >= 400:
                    body = self._redaction.body(body)
                return Reply(response.status_code, lowered, body)
        except requests.exceptions.ConnectTimeout as error:
            raise _AskAgain(None, UpstreamTimeout("The connection took too long.")) from error
        except (requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError) as error:
            raise UpstreamTimeout("No answer came in time.") from error
        except (
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
        ) as error:
            log.info("no answer from the API: %s", type(error).__name__)
            raise _AskAgain(None, UpstreamDown("The connection broke.")) from error


def _read(response: requests.Response, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST_ANSWER:
            raise UpstreamNonsense("The answer is far too large.")
        if time.monotonic() > deadline:
            raise UpstreamTimeout("The answer was not whole in time.")
    return b"".join(chunks)


def _pause(state: tenacity.RetryCallState) -> float:
    """What the API asks for, else half a second, doubling."""
    error = state.outcome.exception() if state.outcome else None
    wished = error.wait if isinstance(error, _AskAgain) else None
    return wished if wished is not None else 0.5 * 2 ** (state.attempt_number - 1)


def _log(call: Call, error: UpstreamError) -> None:
    """One line for each call that was of no use: what was asked, what it means, what was said.

    A file that is gone is no trouble of the API's: whoever looks at its page is told.
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
