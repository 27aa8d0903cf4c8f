"""A Scenario project's assets as a folder of files, for searching them offline.

Assets are requested from the API (docs/scenario-api.md) in the order of their last change and
written with sidecars for the indexer. The time of the last change is stored, so that a stopped run
can continue and the next run fetches only new assets. The key is sent to the API only.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import requests
import tenacity

from library.errors import LibraryError
from library.formats.file_types import extension
from library.home import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BASE_URL: Final = "https://api.cloud.scenario.com/v1"
_PAGE: Final = 100  # maximum of the API
_STATE: Final = ".akin-mirror.json"
_START: Final = "1970-01-01T00:00:00.000Z"
_TIMEOUT: Final = (10, 60)  # seconds to connect, and between two parts of a response
_ATTEMPTS: Final = 6
_LONGEST_WAIT: Final = 120.0  # seconds that a server may request
_MAX_BYTES: Final = 16 * 1024**3
_NAME: Final = re.compile(r"[^\w .()+-]+")
_URLS: Final = frozenset({"url", "thumbnail", "preview", "firstFrame", "originalFileUrl"})
_RETRIED: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class MirrorError(LibraryError):
    """The API or the CDN failed or cannot be reached; fetched assets stay in the folder."""


class _Busy(Exception):
    """The request can be retried, after as many seconds as the server states."""

    def __init__(self, text: str, after: float | None) -> None:
        super().__init__(text)
        self.after = after


class Progress(Protocol):
    """Progress of a run."""

    def note(self, text: str) -> None:
        """Report one line."""


@dataclass(frozen=True, slots=True)
class Access:
    """Address and credentials of the API."""

    base_url: str
    key: str = ""
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    project: str = ""

    @classmethod
    def from_environment(cls) -> Access:
        """Return the access that the variables of the official client state.

        Raises MirrorError when a variable is missing.
        """
        variable = os.environ.get
        access = cls(
            (variable("SCENARIO_BASE_URL") or BASE_URL).rstrip("/"),
            variable("SCENARIO_SDK_API_KEY", ""),
            variable("SCENARIO_SDK_API_SECRET", ""),
            variable("SCENARIO_SDK_JWT", ""),
            variable("SCENARIO_PROJECT_ID", ""),
        )
        if not access.token and not (access.key and access.secret):
            raise MirrorError("set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET to mirror")
        return access


class Mirror:
    """Update of one folder from a project."""

    def __init__(
        self,
        access: Access,
        folder: Path,
        progress: Progress,
        *,
        rate: float = 5.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._access, self._folder, self._progress = access, folder, progress
        self._sleep, self._pause = sleep, 1 / rate
        self._api, self._cdn = requests.Session(), requests.Session()
        if access.token:
            self._api.headers["Authorization"] = f"Bearer {access.token}"
        else:
            self._api.auth = (access.key, access.secret)
        self._cdn.trust_env = False  # no password of a .netrc for hosts that the API names

    def run(self) -> int:
        """Fetch new assets and return their number. Raises MirrorError, and OSError (full disk)."""
        self._folder.mkdir(parents=True, exist_ok=True)
        names = self._collection_names()
        fetched = 0
        with self._api, self._cdn:
            for hits in self._pages():
                for hit in hits:
                    fetched += self._store(hit, names)
                if changed := [str(hit["updatedAt"]) for hit in hits if hit.get("updatedAt")]:
                    self._store_since(max(changed))
                self._progress.note(f"{fetched} assets fetched")
        return fetched

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        """Yield pages of hits in the order of their last change, from that of the last run on."""
        since, offset = self._since(), 0
        while True:
            body = {
                "filter": f'updatedAt >= "{since}"',
                "sortBy": ["updatedAt:asc"],
                "offset": offset,
                "limit": _PAGE,
            }
            response = self._call("POST", "search/assets", json=body, originalAssets="true")
            hits = [hit for hit in response.get("hits") or [] if isinstance(hit, dict)]
            if not hits:  # the total is an estimate and may be larger
                return
            yield hits
            offset += len(hits)

    def _collection_names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        token = ""
        while True:
            more = {"paginationToken": token} if token else {}
            response = self._call("GET", "collections", pageSize=str(_PAGE), **more)
            for collection in response.get("collections") or []:
                names[str(collection.get("id"))] = str(collection.get("name") or "")
            following = response.get("nextPaginationToken") or ""
            if not following or following == token:
                return names
            token = following

    def _call(self, method: str, path: str, *, json: Any = None, **query: str) -> dict[str, Any]:
        if self._access.project:
            query["projectId"] = self._access.project
        url = f"{self._access.base_url}/{path}"

        def request() -> Any:
            return self._api.request(method, url, json=json, params=query, timeout=_TIMEOUT)

        with self._retried(request) as response:
            try:
                content = response.json()
            except ValueError as error:
                raise MirrorError(f"the response of {url} is not JSON") from error
        return content if isinstance(content, dict) else {}

    def _retried(self, request: Callable[[], requests.Response]) -> requests.Response:
        """Return the response; retry while the server is busy or away. Raises MirrorError."""

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
            return retrying(_once, request)
        except _Busy as error:
            raise MirrorError(f"{error}; fetched assets are stored; run it again later") from error

    def _store(self, hit: Mapping[str, Any], names: Mapping[str, str]) -> int:
        """Write the file and the sidecar of an asset unless they exist; return 1 if it is new."""
        target = self._target(hit, names)
        if target.parent.is_symlink():  # in a shared folder anyone may have made it
            raise MirrorError(f"{target.parent} is a link; replace it by a folder, then run again")
        sidecar = target.with_name(f"{target.name}.json")
        metadata = json.dumps({k: v for k, v in hit.items() if k not in _URLS}, ensure_ascii=False)
        if target.exists() and sidecar.exists() and sidecar.read_text("utf-8") == metadata:
            return 0
        if not target.exists() and not self._fetch(hit, target):
            return 0
        # The sidecar is written last: an asset without one is fetched again.
        write_atomically(sidecar, metadata.encode("utf-8"), mode=0o644)
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
                self._progress.note(f"skipped {hit.get('id')}: it has no file")
                return False
            write_atomically(target, str(content).encode("utf-8"), mode=0o644)
            return True
        target.parent.mkdir(parents=True, exist_ok=True)
        # A name that cannot be foreseen, and "x", which follows no link and keeps the umask.
        draft = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with (
                self._retried(lambda: self._cdn.get(url, stream=True, timeout=_TIMEOUT)) as body,
                draft.open("xb") as file,
            ):
                size = 0
                for piece in body.iter_content(256 * 1024):
                    size += file.write(piece)
                    if size > _MAX_BYTES:
                        raise MirrorError(f"{hit.get('id')} is larger than 16 GB")
            draft.replace(target)
        except requests.RequestException as error:
            raise MirrorError(f"{hit.get('id')} is incomplete; run it again") from error
        finally:
            draft.unlink(missing_ok=True)
        return True

    def _since(self) -> str:
        try:
            state = json.loads((self._folder / _STATE).read_bytes())
        except (OSError, ValueError):
            return _START
        if not isinstance(state, dict) or state.get("baseUrl") != self._access.base_url:
            return _START
        since = str(state.get("since"))
        return since if re.fullmatch(r"[0-9T:.Z+-]{10,40}", since) else _START

    def _store_since(self, since: str) -> None:
        state = {"baseUrl": self._access.base_url, "since": since}
        write_atomically(self._folder / _STATE, json.dumps(state).encode(), mode=0o644)


def _once(request: Callable[[], requests.Response]) -> requests.Response:
    try:
        response = request()
    except (requests.ConnectionError, requests.Timeout) as error:
        raise _Busy(f"no response: {type(error).__name__}", None) from error
    except requests.RequestException as error:
        raise MirrorError(f"the request could not be sent: {error}") from error
    if response.ok:
        return response
    with response:
        message = " ".join(response.text[:300].split())
        text = f"the server returned {response.status_code}: {message}"
        if response.status_code in _RETRIED:
            raise _Busy(text, _retry_after(response.headers))
    raise MirrorError(text)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of `retry-after-ms`, or of `retry-after` as seconds or a date."""
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
    """Return a name that is one component of a path on every system."""
    return _NAME.sub("_", name)[:80].strip(" .") or "_"
