"""The door: what every request is asked before a page is made for it.

Does the host name this server? Did another site send it? Is it from this machine, or is somebody
signed in? Then, and only then, is a page made. Knows Flask's requests and the modes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlencode

from flask import current_app, g, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.urls import iri_to_uri

from app import observing
from app.auth import origins, sessions
from app.auth.attempts import MEMORY, Attempts
from app.auth.links import Holder, Links
from app.auth.modes import Mode, Nobody, Password, Proxy
from app.auth.peers import Peers, is_this_machine
from app.auth.users import Users
from app.errors import AkinError, LinkEnded, NotSignedIn, Refused, WrongHost

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask, Response
    from flask.typing import ResponseReturnValue

    from app.auth.user import User
    from app.shelves import Shelf
    from config import Settings

# What everybody may see: the look of the sign-in page, and what machines ask.
OPEN: Final = frozenset(
    {
        "static",
        "icons",
        "favicon",
        "style",
        "scripts",
        "operations.healthz",
        "operations.readyz",
        "operations.metrics_text",
        "sign_in.page",
        "sign_in.sign_in",
        "sign_in.begin",
        "sign_in.returned",
        "sign_in.sign_out",
        "sign_in.ended",
        "sign_in.signed_out",
    }
)
# Shown in a link's preview, where AKIN_PREVIEWS=on allows it.
PREVIEWS: Final = frozenset({"exports.png"})
# Read by programs that cannot sign in, under an address that somebody made who is.
LINKED: Final = frozenset({"feeds.feed", "feeds.picture"})
# Asked by address, by balancers and monitors that know no name.
ANY_HOST: Final = frozenset({"operations.healthz", "operations.readyz", "operations.metrics_text"})


class Door:
    """The rules of one application."""

    def __init__(
        self,
        mode: Mode,
        hosts: Iterable[str],
        *,
        opened: frozenset[str] = OPEN,
        links: Links | None = None,
    ) -> None:
        """`hosts` are this server's names besides loopback's, `opened` what everybody may see.

        Without `links` nothing is read in anybody's name.
        """
        self.mode = mode
        self.links = links
        self._opened = opened
        self._hosts = (*origins.LOOPBACK, *hosts)

    def viewer(self) -> User | None:
        """Who makes the request in hand; asked once a request."""
        if "viewer" not in g:
            g.viewer = self.mode.viewer()
            if g.viewer:
                observing.user_known(g.viewer.id)
        return cast("User | None", g.viewer)

    def ask(self) -> ResponseReturnValue | None:
        """Let the request in hand pass (None), or answer it. Raises Refused, NotSignedIn."""
        endpoint = request.endpoint
        if endpoint not in ANY_HOST and not origins.is_known_host(request.host, self._hosts):
            raise WrongHost("The address names a host that this server does not answer for.")
        if self.mode.name == Nobody.name and not is_this_machine(request.environ):
            raise Refused(
                "This Akin serves the machine that it runs on, and nobody else. To let others in, "
                "set AKIN_AUTH to password, oidc or proxy."
            )
        if origins.is_forged(request.method, dict(request.headers), request.host):
            raise Refused("Another site sent this request, not a page of Akin.")
        if endpoint in LINKED and self.links:
            # In the name of whoever made the address, whatever cookie comes along.
            g.holder = self.links.read(request.path, request.query_string)
            g.viewer = g.holder.user
            observing.user_known(g.viewer.id)
            return None
        if endpoint in self._opened or not self.mode.needs_user or self.viewer():
            return None
        if self.mode.has_page and _is_navigation():
            # Not full_path, which raises where the bytes of the query are no UTF-8.
            query = request.query_string.decode("utf-8", "replace")
            target = request.script_root + request.path + (f"?{query}" if query else "")
            return redirect(sign_in_url(iri_to_uri(target)), 303)
        raise NotSignedIn(
            ""
            if self.mode.has_page
            else "The proxy in front of this server did not say who you are."
        )

    def around(self, app: Flask, mounted: WSGIApplication) -> WSGIApplication:
        """A WSGI application beside `app`, answered only to those who pass this door.

        Where people sign in, its own clients below /v1/ bring the key instead, which it checks.
        """

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            has_key = "HTTP_AUTHORIZATION" in environ and environ["PATH_INFO"].startswith("/v1/")
            with app.request_context(environ):
                try:
                    refusal = None if has_key and self.mode.needs_user else self.ask()
                except (AkinError, HTTPException) as error:
                    refusal = app.handle_user_exception(error)
                if refusal is not None:
                    return app.make_response(refusal)(environ, start_response)
            return mounted(environ, start_response)

        return answer


def _is_navigation() -> bool:
    """Tell whether a person would see the answer as a page, so that it may lead elsewhere."""
    if request.method not in {"GET", "HEAD"} or request.path.endswith(".json"):
        return False
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def sign_in_url(target: str) -> str:
    """The sign-in page, which leads on to `target`, a path of ours."""
    target = origins.path_of_ours(target)
    return "/sign-in" if target == origins.HOME else f"/sign-in?{urlencode({'next': target})}"


def link_holder() -> Holder:
    """In whose name the request in hand is answered, one of LINKED. Raises LinkEnded."""
    if "holder" not in g:  # nobody signs in here, or none are made
        raise LinkEnded("This server makes no such addresses.")
    return cast("Holder", g.holder)


def current_door() -> Door:
    """The door of the application that answers this request."""
    return cast("Door", current_app.extensions["akin.door"])


def init_app(app: Flask, settings: Settings, shelf: Shelf) -> Door:
    """Put the door in front of every route of `app`, with the mode that the settings choose.

    The shelf is where workers share what they have to know of sign-ins.
    """
    opened = OPEN | PREVIEWS if settings.has_previews else OPEN
    mode = _mode(app, settings, shelf)
    keys = sessions.keys_of(settings) if mode.has_page or settings.has_feeds else ()
    links = Links(keys, mode, days=settings.feed_days) if settings.has_feeds else None
    built = Door(mode, settings.hosts, opened=opened, links=links)
    app.extensions["akin.door"] = built
    if mode.has_page:
        sessions.init_app(app, keys, hours=settings.session_hours)
    app.before_request(built.ask)
    if built.mode.needs_user:
        app.after_request(_for_its_reader)
    app.jinja_env.globals["viewer"] = built.viewer
    app.jinja_env.globals["sign_in_url"] = sign_in_url
    app.jinja_env.globals["can_sign_out"] = mode.has_page
    app.jinja_env.globals["proxy_sign_out"] = (
        settings.proxy_sign_out if mode.name == Proxy.name else ""
    )
    app.wsgi_app = Peers(  # type: ignore[method-assign] # Flask's own way to add a layer
        app.wsgi_app, settings.proxies, settings.proxy_header
    )
    return built


def _for_its_reader(response: Response) -> Response:
    """No cache between here and there may keep what was made for somebody who is signed in."""
    if request.endpoint not in OPEN and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "private"
    return response


def _mode(app: Flask, settings: Settings, shelf: Shelf) -> Mode:
    if settings.auth == Password.name:
        return Password(
            Users.of(settings),
            Attempts(settings.cache_url if shelf.client is not None else MEMORY),
            hours=settings.session_hours,
        )
    if settings.auth == "oidc":
        from app.auth.oidc import Oidc  # Authlib takes a third of a start

        return Oidc(app, settings, shelf)
    return Proxy(settings.proxy_header) if settings.auth == Proxy.name else Nobody()
