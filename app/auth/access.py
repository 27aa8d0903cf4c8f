"""Access rules of routes, declared by decorators on the view functions.

A view function without a decorator is for signed-in users only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    View = TypeVar("View", bound=Callable[..., Any])

_ATTRIBUTE: Final = "akin_access"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may open a route, under which host, and from which pages."""

    is_public: bool = False
    is_preview: bool = False
    is_signed_link: bool = False
    any_host: bool = False
    embeddable: bool = False
    for_local_programs: bool = False


SIGNED_IN: Final = Access()


def public(
    *, any_host: bool = False, embeddable: bool = False, only_previews: bool = False
) -> Callable[[View], View]:
    """Return a decorator for a view function that needs no sign-in.

    `any_host` is for load balancers and monitors, which send an address as host. `embeddable` is
    for static files, which pages of other sites may load because they cost no search.
    `only_previews` is for pictures in the previews of links, public where AKIN_PREVIEWS allows it.
    """
    return _declared(
        Access(
            is_public=not only_previews,
            is_preview=only_previews,
            any_host=any_host,
            embeddable=embeddable,
        )
    )


def signed_link(view: View) -> View:
    """Declare that a view function is opened by a signed link, in the name of its owner."""
    return _declared(Access(is_signed_link=True, embeddable=True))(view)


def for_local_programs(view: View) -> View:
    """Declare that pages of other programs on this machine may read a response, without a sign-in.

    Only with AKIN_AUTH=none, and only pages of loopback hosts.
    """
    return _declared(Access(for_local_programs=True))(view)


def access_of(view: Callable[..., Any] | None) -> Access:
    """Return the access rule of a view function, or of a path without one (None)."""
    access: Access = getattr(view, _ATTRIBUTE, SIGNED_IN)
    return access


def _declared(access: Access) -> Callable[[View], View]:
    def declare(view: View) -> View:
        setattr(view, _ATTRIBUTE, access)
        return view

    return declare
