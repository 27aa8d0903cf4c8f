"""Hostile and damaged graphs of ComfyUI, which cost only themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.formats.generation import comfyui, parameters
from library.ingest.facts import checked
from tests.support.comfyui_graphs import Graph, encoded, expect, node, read, sampled, stored


def test_a_graph_in_which_every_node_uses_the_one_before_twice_is_read_in_linear_time() -> None:
    """Walked path by path it would have 2 ** 3000 of them."""
    count = 3000
    graph = sampled(positive=("c0", 0), model=("m0", 0), latent_image=("l0", 0), seed=("s0", 0))
    for at in range(count):
        c, m, latent, s = ((f"{kind}{at + 1}", 0) for kind in "cmls")
        graph[f"c{at}"] = node("ConditioningCombine", conditioning_1=c, conditioning_2=c)
        graph[f"m{at}"] = node("ModelMergeSimple", model1=m, model2=m)
        graph[f"l{at}"] = node("LatentBlend", samples1=latent, samples2=latent)
        graph[f"s{at}"] = node("Sum", a=s, b=s)
    graph[f"c{count}"] = graph["2"]
    graph[f"m{count}"] = graph["1"]
    expect(graph, negativePrompt="murky", numInferenceSteps=21, modelId="atlas")


def test_texts_that_double_at_every_node_stay_small() -> None:
    graph = encoded(("t0", 0), nt60=node("CR Text", text="word " * 9))
    for at in range(60):
        graph[f"t{at}"] = node("StringConcatenate", string_a=(f"t{at + 1}", 0), delimiter=" ",
                               string_b=(f"t{at + 1}", 0))  # fmt: skip
    assert 100 < len(read(graph)["prompt"]) <= 20_000


@pytest.mark.parametrize("name", ["model", "positive", "latent_image", "seed"])
def test_a_graph_that_leads_back_to_itself_costs_only_itself(name: str) -> None:
    graph = sampled(**{name: ("20", 0)})
    graph["20"] = node(
        "Loop", model=("20", 0), conditioning=("5", 0), samples=("5", 0), value=("20", 0)
    )
    expect(graph, negativePrompt="murky", numInferenceSteps=21)


def test_a_hundred_thousand_nodes_are_read() -> None:
    graph = sampled(positive=("0", 0))
    for at in range(100_000):
        graph[f"r{at}"] = node("Reroute", value=(f"r{at + 1}", 0))
    graph["0"] = node("ConditioningCombine", conditioning_1=("r0", 0), conditioning_2=("2", 0))
    graph = {key: graph[key] for key in sorted(graph, key=lambda key: key.startswith("r"))}
    expect(graph, prompt="a lantern fish", negativePrompt="murky", seed="77")


@pytest.mark.parametrize(
    "odd",
    [
        {"seed": float("nan")}, {"seed": float("inf")}, {"seed": "red"}, {"seed": None},
        {"seed": -1}, {"seed": ("nowhere", 0)}, {"seed": ("5", 0)}, {"seed": [1, 2, 3]},
        {"seed": {"a": 1}}, {"seed": True}, {"seed": 10**40},
    ],
)  # fmt: skip
def test_a_seed_that_cannot_be_understood_costs_only_itself(odd: dict[str, Any]) -> None:
    expect(sampled(**odd), prompt="a lantern fish", seed=None, numInferenceSteps=21)


@pytest.mark.parametrize(
    "change",
    [None, 5, "text", [], {}, {"class_type": "X"}, {"inputs": {}},
     {"class_type": 5, "inputs": {"a": 1}},
     {"class_type": "CLIPTextEncode", "inputs": []}],
)  # fmt: skip
def test_what_is_no_node_costs_only_itself(change: Any) -> None:
    expect({"0": change, **sampled(), "99": change}, prompt="a lantern fish", seed="77")


def test_a_number_may_be_written_as_a_text() -> None:
    expect(sampled(seed="5", steps="9"), seed="5", numInferenceSteps=9)


def test_numbers_that_json_does_not_have_are_accepted() -> None:
    graph = sampled()
    graph["1"]["inputs"] |= {"a": float("nan"), "b": float("inf")}
    assert "NaN" in stored(graph)["prompt"]
    expect(graph, prompt="a lantern fish", modelId="atlas")


def test_what_is_whole_of_a_cut_graph_is_read() -> None:
    text = stored({**sampled(), "99": node("CR Text", text="the end, " * 50)})["prompt"]
    for length in range(len(text) - 400, len(text), 7):
        assert parameters.parse({"prompt": text[:length]})["seed"] == "77"


@pytest.mark.parametrize(
    "text",
    [
        '{"2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red moth',
        '"class_type" } "text_g": "a red moth" {{{',
    ],
)
def test_texts_of_a_graph_that_cannot_be_parsed_are_searched(text: str) -> None:
    assert comfyui.parse({"prompt": text}) == {"unread": "a red moth"}
    assert comfyui.parse({"comment": json.dumps({"prompt": text})[:-2]})["unread"] == "a red moth"


@pytest.mark.parametrize("end", ['\\"' * 20_000, '"' * 20_000, "[" * 100_000, '{"a":' * 100_000])
def test_json_that_never_ends_is_given_up(end: str) -> None:
    text = stored(sampled())["prompt"][:-1] + ', "99": "' + end
    assert parameters.parse({"prompt": text})["prompt"] == "a lantern fish"


def test_a_prompt_that_is_no_graph_is_left_to_others() -> None:
    assert comfyui.parse({"prompt": "a lantern fish", "workflow": "[]"}) == {}


_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["a fox", "x.pth", ""])
    | st.tuples(st.sampled_from("123456"), st.integers(0, 3)).map(list)
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abon"), inner, max_size=2)
    ),
    max_leaves=4,
)
_INPUT_NAMES = st.sampled_from(
    [
        "seed",
        "noise_seed",
        "steps",
        "cfg",
        "sampler_name",
        "guider",
        "noise",
        "model",
        "positive",
        "negative",
        "latent_image",
        "samples",
        "images",
        "text",
        "text_g",
        "string_a",
        "delimiter",
        "conditioning",
        "select",
        "input1",
        "input2",
        "lora_1",
        "lora_name",
        "lora_stack",
        "ckpt_name",
        "pipe",
        "value",
        "find",
        "replace",
        "strength_1",
        "populated_text",
        "on_true",
        "boolean",
    ]
)
_KINDS = st.sampled_from(
    [
        "KSampler",
        "SaveImage",
        "CLIPTextEncode",
        "ImpactSwitch",
        "LoraLoader",
        "StringReplace",
        "Reroute",
        "ConditioningZeroOut",
        "ShowText",
        "KarrasScheduler",
        "FaceDetailer",
    ]
)


@given(
    st.dictionaries(
        st.sampled_from("123456"),
        st.builds(
            lambda kind, inputs: {"class_type": kind, "inputs": inputs},
            _KINDS,
            st.dictionaries(_INPUT_NAMES, _VALUES, max_size=6),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_graph_is_read_without_an_error(graph: Graph) -> None:
    fields = comfyui.read(stored(graph), "prompt")
    assert all(isinstance(fields.get(name, ""), str) for name in ("prompt", "seed", "modelId"))
    checked(json.loads(json.dumps(fields)))
