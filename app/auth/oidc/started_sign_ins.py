"""Sign-ins that were started with a provider: one signed cookie for each.

Two tabs that start at the same time get a cookie each, so that neither overwrites the other's.
The cookies are sent to the sign-in pages only and expire after an hour. A completed sign-in keeps
its target: the browser's Back button may request the redirect of the provider again.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flask import after_this_request, request
from itsdangerous import BadData

from app.auth.cookies import set_cookie, sign_in_cookie_name, sign_in_cookie_path
from app.auth.signers import signed, timed_signer

if TYPE_CHECKING:
    from flask import Response

COOKIE: Final = "akin-started"
MAX_STARTED: Final = 5  # in one browser; all of their cookies are one header
SECONDS: Final = 3600
_MAX_LENGTH: Final = 2000  # characters of a cookie; a genuine one has at most about 1100
_STATE: Final = re.compile(r"[A-Za-z0-9_-]{16,128}")


@dataclass(frozen=True, slots=True)
class StartedSignIn:
    """A sign-in that was started, or completed: then it has no `code_verifier`."""

    target: str  # as SignInTargets.shortened returns it
    nonce: str = ""
    code_verifier: str = ""
    callback: str = ""

    @property
    def is_open(self) -> bool:
        """True until the sign-in was completed."""
        return bool(self.code_verifier)


class StartedSignIns:
    """Reads and sets the cookies."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        """Sign with the first key, accept those of any."""
        self._signer = timed_signer(keys, b"akin started sign-in")

    def get(self, state: str) -> StartedSignIn | None:
        """Return the sign-in that this browser started with a `state`."""
        if not _STATE.fullmatch(state):
            return None
        known = self._loaded(request.cookies.get(_name(state), ""))
        return known[1] if known is not None and known[2] == state else None

    def put(self, state: str, sign_in: StartedSignIn) -> None:
        """Set the cookie of a sign-in; beyond MAX_STARTED the oldest are removed."""
        texts = (sign_in.target, sign_in.nonce, sign_in.code_verifier, sign_in.callback)
        content = [round(time.time(), 3), state, *texts]
        value = signed(self._signer, content)
        own = _name(state)
        others = {
            name: self._loaded(cookie)
            for name, cookie in request.cookies.items()
            if name.startswith(_name("")) and name != own
        }
        oldest_last = sorted(
            others, key=lambda name: known[0] if (known := others[name]) else 0.0, reverse=True
        )

        @after_this_request
        def set_cookies(response: Response) -> Response:
            path = sign_in_cookie_path()
            for name in oldest_last[MAX_STARTED - 1 :]:
                response.delete_cookie(name, path=path, secure=request.is_secure)
            set_cookie(response, own, value, seconds=SECONDS, path=path)
            return response

    def complete(self, state: str, sign_in: StartedSignIn) -> None:
        """Keep only the target of a sign-in."""
        self.put(state, StartedSignIn(sign_in.target))

    def _loaded(self, cookie: str) -> tuple[float, StartedSignIn, str] | None:
        """Return when a cookie was made, its sign-in and its state."""
        try:
            content = self._signer.loads(cookie[:_MAX_LENGTH], max_age=SECONDS)
        except BadData:
            return None
        match content:
            case [float() as made, str() as state, str(), str(), str(), str()]:
                return made, StartedSignIn(*content[2:]), state
        return None


def _name(state: str) -> str:
    return f"{sign_in_cookie_name(COOKIE)}-{state[:12]}"
