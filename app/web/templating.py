"""Template environment of all pages, and a cache for the HTML of macros."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from flask.templating import Environment
from jinja2 import StrictUndefined, Template

from app.query import edits, search_links

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from flask import Flask
    from flask.sansio.app import App

MAX_CACHED: Final = 2048  # pieces of HTML, of some hundred bytes to a few kB
_FIRST: Final = frozenset({"results.html", "layout.html"})


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the fields of forms may be, in characters."""

    tag: int = edits.MOST_TAG
    name: int = edits.MOST_NAME  # of an asset, or a collection
    description: int = edits.MOST_DESCRIPTION
    search_name: int = search_links.MOST_NAME


class PageEnvironment(Environment):
    """Flask's environment, for templates without globals of their own.

    Each template is compiled once, even if several threads need it at the same time.
    """

    def __init__(self, app: App, **options: Any) -> None:
        """As in Flask; nothing is compiled yet."""
        super().__init__(app, **options)
        self._compiled: dict[str, Template] = {}
        self._compiling: dict[str, threading.Lock] = {}

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - Jinja's word
    ) -> Template:
        """As in Jinja, which compiles in every thread that finds a template missing."""
        if isinstance(name, Template) or globals or self.auto_reload:
            return super().get_template(name, parent, globals)
        if (known := self._compiled.get(name)) is not None:
            return known
        # A lock for each template: a page does not wait for one that it does not need.
        with self._compiling.setdefault(name, threading.Lock()):
            # A thread that had to wait finds the template in Jinja's own cache.
            template = self._compiled[name] = super().get_template(name, parent)
        return template

    def compile_all(self) -> None:
        """Compile every template; those of the results first, which most people open first."""
        for name in sorted(self.list_templates(), key=_priority):
            self.get_template(name)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the globals of a template: those of the environment, if it has none.

        Jinja would put an empty mapping over them and compare the two, name by name, at every
        import: an eighth of the time of rendering.
        """
        return super().make_globals(d) if d else self.globals


def _priority(name: str) -> tuple[bool, bool, str]:
    return name not in _FIRST, not name.startswith("partials/"), name


def init_app(app: Flask) -> None:
    """Set up `app.jinja_env` before its first use; templates have `cached` and `limits`."""
    app.jinja_environment = PageEnvironment
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.trim_blocks = True
    environment.lstrip_blocks = True

    @lru_cache(maxsize=MAX_CACHED)
    def cached(macro: Callable[..., str], *arguments: object) -> str:
        """Return the HTML of a macro; equal arguments are rendered once."""
        return macro(*arguments)

    environment.globals.update(cached=cached, limits=Limits())
