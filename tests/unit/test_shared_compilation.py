"""Applications of the tests build the same URLs as those that share nothing."""

from __future__ import annotations

from werkzeug.routing import Map, Rule

from tests.support.shared_compilation import SharedRule

ROUTES = ("/", "/assets/<id>", "/assets/<id>/file/<path:name>", "/pages/<int:number>/a b")
VALUES = {"id": "é/ü", "name": "a/b c.png", "number": 3, "more": ["x y", "z"]}


def _built(rule_class: type[Rule]) -> list[str]:
    rules = [rule_class(each, endpoint=each) for each in ROUTES]
    rules.append(rule_class("/all/", endpoint="listed", defaults={"number": 1}))
    rules.append(rule_class("/all/<int:number>", endpoint="listed"))
    urls = Map(rules).bind("localhost")
    wanted = [urls.build(each, VALUES) for each in ROUTES]
    return [*wanted, urls.build("listed", {"number": 1}), urls.build("listed", {"number": 2})]


def test_a_shared_route_builds_the_same_urls() -> None:
    expected = _built(Rule)
    assert expected[1].startswith("/assets/%C3%A9/%C3%BC?name=")
    assert (_built(SharedRule), _built(SharedRule)) == (expected, expected)
