"""OpenID Connect backend: sign-in, admission by domain or group, logout by the provider.

Sources: OpenID Connect Core 1.0, RP-Initiated Logout 1.0, Back-Channel Logout 1.0.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn
from urllib.parse import urlencode, urlsplit

from flask import redirect, request, session, url_for

from app.auth.backends import EDITOR, FINGERPRINT, SessionBackend
from app.auth.oidc.admission import EMAIL_CLAIMS, AdmissionRules, editor_name
from app.auth.oidc.failures import CLIENT_REFUSED, cause, redirect_cause
from app.auth.oidc.provider import ERRORS, OidcProvider
from app.auth.oidc.started_sign_ins import StartedSignIn, StartedSignIns
from app.auth.user import User
from app.errors import NotAdmitted, SignInFailed
from app.telemetry import events

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flask import Flask
    from werkzeug.wrappers import Response

    from app.auth.revoked_sessions import RevokedSessions
    from config import Settings

log = logging.getLogger(__name__)

_LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


class OidcBackend(SessionBackend):
    """`oidc`: accounts of a provider, in the allowed domains or groups."""

    name: ClassVar[str] = "oidc"

    def __init__(
        self, app: Flask, settings: Settings, revoked: RevokedSessions, keys: tuple[str, ...]
    ) -> None:
        """Sign the cookies of started sign-ins with the first key, accept those of any."""
        super().__init__(revoked, hours=settings.session_hours)
        self._provider = OidcProvider(app, settings)
        self._started = StartedSignIns(keys)
        self._rules = AdmissionRules.of(
            domains=settings.oidc_domains,
            groups=settings.oidc_groups,
            groups_claims=settings.oidc_groups_claim,
            email_verified=settings.oidc_email_verified,
            editors=settings.editors,
        )

    @property
    def provider(self) -> str:
        """Name of the provider for people: its host."""
        return urlsplit(self._provider.issuer).netloc

    def redirect_to_provider(self, target: str) -> Response:
        """Return the redirect that starts a sign-in.

        `target` is the path to return to, as SignInTargets shortens it. Raises SignInFailed.
        """
        callback = url_for("sign_in.callback", _external=True)
        try:
            begun = self._provider.begin(callback)
        except ERRORS as error:
            self._fail(cause(error, callback), error)
        self._started.put(
            begun["state"],
            StartedSignIn(target, begun["nonce"], begun["code_verifier"], callback),
        )
        return redirect(begun["url"])

    def started(self) -> StartedSignIn | None:
        """Return the sign-in of this browser that the provider's redirect belongs to."""
        return self._started.get(request.args.get("state", ""))

    def complete_sign_in(self, *, has_cookies: bool) -> None:
        """Sign in the user whom the provider sent back.

        `has_cookies`: the browser sent a cookie of the sign-in page. Raises SignInFailed, or
        NotAdmitted for an account in no allowed domain or group.
        """
        started = self.started()
        if code := request.args.get("error"):
            self._fail(redirect_cause(code))
        if started is None and not has_cookies:
            self._fail(
                "The browser sent no cookie of this site. Either it does not keep the cookie: then "
                "allow cookies for this site in its settings. Or another browser started the "
                "sign-in."
            )
        if started is None or not started.is_open:
            self._fail(
                "This sign-in is too old, was completed before, or was started in another browser. "
                "Start again."
            )
        try:
            self._provider.check_issuer(request.args.get("iss"))
            claims = self._provider.claims(
                request.args.get("code", ""),
                nonce=started.nonce,
                code_verifier=started.code_verifier,
                callback=started.callback,
                is_complete=self._is_complete,
            )
        except ERRORS as error:
            self._provider.forget_metadata()
            self._fail(cause(error, started.callback), error)
        self._admit(claims)
        self._started.complete(request.args["state"], started)

    def _is_complete(self, claims: Mapping[str, Any]) -> bool:
        """Return whether signed claims have all that is needed."""
        return EMAIL_CLAIMS | {"name"} <= claims.keys() and not self._rules.are_groups_missing(
            claims
        )

    def _admit(self, claims: Mapping[str, Any]) -> None:
        """Start a session for an account. Raises NotAdmitted."""
        identity = claims.get("email") or claims.get("preferred_username") or claims["sub"]
        user = User.parse(identity, claims.get("name"))
        refusal = self._rules.refusal(claims)
        if user is None:
            refusal = "Its name or mail address contains characters that cannot be used."
        if user is None or refusal:
            session.clear()
            events.SIGN_INS.labels(self.name, "not-admitted").inc()
            log.warning("sign-in refused for %s: %s", user.id if user else "an account", refusal)
            raise NotAdmitted(refusal)
        fingerprint = ".".join(self._names_in(claims))
        self.start_session(user, fingerprint, self._rules.editor_names(claims))

    def back_channel_logout(self, token: str) -> None:
        """Revoke the sessions that a logout token names: of an account, or one of them.

        Raises SignInFailed where the token is not valid.
        """
        try:
            claims = self._provider.verified(token)
            if _LOGOUT_EVENT not in dict(claims["events"]):
                raise ValueError("no logout event")
            if "nonce" in claims:
                raise ValueError("an ID token")
            token_id = self._revocation_name("jti", str(claims["jti"]))
            if self._revoked.is_revoked([token_id], since=1):
                raise ValueError("used before")
            names = self._names_in(claims)
            # A token that names a session means that one only, though it names the account as well.
            names = [name for name in names if name.startswith("sid")] or names
            if not names:
                raise ValueError("no account and no session")
        except ERRORS as error:
            self._fail("This logout token is not valid.", error)
        self._revoked.revoke([*names, token_id])
        events.SIGN_INS.labels(self.name, "ended-by-provider").inc()

    def _names_in(self, claims: Mapping[str, Any]) -> list[str]:
        """Return the revocation names of an account and of its session at the provider."""
        return [
            self._revocation_name(kind, value)
            for kind in ("sub", "sid")
            if isinstance(value := claims.get(kind), str) and value
        ]

    def _revocation_name(self, kind: str, value: str) -> str:
        digest = hashlib.sha256(f"{self._provider.issuer} {value}".encode()).hexdigest()
        return kind + digest[:32]

    def _revocation_names(self) -> list[str]:
        """Return the names of the account and of its session, either of which may be revoked."""
        return [name for name in str(session.get(FINGERPRINT, "")).split(".") if name]

    def is_listed(self, user: User, names: Collection[str]) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return whether the account was in one of the groups at its sign-in."""
        stored = session.get(EDITOR)
        return isinstance(stored, list) and not {*stored}.isdisjoint(map(editor_name, names))

    def sign_out_url(self, back: str) -> str:
        """Return the URL to sign out at the provider as well; "" where it has none.

        `back` is the absolute URL to return to.
        """
        try:
            end = self._provider.metadata().get("end_session_endpoint")
        except ERRORS as error:
            log.warning("no way to sign out of the provider: %s", cause(error))
            return ""
        if not isinstance(end, str):
            return ""
        query = {"client_id": self._provider.client_id, "post_logout_redirect_uri": back}
        return f"{end}{'&' if '?' in end else '?'}{urlencode(query)}"

    def fingerprint(self, user: User) -> str | None:  # noqa: ARG002 - the protocol's signature
        """Return a digest of the admission rules: the provider does not report removed accounts."""
        rules = (
            self._provider.issuer,
            self._provider.client_id,
            sorted(self._rules.domains),
            sorted(self._rules.groups),
        )
        return hashlib.sha256(repr(rules).encode()).hexdigest()[:16]

    def check_configuration(self) -> str:
        """Return one line on the provider; raise SignInFailed with what is wrong."""
        try:
            faults, notes = self._provider.findings()
        except ERRORS as error:
            raise SignInFailed(f"{self._provider.issuer}: {cause(error)}") from error
        if faults:
            raise SignInFailed(f"{self._provider.issuer}: {' '.join(faults)}")
        return " ".join((f"{self.provider} answers as AKIN_OIDC_ISSUER.", *notes)).rstrip(".")

    def check_client(self) -> str:
        """Return one line on client id and secret; raise SignInFailed where they are refused.

        The provider logs a failed sign-in, so that this is no part of `check_configuration`.
        """
        try:
            is_refused = self._provider.is_client_refused()
        except ERRORS as error:
            raise SignInFailed(cause(error)) from error
        if is_refused:
            raise SignInFailed(CLIENT_REFUSED)
        return "the provider does not refuse client id and secret"

    def _fail(self, message: str, error: Exception | None = None) -> NoReturn:
        events.SIGN_INS.labels(self.name, "failed").inc()
        # Of the error only the class: its text may quote the request, the secret included.
        kind = f" ({type(error).__name__})" if error else ""
        log.warning("sign-in failed: %s%s", message, kind)
        raise SignInFailed(message) from error
