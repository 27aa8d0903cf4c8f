"""`/sign-in`, `/sign-out` and the redirects of an OpenID provider.

With AKIN_AUTH=none or proxy all of them respond with 404.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from flask import Blueprint, jsonify, make_response, redirect, render_template, request, url_for

from app.auth import cookie_check, current_guard, public
from app.auth.backends import PasswordBackend, SessionBackend
from app.auth.base_path import internal_path
from app.auth.origins import HOME
from app.auth.sign_in_targets import external_target
from app.errors import AkinError, NotAdmitted, NotFound, SignInFailed
from app.query.params import pairs_of
from app.query.parsing import read
from app.viewmodels.parts.sharing import search_preview
from app.viewmodels.sign_in import SignedOutView, SignInView
from app.web.caching.conditional import failure_headers
from app.web.context import origin, services
from app.web.onward import after_sign_in

if TYPE_CHECKING:
    from flask import Response
    from flask.typing import ResponseReturnValue

    from app.auth.oidc.backend import OidcBackend
    from app.auth.sign_in_targets import SignInTargets
    from app.viewmodels.parts.sharing import Preview

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
@public()
def form() -> ResponseReturnValue:
    """The sign-in page; a redirect for users who are signed in."""
    target = _target(request.args.get("next", ""))
    if current_guard().viewer():
        return after_sign_in(target or HOME)
    return _page(SignInView(next=target or HOME, is_target_lost=target is None))


@blueprint.post("/sign-in")
@public()
def sign_in() -> ResponseReturnValue:
    """Sign in with name and password, form fields `name`, `password` and `next`."""
    backend = current_guard().backend
    if not isinstance(backend, PasswordBackend):
        raise NotFound("This server has no sign-in with a password.")
    name = request.form.get("name", "")
    target = _target(request.form.get("next", "")) or HOME
    if cookie_check.is_cookie_missing():
        return _page(SignInView(next=target, name=name[:64], error=cookie_check.CookieMissing()))
    try:
        backend.sign_in(name, request.form.get("password", ""), request.remote_addr or "")
    except AkinError as error:
        return _page(SignInView(next=target, name=name[:64], error=error))
    return after_sign_in(target)


@blueprint.get("/sign-in/begin")
@public()
def begin() -> ResponseReturnValue:
    """Redirect to the provider, or users who are signed in to the page that they want."""
    backend = _oidc()
    target = _target(request.args.get("next", "")) or HOME
    if current_guard().viewer():
        return after_sign_in(target)
    try:
        return backend.redirect_to_provider(_targets().shortened(target))
    except SignInFailed as error:
        return _page(SignInView(next=target, error=error))


@blueprint.get("/sign-in/returned")
@public()
def callback() -> ResponseReturnValue:
    """Complete the sign-in of a user whom the provider sends back.

    A user who is signed in goes on: the sign-in was completed in another tab, or Back was pressed.
    """
    backend = _oidc()
    started = backend.started()
    target = (_target(started.target) if started else None) or HOME
    is_signed_in = current_guard().viewer() is not None
    if is_signed_in and (started is None or not started.is_open or "error" in request.args):
        return after_sign_in(target)
    try:
        backend.complete_sign_in(has_cookies=cookie_check.has_check())
    except SignInFailed as error:
        return after_sign_in(target) if is_signed_in else _page(SignInView(target, error=error))
    except NotAdmitted as error:
        return _page(SignInView(target, error=error))
    return after_sign_in(target)


@blueprint.post("/sign-out")
@public()
def sign_out() -> ResponseReturnValue:
    """Sign out of Akin; the next page links to the provider's own sign-out."""
    _session_backend().end_session()
    response = redirect("/signed-out", 303)
    response.headers["Clear-Site-Data"] = '"cache"'  # pages that "back" would show
    return response


@blueprint.post("/sign-out/provider")
@public()
def back_channel_logout() -> ResponseReturnValue:
    """Revoke the sessions of a user who signed out at the provider, form field `logout_token`."""
    try:
        _oidc().back_channel_logout(request.form.get("logout_token", ""))
    except SignInFailed as error:
        description = {"error": "invalid_request", "error_description": error.message}
        return _uncached(jsonify(description), 400)
    return _uncached("")


@blueprint.get("/signed-out")
@public()
def signed_out() -> ResponseReturnValue:
    """The page after a sign-out."""
    _session_backend()
    view = SignedOutView()
    if provider := _provider():
        back = url_for("sign_in.signed_out", _external=True)
        view = SignedOutView(provider.provider, provider.sign_out_url(back))
    return _uncached(render_template("signed_out.html", page=view))


def _page(view: SignInView) -> Response:
    """Return the sign-in page, with a link to the provider where there is one."""
    _session_backend()
    if provider := _provider():
        query = urlencode({"next": external_target(_targets().shortened(view.next))})
        view = replace(view, provider=provider.provider, begin_url=f"/sign-in/begin?{query}")
    if services().settings.has_previews:
        view = replace(view, preview=_preview(view.next))
    sets_cookie = request.method == "GET" or isinstance(view.error, cookie_check.CookieMissing)
    view = replace(view, has_cookie=sets_cookie or cookie_check.has_check())
    response = _uncached(render_template("sign_in.html", page=view))
    if sets_cookie:
        cookie_check.set_check(response)
    if view.error:
        response.status_code = view.error.status
        response.headers.update(failure_headers(view.error))
    return response


def _preview(target: str) -> Preview | None:
    """Return the preview for a messenger that follows a link to a search and is sent here."""
    path, _, query = target.partition("?")
    return search_preview(read(pairs_of(query))[0], origin=origin()) if path == "/" else None


def _uncached(*content: str | Response | int) -> Response:
    response = make_response(*content)
    response.headers["Cache-Control"] = "no-store"
    return response


def _target(text: str) -> str | None:
    """Return the path for a parameter `next`; None for a reference that is not known any more."""
    return _targets().path(internal_path(text))


def _targets() -> SignInTargets:
    targets = current_guard().targets
    if targets is None:
        raise NotFound("This server has no sign-in page.")
    return targets


def _session_backend() -> SessionBackend:
    backend = current_guard().backend
    if not isinstance(backend, SessionBackend):
        raise NotFound("This server has no sign-in page.")
    return backend


def _provider() -> OidcBackend | None:
    """Return the OpenID backend, recognised by name because its module loads Authlib."""
    backend = current_guard().backend
    return cast("OidcBackend", backend) if backend.name == "oidc" else None


def _oidc() -> OidcBackend:
    provider = _provider()
    if provider is None:
        raise NotFound("This server has no sign-in by a provider.")
    return provider
