"""SignInView: the page that asks who is there, and the one that says goodbye."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.errors import AkinError
    from app.views.sharing import Preview


@dataclass(frozen=True, slots=True)
class SignInView:
    """A form for name and password, or a link to the provider where there is one."""

    next: str  # the path to go on to
    provider: str = ""  # its host; empty where passwords are asked for
    begin_url: str = ""
    name: str = ""  # as it was typed
    error: AkinError | None = None
    preview: Preview | None = None  # of the page to go on to, where others may see one


@dataclass(frozen=True, slots=True)
class SignedOutView:
    """Signed out of Akin; the provider may still know who is there."""

    provider: str = ""
    provider_url: str = ""  # where to sign out there; empty where it has no such page
