"""A Scenario project's assets as a folder of files, for searching them offline.

Knows the API over HTTP (scenario-api.md) and the sidecars that `index` reads. Asks for assets in
the order in which they changed and remembers how far it came, so that a stopped run goes on and
the next one fetches only what is new. Sends the key to the API alone, never to a CDN.
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import requests
import tenacity

from library.errors import LibraryError
from library.homes import write_atomically
from library.kinds import extension

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BASE_URL: Final = "https://api.cloud.scenario.com/v1"
_PAGE: Final = 100  # the API's most
_STATE: Final = ".akin-mirror.json"
_START: Final = "1970-01-01T00:00:00.000Z"
_TIMEOUT: Final = (10, 60)  # seconds to connect, and between two pieces of an answer
_ATTEMPTS: Final = 6
_LONGEST_WAIT: Final = 120.0  # seconds that a server may ask to be left alone
_MAX_BYTES: Final = 16 * 1024**3
_NAME: Final = re.compile(r"[^\w .()+-]+")
_URLS: Final = frozenset({"url", "thumbnail", "preview", "firstFrame", "originalFileUrl"})
_AGAIN: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class MirrorError(LibraryError):
    """The API or the CDN refused, or could not be reached; what was fetched before is kept."""


class _Busy(Exception):
    """Try again, after so many seconds where the server says how many."""

    def __init__(self, text: str, after: float | None) -> None:
        super().__init__(text)
        self.after = after


class Report(Protocol):
    """Who is told how a run goes."""

    def note(self, text: str) -> None:
        """One line."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the API."""

    base_url: str
    key: str = ""
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    project: str = ""

    @classmethod
    def from_environment(cls) -> Access:
        """As the official client reads it; raises MirrorError naming what is missing."""
        given = os.environ.get
        found = cls(
            (given("SCENARIO_BASE_URL") or BASE_URL).rstrip("/"),
            given("SCENARIO_SDK_API_KEY", ""),
            given("SCENARIO_SDK_API_SECRET", ""),
            given("SCENARIO_SDK_JWT", ""),
            given("SCENARIO_PROJECT_ID", ""),
        )
        if not found.token and not (found.key and found.secret):
            raise MirrorError("set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET to mirror")
        return found


