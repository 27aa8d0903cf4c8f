"""The client of the Scenario API: spell, send, decipher; `send` is the only I/O.

Spelling makes a `Call` from a value, deciphering turns status and body into bytes to decode or an
error of `app.errors`, and sending does the rest: authentication, a deadline over everything,
retries as the official client does them (scenario-api.md, "Access"), a bound on what is read.
"""

from __future__ import annotations

import email.utils
import hashlib
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec
import requests
import tenacity
import urllib3.exceptions
from requests.auth import AuthBase

from app import assets
from app.errors import (
    BadFilter,
    BadKey,
    BadRequest,
    NotAllowed,
    QuotaExceeded,
    UnknownAsset,
    UpstreamDown,
    UpstreamError,
    UpstreamNonsense,
    UpstreamTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from app.answers import Answers
    from app.assets import Asset, Named, ResultPage
    from app.search import Search

log = logging.getLogger(__name__)

MOST_ANSWER: Final = 32 * 1024 * 1024  # bytes; a page of 100 hits has about 0.3 MB
MOST_BULK: Final = 200  # ids of one get-bulk; a call over the limit is refused whole
ATTEMPTS: Final = 3
_CHUNK: Final = 64 * 1024
_RETRIED: Final = frozenset({408, 409, 429})


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the API, before anything is sent."""

    method: str
    path: str  # below the base URL
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None  # JSON

    @property
    def key(self) -> str:
        """What it asks, as a short text: equal calls have equal keys."""
        text = msgspec.json.encode([self.method, self.path, self.params])
        return hashlib.sha256(text + b"\n" + (self.body or b"")).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def spell_search(search: Search, expand: Callable[[str], str]) -> Call:
    """POST /search/assets for a search; `expand` turns each `ref_...` into a data URL."""
    body = search.body()
    if "image" in body:
        body["image"] = expand(body["image"])
    if "images" in body:
        body["images"] = {side: [*map(expand, ids)] for side, ids in body["images"].items()}
    params = (("originalAssets", "true"),) if search.originalAssets else ()
    return Call("POST", "/search/assets", params, msgspec.json.encode(body))


def decipher(call: Call, reply: Reply) -> bytes:
    """Answer the body of a success; raise what anything else means."""
    if 200 <= reply.status < 300:
        return reply.body
    text, code = _error_of(reply)
    kind = _meaning(call, reply.status, text, code)
    error = kind(text)
    error.upstream_status = reply.status
    error.retry_after = retry_after(reply.headers)
    raise error


_BY_STATUS: Final[dict[int, type[UpstreamError]]] = {
    400: BadRequest,
    401: BadKey,
    403: NotAllowed,
    408: UpstreamTimeout,
    413: BadRequest,
    422: BadRequest,
    429: QuotaExceeded,
    504: UpstreamTimeout,
}


def _meaning(call: Call, status: int, text: str, code: str) -> type[UpstreamError]:
    lowered = f"{code} {text}".lower()
    if "quota" in lowered and status < 500:
        return QuotaExceeded
    if status in {400, 422} and "filter" in lowered:
        return BadFilter
    if status == 404:
        about_assets = call.path.startswith(("/assets/", "/search/"))
        return UnknownAsset if about_assets else UpstreamNonsense
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return UpstreamDown if status >= 500 or status == 409 else UpstreamNonsense


def _error_of(reply: Reply) -> tuple[str, str]:
    """Read `error`, then `message`, then the raw text; and the code, if there is one."""
    try:
        loose = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        loose = None
    code = ""
    if isinstance(loose, dict):
        code = str(loose.get("code") or "")
        for name in ("error", "message"):
            value = loose.get(name)
            if isinstance(value, dict):
                value = value.get("message")
            if isinstance(value, str) and value.strip():
                return value.strip()[:500], code
    text = reply.body[:500].decode("utf-8", "replace").strip()
    if not text or text.startswith("<"):
        text = f"It answered with status {reply.status}."
    return text, code


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, by `retry-after-ms`, or `retry-after` as seconds or an HTTP date."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        if not (text := headers.get("retry-after")):
            return None
        if text.strip().replace(".", "", 1).isdigit():
            return float(text)
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def is_retried(reply: Reply) -> bool:
    """Tell whether the official client would ask again."""
    wish = reply.headers.get("x-should-retry", "").lower()
    if wish in {"true", "false"}:
        return wish == "true"
    return reply.status in _RETRIED or reply.status >= 500


class _AskAgain(Exception):
    def __init__(self, reply: Reply | None, cause: Exception | None = None) -> None:
        super().__init__()
        self.reply = reply
        self.cause = cause

    @property
    def wait(self) -> float | None:
        return retry_after(self.reply.headers) if self.reply else None


class _StopAt(tenacity.stop.stop_base):
    """Stop when the next pause would end after the deadline (monotonic seconds)."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        return time.monotonic() + retry_state.upcoming_sleep >= self._deadline


class Client:
    """The API, in the app's values. Every method may raise an UpstreamError.

    `timeout` (seconds) bounds one call as a whole: connecting, retries, pauses and reading.
    """

    def __init__(
        self,
        *,
        base_url: str,
        session: requests.Session,
        answers: Answers,
        timeout: float,
        project_id: str = "",
    ) -> None:
        """`session` brings authentication and, for the embedded library, its adapter."""
        self._base_url = base_url.rstrip("/")
        self._session = session
        self._answers = answers
        self._timeout = timeout
        self._params = (("projectId", project_id),) if project_id else ()

    def search(self, search: Search, expand: Callable[[str], str]) -> ResultPage:
        """Answer one page of hits; `expand` turns a `ref_...` into a data URL."""
        body = self.answer(spell_search(search, expand))
        return assets.result_page(body, size=search.size)

    def asset(self, asset_id: str, *, original: bool = False) -> Asset:
        """Answer one asset with everything the API tells of it."""
        params = (("originalAssets", "true"),) if original else ()
        return assets.asset(self.answer(Call("GET", f"/assets/{asset_id}", params)))

    def raw_asset(self, asset_id: str) -> bytes:
        """Answer the API's own JSON of one asset."""
        return self.answer(Call("GET", f"/assets/{asset_id}"))

    def assets(self, ids: Iterable[str]) -> dict[str, Asset]:
        """Answer the assets that exist, by id; asked for in calls of at most 200."""
        wanted = sorted(set(ids))
        found: dict[str, Asset] = {}
        for start in range(0, len(wanted), MOST_BULK):
            body = msgspec.json.encode({"assetIds": wanted[start : start + MOST_BULK]})
            answer = self.answer(Call("POST", "/assets/get-bulk", (), body))
            found |= {asset.id: asset for asset in assets.assets(answer)}
        return found

    def download(self, asset_id: str, target_format: str = "") -> str:
        """Answer a fresh signed URL of the file, converted where a format is asked for."""
        body = msgspec.json.encode({"targetFormat": target_format} if target_format else {})
        call = Call("POST", f"/assets/{asset_id}/download", (), body)
        loose = assets.decode(decipher(call, self.send(call)))
        url = loose.get("url") if isinstance(loose, dict) else None
        if not isinstance(url, str) or not url:
            raise UpstreamNonsense("The answer has no address to download from.")
        return url

    def collections(self) -> tuple[Named, ...]:
        """Answer every collection."""
        return self._listing("/collections", assets.collections)

    def tags(self) -> tuple[Named, ...]:
        """Answer every tag."""
        return self._listing("/tags", assets.tags)

    def models(self, ids: Iterable[str]) -> tuple[Named, ...]:
        """Answer the names of models, by id."""
        wanted = sorted(set(ids))[:MOST_BULK]
        if not wanted:
            return ()
        body = msgspec.json.encode({"modelIds": wanted})
        call = Call("POST", "/models/get-bulk", (("minimal", "true"),), body)
        return assets.models(self.answer(call))

    def _listing(
        self, path: str, read: Callable[[bytes], tuple[Named, ...]], *, most_pages: int = 20
    ) -> tuple[Named, ...]:
        found: list[Named] = []
        token: str | None = None
        for _ in range(most_pages):
            params = (("pageSize", "100"), *((("paginationToken", token),) if token else ()))
            body = self.answer(Call("GET", path, params))
            found += read(body)
            token = assets.next_token(body)
            if token is None:
                break
        return tuple(found)

    def answer(self, call: Call) -> bytes:
        """Answer a call's body, from the cache where it has it."""
        key = hashlib.sha256(f"{self._base_url}{self._params}{call.key}".encode()).hexdigest()
        return self._answers.get(key, lambda: decipher(call, self.send(call)))

    def send(self, call: Call) -> Reply:
        """Send a call, again where that is right, all within the time-out."""
        deadline = time.monotonic() + self._timeout
        retrying = tenacity.Retrying(
            stop=tenacity.stop_any(
                tenacity.stop_after_attempt(ATTEMPTS),
                _StopAt(deadline),
            ),
            wait=_pause,
            retry=tenacity.retry_if_exception_type(_AskAgain),
            reraise=True,
        )
        try:
            return retrying(self._send_once, call, deadline)
        except _AskAgain as last:
            if last.reply is not None:
                return last.reply
            if isinstance(last.cause, UpstreamError):
                raise last.cause from last.cause.__cause__
            raise UpstreamDown("No connection could be made.") from last.cause

    def _send_once(self, call: Call, deadline: float) -> Reply:
        left = deadline - time.monotonic()
        if left <= 0:
            raise UpstreamTimeout(f"No answer within {self._timeout:g} seconds.")
        headers = {"Accept": "application/json"}
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        try:
            with self._session.request(
                call.method,
                self._base_url + call.path,
                params=[*self._params, *call.params],
                data=call.body,
                headers=headers,
                timeout=(min(left, 5.0), left),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = self._read(response, deadline)
                lowered = {name.lower(): value for name, value in response.headers.items()}
                reply = Reply(response.status_code, lowered, body)
        except requests.exceptions.ConnectTimeout as error:
            raise _AskAgain(None, UpstreamTimeout("The connection took too long.")) from error
        except (requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError) as error:
            raise UpstreamTimeout(f"No answer within {self._timeout:g} seconds.") from error
        except (
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
        ) as error:
            log.warning("no answer from the API: %s", type(error).__name__)
            raise _AskAgain(None, UpstreamDown("The connection broke.")) from error
        if is_retried(reply):
            raise _AskAgain(reply)
        return reply

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > MOST_ANSWER:
                raise UpstreamNonsense("The answer is far too large.")
            if time.monotonic() > deadline:
                raise UpstreamTimeout(f"The answer was not whole after {self._timeout:g} seconds.")
        return b"".join(chunks)


def _pause(state: tenacity.RetryCallState) -> float:
    """What the API asks for, else half a second, doubling."""
    error = state.outcome.exception() if state.outcome else None
    wished = error.wait if isinstance(error, _AskAgain) else None
    return wished if wished is not None else 0.5 * 2 ** (state.attempt_number - 1)


def authentication(key: str, secret: str, jwt: str) -> AuthBase | tuple[str, str] | None:
    """What `requests` authenticates with: the bearer token if there is one, else the key pair."""
    if jwt:
        return _Bearer(jwt)
    return (key, secret) if key and secret else None


def loose_error(error: UpstreamError) -> dict[str, Any]:
    """An upstream error as the strict JSON routes answer it."""
    return {"error": error.message or error.title, "code": error.code}
