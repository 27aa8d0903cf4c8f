"""Display settings: parsed from an address and serialized into one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.query.display import DENSITIES, GROUNDS, MOST_UNFOLDED, Display
from app.query.params import pairs_of
from app.query.search import Search
from tests.support.searches import searches

DISPLAYS = st.builds(
    Display,
    density=st.sampled_from(DENSITIES),
    ground=st.sampled_from(tuple(GROUNDS)),
    names=st.booleans(),
    groups=st.booleans(),
    stacks=st.booleans(),
    endless=st.booleans(),
    unfold=st.lists(st.from_regex(r"asset_[a-z0-9]{1,4}", fullmatch=True), max_size=4).map(tuple),
)


@given(searches(), DISPLAYS)
def test_address_and_display_are_inverse(search: Search, display: Display) -> None:
    """With any search."""
    pairs = pairs_of(display.url(search).partition("?")[2])
    found, rest, problems = Display.take(pairs)
    assert (found, Search.read(rest)[0], problems) == (display, search, [])
    assert (*search.pairs(), *display.pairs()) == tuple(pairs)


def test_open_stacks_need_the_stacks_setting() -> None:
    """Each once, up to a limit."""
    assert Display(unfold=("asset_a",)) == Display()
    many = tuple(f"asset_{at:03d}" for at in range(99))
    assert len(Display(stacks=True, unfold=many + many).unfold) == MOST_UNFOLDED


def test_invalid_values_are_reported_and_ignored() -> None:
    """The defaults are used."""
    found, rest, problems = Display.take(
        [
            ("stacks", "maybe"),
            ("groups", "maybe"),
            ("ground", "pink"),
            ("unfold", "../x"),
            ("query", "castle"),
        ]
    )
    assert (found, rest) == (Display(), [("query", "castle")])
    assert [(each.parameter, each.value) for each in problems] == [
        ("stacks", "maybe"),
        ("groups", "maybe"),
        ("ground", "pink"),
    ]


def test_changes_of_a_display() -> None:
    """Open stacks belong to one page."""
    display = Display(stacks=True).unfolding("asset_b").unfolding("asset_a")
    assert display.pairs() == (("stacks", "on"), ("unfold", "asset_a"), ("unfold", "asset_b"))
    assert display.folding("asset_b").unfold == ("asset_a",)
    assert display.lasting == Display(stacks=True)
    assert display.with_(stacks=False).pairs() == ()