class Mirror:
    """Brings one folder up to date with a project."""

    def __init__(
        self,
        access: Access,
        folder: Path,
        report: Report,
        *,
        rate: float = 5.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._access, self._folder, self._report = access, folder, report
        self._sleep, self._pause = sleep, 1 / rate
        self._api, self._cdn = requests.Session(), requests.Session()
        if access.token:
            self._api.headers["Authorization"] = f"Bearer {access.token}"
        else:
            self._api.auth = (access.key, access.secret)
        self._cdn.trust_env = False  # no password of a .netrc for a host that an answer names

    def run(self) -> int:
        """Fetch what is new; returns how many assets. Raises MirrorError, OSError (full disk)."""
        self._folder.mkdir(parents=True, exist_ok=True)
        names = self._collection_names()
        fetched = 0
        with self._api, self._cdn:
            for hits in self._pages():
                for hit in hits:
                    fetched += self._keep(hit, names)
                if changed := [str(hit["updatedAt"]) for hit in hits if hit.get("updatedAt")]:
                    self._remember(max(changed))
                self._report.note(f"{fetched} assets fetched")
        return fetched

    # Asking

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        """Pages of hits by the time of their last change, from where the last run came to."""
        since, offset = self._since(), 0
        while True:
            body = {
                "filter": f'updatedAt >= "{since}"',
                "sortBy": ["updatedAt:asc"],
                "offset": offset,
                "limit": _PAGE,
            }
            answer = self._call("POST", "search/assets", json=body, originalAssets="true")
            hits = [hit for hit in answer.get("hits") or [] if isinstance(hit, dict)]
            if not hits:  # the estimate of the total may be large all the same
                return
            yield hits
            offset += len(hits)

    def _collection_names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        token = ""
        while True:
            more = {"paginationToken": token} if token else {}
            answer = self._call("GET", "collections", pageSize=str(_PAGE), **more)
            for found in answer.get("collections") or []:
                names[str(found.get("id"))] = str(found.get("name") or "")
            following = answer.get("nextPaginationToken") or ""
            if not following or following == token:
                return names
            token = following

    def _call(self, method: str, path: str, *, json: Any = None, **query: str) -> dict[str, Any]:
        if self._access.project:
            query["projectId"] = self._access.project
        url = f"{self._access.base_url}/{path}"

        def ask() -> Any:
            return self._api.request(method, url, json=json, params=query, timeout=_TIMEOUT)

        with self._patiently(ask) as response:
            try:
                found = response.json()
            except ValueError as error:
                raise MirrorError(f"{url} did not answer in JSON") from error
        return found if isinstance(found, dict) else {}

    def _patiently(self, ask: Callable[[], requests.Response]) -> requests.Response:
        """The answer, asked for again when the server is busy or away. Raises MirrorError."""

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            after = error.after if isinstance(error, _Busy) else None
            return min(_LONGEST_WAIT, 2.0**state.attempt_number if after is None else after)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Busy),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            wait=wait,
            sleep=self._sleep,
            reraise=True,
        )
        self._sleep(self._pause)
        try:
            return retrying(_once, ask)
        except _Busy as error:
            raise MirrorError(f"{error}; what was fetched is kept, run it again later") from error

    # Keeping

    def _keep(self, hit: Mapping[str, Any], names: Mapping[str, str]) -> int:
        """Write one asset's file and sidecar, unless they are there; 1 when it was fetched."""
        target = self._target(hit, names)
        sidecar = target.with_name(f"{target.name}.json")
        told = json.dumps({k: v for k, v in hit.items() if k not in _URLS}, ensure_ascii=False)
        if target.exists() and sidecar.exists() and sidecar.read_text("utf-8") == told:
            return 0
        if not target.exists() and not self._fetch(hit, target):
            return 0
        # The sidecar comes last: without it the asset is taken up again.
        write_atomically(sidecar, told.encode("utf-8"))
        return 1

    def _target(self, hit: Mapping[str, Any], names: Mapping[str, str]) -> Path:
        asset_id = str(hit.get("id"))
        metadata = hit.get("metadata")
        name = str(metadata.get("name") or "") if isinstance(metadata, dict) else ""
        collections = hit.get("collectionIds") or []
        folder = next((names[c] for c in collections if names.get(c)), "") or "assets"
        suffix = extension(str(hit.get("mimeType") or "application/bin"))
        stem = _safe(Path(name).stem or "asset")
        return self._folder / _safe(folder) / f"{stem}-{_safe(asset_id)[-12:]}.{_safe(suffix)}"

    def _fetch(self, hit: Mapping[str, Any], target: Path) -> bool:
        url = str(hit.get("url") or "")
        if urlsplit(url).scheme not in {"http", "https"}:
            if (content := hit.get("content")) is None:
                self._report.note(f"skipped {hit.get('id')}: it has no file")
                return False
            write_atomically(target, str(content).encode("utf-8"))
            return True
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.part")
        try:
            with (
                self._patiently(lambda: self._cdn.get(url, stream=True, timeout=_TIMEOUT)) as body,
                draft.open("wb") as file,
            ):
                size = 0
                for piece in body.iter_content(256 * 1024):
                    size += file.write(piece)
                    if size > _MAX_BYTES:
                        raise MirrorError(f"{hit.get('id')} is larger than any asset")
            draft.replace(target)
        except requests.RequestException as error:
            raise MirrorError(f"{hit.get('id')} broke off; run it again to go on") from error
        finally:
            draft.unlink(missing_ok=True)
        return True

    def _since(self) -> str:
        try:
            found = json.loads((self._folder / _STATE).read_bytes())
        except (OSError, ValueError):
            return _START
        if not isinstance(found, dict) or found.get("baseUrl") != self._access.base_url:
            return _START
        since = str(found.get("since"))
        return since if re.fullmatch(r"[0-9T:.Z+-]{10,40}", since) else _START

    def _remember(self, since: str) -> None:
        state = {"baseUrl": self._access.base_url, "since": since}
        write_atomically(self._folder / _STATE, json.dumps(state).encode())


def _once(ask: Callable[[], requests.Response]) -> requests.Response:
    try:
        response = ask()
    except (requests.ConnectionError, requests.Timeout) as error:
        raise _Busy(f"no answer: {type(error).__name__}", None) from error
    except requests.RequestException as error:
        raise MirrorError(f"the request could not be sent: {error}") from error
    if response.ok:
        return response
    with response:
        said = " ".join(response.text[:300].split())
        text = f"the server answered {response.status_code}: {said}"
        if response.status_code in _AGAIN:
            raise _Busy(text, _retry_after(response.headers))
    raise MirrorError(text)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks for: `retry-after-ms`, or `retry-after` as seconds or a date."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        if not (after := headers.get("retry-after")):
            return None
        if after.replace(".", "", 1).isdigit():
            return float(after)
        return max(0.0, parsedate_to_datetime(after).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _safe(name: str) -> str:
    """A name that is one plain part of a path on every system."""
    return _NAME.sub("_", name)[:80].strip(" .") or "_"
