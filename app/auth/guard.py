"""Check of every request before its view function runs: host, origin, sign-in.

Knows Flask's requests and the authentication backends, nothing of pages.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlencode, urlsplit

from flask import current_app, redirect, request
from werkzeug.exceptions import HTTPException

from app.auth import origins, sessions
from app.auth.access import SIGNED_IN, Access, access_of
from app.auth.backends import AuthBackend, NoSignIn, PasswordBackend, ProxyBackend
from app.auth.base_path import MOUNT_BASE, base_path, internal_path
from app.auth.links.review_tokens import ReviewLinks
from app.auth.links.signed_links import LinkGrant, SignedLinks
from app.auth.passwords.known_browsers import KnownBrowsers
from app.auth.passwords.login_throttle import MEMORY, LoginThrottle
from app.auth.passwords.user_store import UserStore
from app.auth.proxy_headers import (
    HEADERS_IGNORED,
    IGNORED,
    ProxyHeaders,
    is_from_this_machine,
)
from app.auth.proxy_notices import ProxyNotices
from app.auth.request_state import request_state
from app.auth.requested_page import is_navigation, requested_path
from app.auth.revoked_sessions import RevokedSessions
from app.auth.sign_in_targets import SignInTargets, external_target
from app.errors import AkinError, LinkExpired, NotSignedIn, Refused, WrongHost
from app.telemetry import events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask, Response
    from flask.typing import ResponseReturnValue

    from app.auth.user import User
    from app.storage.cache import CacheStore
    from config import Settings

log = logging.getLogger(__name__)

_MOST_NOTED: Final = 64
_NO_SCHEME: Final = (
    "A form of a page at https:// arrived by http. Links in feeds and exports begin with http://, "
    "and cookies are not Secure: the proxy has to send X-Forwarded-Proto, and AKIN_PROXIES has to "
    "contain its address."
)


class RequestGuard:
    """Access check of one application."""

    def __init__(
        self,
        backend: AuthBackend,
        hosts: Iterable[str],
        *,
        port: int = 0,
        has_public_previews: bool = False,
        links: SignedLinks | None = None,
        review_links: ReviewLinks | None = None,
        targets: SignInTargets | None = None,
    ) -> None:
        """`hosts` are the names of this server besides those of loopback.

        Without sign-in the names of loopback are the only ones. Without `links` no signed link is
        valid. A backend with a sign-in page needs `targets`.
        """
        self.backend = backend
        self.links = links
        self.review_links = review_links
        self.targets = targets
        self._has_public_previews = has_public_previews
        self._hosts = () if backend.name == NoSignIn.name else tuple(hosts)
        self._port = port
        self._noted: set[tuple[str, str]] = set()
        self.mounts: list[str] = []  # paths that other applications respond to

    def viewer(self) -> User | None:
        """Return the user of the current request, read once a request."""
        state = request_state()
        if not state.has_user:
            state.user, state.has_user = self.backend.current_user(), True
            if state.user:
                events.set_user(state.user.id)
        return state.user

    def check(self) -> ResponseReturnValue | None:
        """Return None where the current request may proceed, or a redirect to the sign-in page.

        Raises WrongHost, Refused, LinkExpired and NotSignedIn.
        """
        return self._check(access_of(current_app.view_functions.get(request.endpoint or "")))

    def _check(self, access: Access) -> ResponseReturnValue | None:
        self._check_origin(access)
        if access.is_signed_link and self.links:
            # In the name of the link's owner, whatever cookie the request has.
            state = request_state()
            state.grant = self.links.verify(request.path, request.query_string)
            state.user, state.has_user = state.grant.user, True
            events.set_user(state.user.id)
            return None
        is_public = access.is_public or (access.is_preview and self._has_public_previews)
        if is_public or not self.backend.requires_user or self.viewer():
            return None
        if isinstance(self.backend, ProxyBackend):
            raise NotSignedIn(self.backend.reason_without_user())
        if not is_navigation() or (target := requested_path()) is None:
            raise NotSignedIn
        return redirect(self.sign_in_url(target), 303)

    def sign_in_url(self, target: str) -> str:
        """Return the path of the sign-in page that leads on to `target`, one of the application."""
        short = self.targets.shortened(target) if self.targets else origins.HOME
        if short == origins.HOME:
            return "/sign-in"
        return f"/sign-in?{urlencode({'next': external_target(short)})}"

    def _check_origin(self, access: Access) -> None:
        """Raise WrongHost or Refused where the request comes from where it must not."""
        host = request.environ.get("HTTP_HOST", "")  # not request.host, which has a default
        if not access.any_host and not self._is_own_host(host):
            message = f"The request arrived for {host[:200] or 'no host'}."
            if request.environ.get(IGNORED):
                message += f" {HEADERS_IGNORED}"
            self._note(
                "host", host, f"A request was refused. {message} Add the name to AKIN_HOSTS."
            )
            raise WrongHost(message)
        if self.backend.name == NoSignIn.name and (
            not is_from_this_machine(request.environ)
            or origins.is_from_public_page(request.headers)
        ):
            raise Refused(
                "This Akin serves the machine that it runs on, and no other. To let others in, "
                "set AKIN_AUTH to password, oidc or proxy."
            )
        origin = request.headers.get("Origin", "")
        if origins.is_cross_site_write(request.method, request.headers, request.host):
            message = origins.cross_site_reason(
                request.headers, request.host, request.scheme, self._is_own_host
            )
            self._note(origin, host, f"A {request.method} was refused. {message}")
            raise Refused(message)
        if not request.is_secure and origin.lower() == f"https://{request.host.lower()}":
            self._note(origin, host, _NO_SCHEME)
        is_open = access.embeddable or (access.for_local_programs and self.local_page())
        if not is_open and origins.is_cross_site_embed(request.headers):
            raise Refused("A page of another site requested this. Open the address itself.")

    def local_page(self) -> str:
        """Return the origin of another program's page on this machine; empty where people sign in.

        A web application such as ComfyUI requests the address that was dropped on it.
        """
        if self.backend.name != NoSignIn.name:
            return ""
        return origins.local_page(request.headers)

    def _is_own_host(self, host: str) -> bool:
        return origins.is_known_host(host, self._hosts, self._port)

    def _note(self, origin: str, host: str, message: str) -> None:
        """Log what is wrong with a request, once for an origin and a host; strangers send many."""
        key = (origin[:200], host[:200])
        if key not in self._noted and len(self._noted) < _MOST_NOTED:
            self._noted.add(key)
            log.warning("%s", message)

    def protect(
        self,
        app: Flask,
        mounted: WSGIApplication,
        path: str,
        *,
        finish: Callable[[Response], Response],
    ) -> WSGIApplication:
        """Return a WSGI application at a path of `app` that answers requests which pass this check.

        Its paths are for signed-in users, also where a public route of `app` has the same path.
        Where people sign in, clients of the API below /v1/ send its key instead, which the mounted
        application checks. `finish` completes the responses to refused requests.
        """
        self.mounts.append(path)

        def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            has_key = "HTTP_AUTHORIZATION" in environ and environ["PATH_INFO"].startswith("/v1/")
            environ[MOUNT_BASE] = environ.get("SCRIPT_NAME", "").removesuffix(path)
            with app.request_context(environ):
                try:
                    refusal = (
                        None if has_key and self.backend.requires_user else self._check(SIGNED_IN)
                    )
                except (AkinError, HTTPException) as error:
                    refusal = app.handle_user_exception(error)
                if refusal is not None:
                    return finish(app.make_response(refusal))(environ, start_response)
            return mounted(environ, start_response)

        return respond


def sign_in_url(target: str) -> str:
    """Return the sign-in page's path, which leads on to `target` or back to a refused form."""
    if request.method == "POST" and (referrer := request.referrer):
        parts = urlsplit(referrer)
        if parts.netloc == request.host:
            target = internal_path(parts.path + (f"?{parts.query}" if parts.query else ""))
    return current_guard().sign_in_url(target)


