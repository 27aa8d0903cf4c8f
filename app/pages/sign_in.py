"""`/sign-in`, `/sign-out` and what stands between: name and password, or the way to a provider.

With AKIN_AUTH=none or proxy there is nothing here: 404.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from flask import Blueprint, jsonify, make_response, redirect, render_template, request, url_for

from app.asking import read
from app.auth import current_door
from app.auth.modes import Password, WithSession
from app.auth.origins import path_of_ours
from app.errors import AkinError, NotAdmitted, NotFound, SignInFailed
from app.pages import site
from app.pages.handing import origin
from app.pages.visiting import failure_headers
from app.reading import pairs_of
from app.views.sharing import search_preview
from app.views.sign_in import SignedOutView, SignInView

if TYPE_CHECKING:
    from flask import Response
    from flask.typing import ResponseReturnValue

    from app.auth.oidc import Oidc
    from app.views.sharing import Preview

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
def page() -> ResponseReturnValue:
    """Ask who is there; whoever is signed in already goes on."""
    target = path_of_ours(request.args.get("next", ""))
    if current_door().viewer():
        return redirect(target, 303)
    return _page(SignInView(next=target))


@blueprint.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Sign in with name and password, form fields `name`, `password` and `next`."""
    mode = current_door().mode
    if not isinstance(mode, Password):
        raise NotFound("Nobody signs in with a password here.")
    name = request.form.get("name", "")
    target = path_of_ours(request.form.get("next", ""))
    try:
        mode.sign_in(name, request.form.get("password", ""), request.remote_addr or "")
    except AkinError as error:
        return _page(SignInView(next=target, name=name[:64], error=error))
    return redirect(target, 303)


@blueprint.get("/sign-in/begin")
def begin() -> ResponseReturnValue:
    """Lead to the provider."""
    target = path_of_ours(request.args.get("next", ""))
    try:
        return _oidc().begin(target)
    except SignInFailed as error:
        return _page(SignInView(next=target, error=error))


@blueprint.get("/sign-in/returned")
def returned() -> ResponseReturnValue:
    """Take whom the provider sends back."""
    mode = _oidc()
    try:
        return redirect(path_of_ours(mode.finish()), 303)
    except (SignInFailed, NotAdmitted) as error:
        return _page(SignInView(next="/", error=error))


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Sign out of Akin. A provider's own page is a link on the next one."""
    _with_session().leave()
    response = redirect("/signed-out", 303)
    response.headers["Clear-Site-Data"] = '"cache"'  # the pages that "back" would show
    return response


@blueprint.post("/sign-out/provider")
def ended() -> ResponseReturnValue:
    """Take the provider's word that somebody has signed out of it, form field `logout_token`."""
    try:
        _oidc().end(request.form.get("logout_token", ""))
    except SignInFailed as error:
        said = {"error": "invalid_request", "error_description": error.message}
        return _kept_by_nobody(jsonify(said), 400)
    return _kept_by_nobody("")


@blueprint.get("/signed-out")
def signed_out() -> ResponseReturnValue:
    """Say goodbye."""
    _with_session()
    view = SignedOutView()
    if provider := _provider():
        back = url_for("sign_in.signed_out", _external=True)
        view = SignedOutView(provider.provider, provider.sign_out_url(back))
    return _kept_by_nobody(render_template("signed-out.html", page=view))


def _page(view: SignInView) -> Response:
    """The sign-in page, with a provider's link where there is one."""
    _with_session()
    if provider := _provider():
        begin_url = f"{url_for('sign_in.begin')}?{urlencode({'next': view.next})}"
        view = SignInView(view.next, provider.provider, begin_url, error=view.error)
    if site().settings.has_previews:
        view = replace(view, preview=_preview(view.next))
    response = _kept_by_nobody(render_template("sign-in.html", page=view))
    if view.error:
        response.status_code = view.error.status
        response.headers.update(failure_headers(view.error))
    return response


def _preview(target: str) -> Preview | None:
    """What a messenger is shown that follows a link to a search, and comes here."""
    path, _, query = target.partition("?")
    return search_preview(read(pairs_of(query))[0], origin=origin()) if path == "/" else None


def _kept_by_nobody(*answer: str | Response | int) -> Response:
    response = make_response(*answer)
    response.headers["Cache-Control"] = "no-store"
    return response


def _with_session() -> WithSession:
    mode = current_door().mode
    if not isinstance(mode, WithSession):
        raise NotFound("Nobody signs in here.")
    return mode


def _provider() -> Oidc | None:
    """The mode that asks a provider, told by its name: its module loads Authlib."""
    mode = current_door().mode
    return cast("Oidc", mode) if mode.name == "oidc" else None


def _oidc() -> Oidc:
    provider = _provider()
    if provider is None:
        raise NotFound("No provider signs people in here.")
    return provider
