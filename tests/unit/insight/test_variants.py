"""Stacks of variants: which hits belong together, and their order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.insight.variants import stacks
from app.query.display import Display
from app.query.search import Search
from app.viewmodels.parts.variants import Stack, stacked
from tests.support.assets import asset, ids


def names(*hits: object) -> list[list[str]]:
    return [ids(stack) for stack in stacks(hits)]  # type: ignore[arg-type]


def test_results_of_one_job_are_one_stack() -> None:
    """At the position of its first hit."""
    hits = asset("a", job="j"), asset("b"), asset("c", job="j"), asset("d", job="k")
    assert names(*hits) == [["a", "c"], ["b"], ["d"]]


def test_results_of_one_prompt_are_one_stack() -> None:
    """Case and whitespace make no difference."""
    hits = asset("a", prompt="A  Castle"), asset("b", prompt="a castle\n"), asset("c", prompt="b")
    assert names(*hits) == [["a", "b"], ["c"]]


def test_a_third_hit_can_join_two_stacks() -> None:
    """By the job of one and the prompt of the other."""
    hits = (
        asset("a", job="j", prompt="x"),
        asset("b", job="k", prompt="y"),
        asset("c"),
        asset("d", job="k", prompt="x"),
    )
    assert names(*hits) == [["a", "b", "d"], ["c"]]


def test_hits_without_job_and_prompt_are_not_stacked() -> None:
    """An empty prompt is no prompt."""
    assert names(asset("a", prompt=" "), asset("b", prompt="")) == [["a"], ["b"]]


@given(
    st.lists(
        st.tuples(st.sampled_from([None, "j", "k", "l"]), st.sampled_from(["", "x", "y", "z"])),
        max_size=12,
    )
)
def test_stacks_are_the_connected_hits(made: list[tuple[str | None, str]]) -> None:
    """Compared with a naive version, which merges two stacks while any two share something."""
    hits = [asset(str(at), job=job, prompt=prompt) for at, (job, prompt) in enumerate(made)]
    groups = [{at} for at in range(len(made))]

    def shares(one: set[int], other: set[int]) -> bool:
        return any(
            (made[a][0] is not None and made[a][0] == made[b][0]) or made[a][1] == made[b][1] != ""
            for a in one
            for b in other
        )

    while pair := next(
        ((a, b) for a in groups for b in groups if a is not b and shares(a, b)), None
    ):
        groups = [group for group in groups if group not in pair] + [pair[0] | pair[1]]
    expected = sorted([str(at) for at in sorted(group)] for group in groups)
    found = names(*hits)
    assert sorted(found) == expected
    assert [stack[0] for stack in found] == sorted((stack[0] for stack in found), key=int)


def test_without_the_setting_hits_are_not_stacked() -> None:
    """There are no stacks and no links."""
    hits = asset("a", job="j"), asset("b", job="j")
    assert stacked(hits, Search(), Display()) == (hits, {})


def test_a_stack_shows_its_first_hit_and_a_link_that_unfolds_it() -> None:
    """The link has the anchor of the stack."""
    hits = asset("a", job="j"), asset("b"), asset("c", job="j")
    shown, found = stacked(hits, Search(query="x"), Display(stacks=True))
    assert ids(shown) == ["a", "b"]
    url = "/?query=x&stacks=on&unfold=asset_a#variants-asset_a"
    assert found == {"asset_a": Stack(2, url, is_open=False)}


def test_an_open_stack_follows_its_first_hit() -> None:
    """Its link folds it again."""
    hits = asset("a", job="j"), asset("b"), asset("c", job="j")
    display = Display(stacks=True, unfold=("asset_a",))
    shown, found = stacked(hits, Search(query="x"), display)
    assert ids(shown) == ["a", "c", "b"]
    url = "/?query=x&stacks=on#variants-asset_a"
    assert found == {"asset_a": Stack(2, url, is_open=True, others=frozenset({"asset_c"}))}