def _at_host(url: str) -> str:
    """Return a URL of the proxy; a path is one of the host, not below Akin's base path."""
    return f"//{request.host}{url}" if base_path() and url.startswith("/") else url


def current_grant() -> LinkGrant:
    """Return the grant of the signed link that was requested. Raises LinkExpired."""
    grant = request_state().grant
    if grant is None:  # signed links are off, or there is no sign-in
        raise LinkExpired("This server makes no such addresses.")
    return grant


def current_guard() -> RequestGuard:
    """Return the guard of the application that handles the current request."""
    return cast("RequestGuard", current_app.extensions["akin.guard"])


def init_app(app: Flask, settings: Settings, cache: CacheStore) -> RequestGuard:
    """Check every request to `app`, with the backend that the settings choose.

    Worker processes share sign-outs and counters of sign-in attempts in `cache`.
    """
    needs_keys = settings.auth in {PasswordBackend.name, "oidc"} or settings.has_feeds
    keys = sessions.session_keys(settings) if needs_keys else ()
    backend = _backend(app, settings, cache, keys)
    days = settings.feed_days
    links = SignedLinks(keys, backend, days=days) if settings.has_feeds else None
    review_links = ReviewLinks(keys, backend, days=days) if settings.has_feeds else None
    shared = cache if cache.client is not None else None
    targets = SignInTargets(keys, settings.data, shared) if backend.has_sign_in_page else None
    guard = RequestGuard(
        backend,
        settings.hosts,
        port=settings.port,
        has_public_previews=settings.has_previews,
        links=links,
        review_links=review_links,
        targets=targets,
    )
    app.extensions["akin.guard"] = guard
    if backend.has_sign_in_page:
        sessions.init_app(app, keys, hours=settings.session_hours)
    app.before_request(guard.check)
    if backend.requires_user:
        app.after_request(_make_private)
    app.jinja_env.globals["viewer"] = guard.viewer
    app.jinja_env.globals["sign_in_url"] = sign_in_url
    app.jinja_env.globals["can_sign_out"] = backend.has_sign_in_page
    sign_out = settings.proxy_sign_out if backend.name == ProxyBackend.name else ""
    app.jinja_env.globals["proxy_sign_out"] = lambda: _at_host(sign_out)
    app.wsgi_app = ProxyHeaders(  # type: ignore[method-assign] # Flask's own way to add a layer
        app.wsgi_app,
        settings.proxies,
        settings.proxy_header,
        notices=ProxyNotices(settings.data),
        reserved=lambda: _first_segments(app, guard.mounts),
    )
    return guard


