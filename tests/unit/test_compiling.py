"""Templates are compiled otherwise than Jinja does it, and pages are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment, StrictUndefined, nodes
from markupsafe import Markup, escape

from app.compiling import UNCHANGING, escaped
from app.templating import PageEnvironment

TEMPLATES = Path(__file__).parents[2] / "templates"
TEXT = """{% macro bold(text) %}<b title="{{ text }}">{{ text }}</b>{% endmacro %}
{{ value }}|{{ bold(value) }}|{{ value ~ '<' }}|{{ [value]|join('<') }}|
{% set x %}{{ value }}{% endset %}
{{ x }}{% for each in [value] %}{{ each }}{{ loop.index }}{% endfor %}{{ none }}{{ 1.5 }}
{% autoescape false %}{{ value }}{% endautoescape %}"""


class Own:
    """An object that says itself what it is as HTML."""

    def __html__(self) -> str:
        return "<i>own</i>"

    def __str__(self) -> str:
        return "<not this>"


VALUES = st.one_of(
    st.text(alphabet="<>&'\"aé“\x00", max_size=8),
    st.text(max_size=8).map(Markup),
    st.integers(),
    st.none(),
    st.builds(Own),
)


def environment(kind: type[Environment], **texts: str) -> Any:
    """An environment of that kind with these templates, the globals counted."""
    made: Any = PageEnvironment(Flask("app")) if kind is PageEnvironment else Environment()  # noqa: S701
    made.autoescape, made.loader, made.undefined = True, DictLoader(texts), StrictUndefined
    return made


@given(VALUES)
def test_what_is_escaped_is_what_markupsafe_makes(value: object) -> None:
    """Once: what is HTML already stays as it is."""
    assert escaped(value) == escape(value)
    assert escaped(Markup(escaped(value))) == escape(value)  # noqa: S704 - what is tested


@given(VALUES)
def test_a_page_is_what_jinja_makes_of_it(value: object) -> None:
    """Whatever stands in it, and however often it is handed on before."""
    made = [
        environment(kind, page=TEXT).get_template("page").render(value=value)
        for kind in (PageEnvironment, Environment)
    ]
    assert made[0] == made[1]


def test_what_never_changes_is_asked_for_once() -> None:
    """And escaped where it is no HTML yet."""
    asked: list[tuple[str, ...]] = []
    made = environment(PageEnvironment, page="{{ icon('x') }}{{ static_url('a&b') }}{{ icon(y) }}")

    def icon(name: str) -> Markup:
        asked.append(("icon", name))
        return Markup("<svg>{}</svg>").format(name)

    def static_url(name: str) -> str:
        asked.append(("static_url", name))
        return f"/{name}"

    made.globals |= {"icon": icon, "static_url": static_url}
    template = made.get_template("page")
    pages = [template.render(y=y) for y in "yz"]
    assert pages == [f"<svg>x</svg>/a&amp;b<svg>{y}</svg>" for y in "yz"]
    assert asked == [("icon", "x"), ("static_url", "a&b"), ("icon", "y"), ("icon", "z")]


def test_what_fails_beforehand_fails_on_the_page() -> None:
    """Where somebody sees it: a template with a mistake is compiled all the same."""
    made = environment(PageEnvironment, page="{% if shown %}{{ icon('none') }}{% endif %}here")
    made.globals["icon"] = lambda name: {}[name]
    template = made.get_template("page")
    assert template.render(shown=False) == "here"
    with pytest.raises(KeyError):
        template.render(shown=True)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.*ml")), ids=lambda path: path.name)
def test_no_template_gives_these_names_to_something_else(path: Path) -> None:
    """They are what the application says, everywhere."""
    parsed = Environment(trim_blocks=True).parse(path.read_text("utf-8"))  # noqa: S701
    named = {name.name for name in parsed.find_all(nodes.Name) if name.ctx in {"store", "param"}}
    named |= {macro.name for macro in parsed.find_all(nodes.Macro)}
    imported = (each.names for each in parsed.find_all(nodes.FromImport))
    named |= {each[-1] if isinstance(each, tuple) else each for names in imported for each in names}
    assert not named & UNCHANGING
