"""View models of the sign-in page and the page after a sign-out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.errors import AkinError
    from app.viewmodels.parts.sharing import Preview


@dataclass(frozen=True, slots=True)
class SignInView:
    """A form for name and password, or a link to the provider where there is one."""

    next: str  # the path to go on to, or a short reference to a long one
    provider: str = ""  # host of the OpenID provider; "" with passwords
    begin_url: str = ""
    name: str = ""  # as entered
    error: AkinError | None = None
    preview: Preview | None = None  # of the page to go on to, where previews are public
    has_cookie: bool = False  # the browser sent the cookie that checks for cookies, or now gets it
    is_target_lost: bool = False  # the path to go on to is not known any more


@dataclass(frozen=True, slots=True)
class OnwardView:
    """A page that leads on to `url` by itself."""

    url: str
    is_download: bool = False  # the browser saves what is at `url`, and stays on this page
    back_url: str = ""  # of the page that the download belongs to


@dataclass(frozen=True, slots=True)
class SignedOutView:
    """The page after a sign-out; the session at the provider may go on."""

    provider: str = ""
    provider_url: str = ""  # of the provider's sign-out; "" where it has none