def _first_segments(app: Flask, mounts: Iterable[str]) -> frozenset[str]:
    """Return the names that the paths of an application begin with."""
    paths = (*(rule.rule for rule in app.url_map.iter_rules()), *mounts)
    return frozenset(path.split("/")[1] for path in paths) - {""}


def _make_private(response: Response) -> Response:
    """Keep responses for signed-in users out of caches: Back must not show them after a sign-out.

    Only pictures and models, which are large and of one asset each, stay in the browser's
    cache. The programs that open signed links have no sign-out.
    """
    access = access_of(current_app.view_functions.get(request.endpoint or ""))
    if access.is_public or access.is_signed_link:
        return response
    if response.status_code == 302 or str(response.mimetype).startswith(("image/", "model/")):
        response.headers.setdefault("Cache-Control", "private")
    else:
        response.headers["Cache-Control"] = "no-store"
    return response


def _backend(
    app: Flask, settings: Settings, cache: CacheStore, keys: tuple[str, ...]
) -> AuthBackend:
    if settings.auth == PasswordBackend.name:
        return PasswordBackend(
            UserStore.from_settings(settings),
            LoginThrottle(settings.cache_url if cache.client is not None else MEMORY),
            KnownBrowsers(keys),
            RevokedSessions.from_settings(settings, cache),
            hours=settings.session_hours,
        )
    if settings.auth == "oidc":
        from app.auth.oidc.backend import OidcBackend  # Authlib takes a third of the start

        return OidcBackend(app, settings, RevokedSessions.from_settings(settings, cache), keys)
    if settings.auth == ProxyBackend.name:
        return ProxyBackend(settings.proxy_header)
    return NoSignIn()
