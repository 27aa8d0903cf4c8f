"""Variant stacks: what belongs together, and in which order it stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.display import Display
from app.insight.stacks import stacks
from app.search import Search
from app.views.stack import Stack, stacked
from tests.unit.gallery import asset, ids


def names(*hits: object) -> list[list[str]]:
    return [ids(stack) for stack in stacks(hits)]  # type: ignore[arg-type]


def test_results_of_one_job_are_one_stack() -> None:
    """Where its best one stands."""
    hits = asset("a", job="j"), asset("b"), asset("c", job="j"), asset("d", job="k")
    assert names(*hits) == [["a", "c"], ["b"], ["d"]]


def test_results_of_one_prompt_are_one_stack_however_it_is_written() -> None:
    """Case and blanks make no other prompt."""
    hits = asset("a", prompt="A  Castle"), asset("b", prompt="a castle\n"), asset("c", prompt="b")
    assert names(*hits) == [["a", "b"], ["c"]]


def test_what_a_third_one_joins_is_one_stack() -> None:
    """The job of one and the prompt of the other."""
    hits = (
        asset("a", job="j", prompt="x"),
        asset("b", job="k", prompt="y"),
        asset("c"),
        asset("d", job="k", prompt="x"),
    )
    assert names(*hits) == [["a", "b", "d"], ["c"]]


def test_without_job_and_prompt_nothing_is_folded() -> None:
    """An empty prompt is no prompt."""
    assert names(asset("a", prompt=" "), asset("b", prompt="")) == [["a"], ["b"]]


@given(
    st.lists(
        st.tuples(st.sampled_from([None, "j", "k", "l"]), st.sampled_from(["", "x", "y", "z"])),
        max_size=12,
    )
)
def test_stacks_are_the_connected_hits(made: list[tuple[str | None, str]]) -> None:
    """Compared with the dumb version: merge two stacks as long as any two share something."""
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


def test_without_the_switch_hits_stay_as_they_came() -> None:
    """No stack, no link."""
    hits = asset("a", job="j"), asset("b", job="j")
    assert stacked(hits, Search(), Display()) == (hits, {})


def test_a_stack_shows_its_first_hit_and_a_link_that_unfolds_it() -> None:
    """The link goes to the stack, in the address."""
    hits = asset("a", job="j"), asset("b"), asset("c", job="j")
    shown, found = stacked(hits, Search(query="x"), Display(stacks=True))
    assert ids(shown) == ["a", "b"]
    url = "/?query=x&stacks=on&unfold=asset_a#stack-asset_a"
    assert found == {"asset_a": Stack(2, url, is_open=False)}


def test_an_open_stack_lies_behind_its_first_hit() -> None:
    """And its link folds it again."""
    hits = asset("a", job="j"), asset("b"), asset("c", job="j")
    display = Display(stacks=True, unfold=("asset_a",))
    shown, found = stacked(hits, Search(query="x"), display)
    assert ids(shown) == ["a", "c", "b"]
    url = "/?query=x&stacks=on#stack-asset_a"
    assert found == {"asset_a": Stack(2, url, is_open=True, others=frozenset({"asset_c"}))}
