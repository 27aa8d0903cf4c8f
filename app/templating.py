"""How templates are rendered: the environment of all pages, and macros whose HTML is kept."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from flask.templating import Environment
from jinja2 import StrictUndefined, Template

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from flask import Flask
    from flask.sansio.app import App

MOST_KEPT: Final = 2048  # pieces of HTML, of some hundred bytes to a few kB
_FIRST: Final = frozenset({"results.html", "layout.html"})


class PageEnvironment(Environment):
    """Flask's environment, for templates that have no globals of their own.

    Each is compiled once, however many threads ask for it first.
    """

    def __init__(self, app: App, **options: Any) -> None:
        """See Flask's; nothing is compiled yet."""
        super().__init__(app, **options)
        self._compiled: dict[str, Template] = {}
        self._compiling: dict[str, threading.Lock] = {}

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - Jinja's word
    ) -> Template:
        """See Jinja's, which compiles in every thread that finds a template missing."""
        if isinstance(name, Template) or globals or self.auto_reload:
            return super().get_template(name, parent, globals)
        if (known := self._compiled.get(name)) is not None:
            return known
        # A lock for each: nobody waits for a template that the page does not need.
        with self._compiling.setdefault(name, threading.Lock()):
            # Who had to wait finds what the thread before has put into Jinja's own cache.
            found = self._compiled[name] = super().get_template(name, parent)
        return found

    def compile_all(self) -> None:
        """Compile every template, those of the results, which most readers see first, first."""
        for name in sorted(self.list_templates(), key=_turn):
            self.get_template(name)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The globals of a template: the environment's own, where it brings none.

        Jinja lays an empty mapping over them, and then compares the two name by name for every
        import of every page: an eighth of what rendering took.
        """
        return super().make_globals(d) if d else self.globals


def _turn(name: str) -> tuple[bool, bool, str]:
    return name not in _FIRST, not name.startswith("partials/"), name


def init_app(app: Flask) -> None:
    """To be called before anything asks for `app.jinja_env`; gives templates `kept(macro, ...)`."""
    app.jinja_environment = PageEnvironment
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.trim_blocks = True
    environment.lstrip_blocks = True

    @lru_cache(maxsize=MOST_KEPT)
    def kept(macro: Callable[..., str], *arguments: object) -> str:
        """What a macro makes of arguments that are equal to those of pages before."""
        return macro(*arguments)

    environment.globals.update(kept=kept)
