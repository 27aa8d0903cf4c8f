"""ComfyUI's `workflow`, the form of its editor, where a file has no `prompt`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from library.formats.generation import comfyui, parameters

SLOTS = {
    "KSampler": ("model", "positive", "negative", "latent_image"),
    "CLIPTextEncode": ("clip",),
    "VAEDecode": ("samples", "vae"),
    "SaveImage": ("images",),
}
SAMPLING = [77, "randomize", 21, 5.5, "dpmpp_2m", "karras", 1]


def box(number: Any, kind: str, values: Any = (), *links: int | None, **further: Any) -> Any:
    """Return a node of the editor, whose inputs are linked by the numbers of links."""
    names = further.pop("names", SLOTS.get(kind, ("value", "value2", "value3")))
    return {
        "id": number,
        "type": kind,
        "mode": 0,
        "inputs": [
            {"name": n, "type": n[:3].upper(), "link": link}
            for n, link in zip(names, links, strict=False)
        ],
        "outputs": further.pop("outputs", []),
        "widgets_values": list(values) if isinstance(values, (list, tuple)) else values,
        **further,
    }


def drawn(*nodes: Any, links: dict[int, tuple[Any, int]], **further: Any) -> dict[str, str]:
    """Return the texts of a file: nodes and links, by number: origin and its output."""
    listed = [[number, origin, slot, 0, 0, "*"] for number, (origin, slot) in links.items()]
    return {"workflow": json.dumps({"nodes": nodes, "links": listed, "version": 0.4, **further})}


LINKS = {1: (1, 0), 2: (2, 0), 3: (3, 0), 4: (4, 0), 5: (5, 0), 6: (6, 0), 7: (1, 1)}


def sampled(*further: Any, text: Any = None, links: dict[int, Any] | None = None) -> dict[str, str]:
    """Return text to image; `further` nodes replace those with the same number."""
    nodes = {
        1: box(1, "CheckpointLoaderSimple", ["sdxl/atlas.safetensors"]),
        2: text or box(2, "CLIPTextEncode", ["a lantern fish"], 7),
        3: box(3, "CLIPTextEncode", ["murky"], 7),
        4: box(4, "EmptyLatentImage", [512, 512, 1]),
        5: box(5, "KSampler", SAMPLING, 1, 2, 3, 4),
        6: box(6, "VAEDecode", [], 5, 1),
        7: box(7, "SaveImage", ["ComfyUI"], 6),
        **{each["id"]: each for each in further},
    }
    return drawn(*nodes.values(), links={**LINKS, **(links or {})})


def expect(texts: dict[str, str], **expected: Any) -> None:
    """Assert that these fields are read, and those of the sampler unless stated otherwise."""
    fields = parameters.parse(texts)
    usual: dict[str, Any] = {"prompt": "a lantern fish", "negativePrompt": "murky", "seed": "77"}
    usual |= {"numInferenceSteps": 21, "guidance": 5.5, "scheduler": "dpmpp_2m"}
    expected = {**usual, "modelId": "atlas", **expected}
    assert {name: fields.get(name) for name in expected} == expected


def test_a_graph_is_read_from_its_drawing() -> None:
    expect(sampled())


def test_links_may_be_objects_and_keys_texts() -> None:
    content = json.loads(sampled()["workflow"])
    content["links"] = [
        {"id": n, "origin_id": origin, "origin_slot": slot, "target_id": 0, "target_slot": 0}
        for n, origin, slot, *_ in content["links"]
    ]
    expect({"workflow": json.dumps(content)})


def test_named_values_of_newer_editors_are_read() -> None:
    names = (
        "model",
        "positive",
        "negative",
        "latent_image",
        "steps",
        "cfg",
        "seed",
        "sampler_name",
    )
    values = [21, 5.5, 77, "randomize", "dpmpp_2m"]
    sampler = box(5, "Someone's sampler", values, 1, 2, 3, 4, *[None] * 4, names=names)
    for entry in sampler["inputs"][4:]:
        entry["widget"] = {"name": entry["name"]}
    expect(sampled(sampler))


def test_values_without_names_are_told_by_what_they_look_like() -> None:
    sampler = box(5, "Someone's sampler", SAMPLING, 1, 2, 3, 4, names=SLOTS["KSampler"])
    text = box(2, "Someone's encoder", ["a lantern fish", True], 7, names=("clip",))
    expect(sampled(sampler, text=text))


@pytest.mark.parametrize(
    ("nodes", "links"),
    [
        ([box(20, "PrimitiveNode", ["a lantern fish"])], {20: (20, 0)}),
        ([box(20, "Reroute", [], 21), box(21, "PrimitiveStringMultiline", ["a lantern fish"])],
         {20: (20, 0), 21: (21, 0)}),
        ([box(20, "GetNode", ["words"]), box(21, "SetNode", ["words"], 22),
          box(22, "Text Multiline", ["a lantern fish"])], {20: (20, 0), 22: (22, 0)}),
        ([box(20, "easy getNode", ["w"]), box(21, "easy setNode", ["w"], 22),
          box(22, "CR Prompt Text", ["a lantern fish"])], {20: (20, 0), 22: (22, 0)}),
    ],
)  # fmt: skip
def test_text_is_read_through_nodes_of_the_editor(nodes: Any, links: dict[int, Any]) -> None:
    text = box(2, "CLIPTextEncode", ["old"], 7, 20, names=("clip", "text"))
    expect(sampled(*nodes, text=text, links=links))


def test_bypassed_nodes_pass_on_what_they_are_given_and_muted_nodes_are_left_out() -> None:
    lora = box(20, "LoraLoader", ["ink.safetensors", 1, 1], 20, 7, names=("model", "clip"), mode=4,
               outputs=[{"type": "MOD"}, {"type": "CLI"}])  # fmt: skip
    muted = box(30, "CLIPTextEncode", ["another idea"], 7, mode=2)
    sampler = box(5, "KSampler", SAMPLING, 21, 2, 3, 4)
    texts = sampled(lora, muted, sampler, links={20: (1, 0), 21: (20, 0)})
    expect(texts, loras=None, unread=None)


def test_a_lora_in_use_is_read() -> None:
    lora = box(20, "LoraLoader", ["ink.safetensors", 0.5, 1], 20, 7, names=("model", "clip"))
    sampler = box(5, "KSampler", SAMPLING, 21, 2, 3, 4)
    power = box(22, "Power Lora Loader (rgthree)",
                [{}, {"type": "Header"},
                 {"on": True, "lora": "wash.safetensors", "strength": 1}, {}, ""],
                22, names=("model",))  # fmt: skip
    expect(sampled(lora, sampler, links={20: (1, 0), 21: (20, 0)}), loras=("ink",))
    expect(
        sampled(lora, sampler, power, links={20: (22, 0), 21: (20, 0), 22: (1, 0)}),
        loras=("wash", "ink"),
    )


def _subgraph(identity: str, *nodes: Any, inputs: tuple[str, ...], links: Any, output: Any) -> Any:
    """Return a definition; links are objects, `output` the node that is given out."""
    listed = [
        {"id": n, "origin_id": origin, "origin_slot": slot, "target_id": 0, "target_slot": 0}
        for n, (origin, slot) in links.items()
    ]
    listed.append(
        {"id": 99, "origin_id": output, "origin_slot": 0, "target_id": -20, "target_slot": 0}
    )
    return {
        "id": identity,
        "nodes": nodes,
        "inputs": [{"name": n} for n in inputs],
        "links": listed,
    }


def test_subgraphs_are_read_with_what_they_are_given() -> None:
    """Also one within another one, and values that are promoted to the outer node."""
    encoder = _subgraph(
        "uuid-inner",
        box(1, "CLIPTextEncode", ["unused"], 1, 2, names=("clip", "text")),
        inputs=("clip", "words"), links={1: (-10, 0), 2: (-10, 1)}, output=1,
    )  # fmt: skip
    inner = box(8, "uuid-inner", [], 17, 20, names=("clip", "words"))
    sampler = _subgraph(
        "uuid-sampler",
        box(1, "CheckpointLoaderSimple", ["atlas.safetensors"]),
        inner,
        box(3, "CLIPTextEncode", ["murky"], 17),
        box(4, "EmptyLatentImage", [512, 512, 1]),
        box(5, "KSampler", SAMPLING, 11, 12, 13, 14),
        box(6, "VAEDecode", [], 15, 11),
        inputs=("text",), output=6,
        links={11: (1, 0), 12: (8, 0), 13: (3, 0), 14: (4, 0), 15: (5, 0), 17: (1, 1),
               20: (-10, 0)},
    )  # fmt: skip
    promoted = box(50, "uuid-sampler", ["a lantern fish"], None, names=("text",))
    promoted["inputs"][0]["widget"] = {"name": "text"}
    linked = box(50, "uuid-sampler", [""], 2, names=("text",))
    source = box(51, "PrimitiveStringMultiline", ["a lantern fish"])
    for nodes in ([promoted], [linked, source]):
        expect(
            drawn(
                *nodes, box(7, "SaveImage", ["x"], 1), links={1: (50, 0), 2: (51, 0)},
                definitions={"subgraphs": [sampler, encoder]},
            )
        )  # fmt: skip


def test_values_of_subgraphs_are_set_outside() -> None:
    """As newer editors store them: with a list of the nodes and names that they belong to."""
    inner = _subgraph(
        "uuid",
        box(1, "CheckpointLoaderSimple", ["old.safetensors"], 20, names=("ckpt_name",)),
        box(2, "CLIPTextEncode", ["old"], 7, 21, names=("clip", "text")),
        box(3, "CLIPTextEncode", ["old"], 7),
        box(4, "EmptyLatentImage", [512, 512, 1]),
        box(5, "KSampler", [0, "fixed", 1, *SAMPLING[3:]], 1, 2, 3, 4, 22, 23,
            names=(*SLOTS["KSampler"], "seed", "steps")),
        box(6, "VAEDecode", [], 5, 1),
        inputs=("ckpt_name", "text", "seed", "steps"), output=6,
        links={**LINKS, 20: (-10, 0), 21: (-10, 1), 22: (-10, 2), 23: (-10, 3)},
    )  # fmt: skip
    names = [["-1", "ckpt_name"], ["-1", "text"], ["3", "text"], ["-1", "seed"], ["-1", "steps"]]
    values = ["atlas.safetensors", "a lantern fish", "murky", 77, 21]
    outer = box(50, "uuid", values, properties={"proxyWidgets": names})
    expect(drawn(outer, box(7, "SaveImage", ["x"], 30), links={30: (50, 0)},
                 definitions={"subgraphs": [inner]}))  # fmt: skip


def test_a_subgraph_within_itself_costs_only_itself() -> None:
    own = _subgraph("uuid", *(box(n, "uuid", [], 1) for n in range(30)), inputs=("value",),
                    links={1: (-10, 0)}, output=1)  # fmt: skip
    content = json.loads(sampled(box(60, "uuid", [], 2))["workflow"])
    expect({"workflow": json.dumps({**content, "definitions": {"subgraphs": [own]}})})


def test_group_nodes_of_older_editors_are_read() -> None:
    group = {
        "nodes": [
            box(-1, "CheckpointLoaderSimple", ["old.safetensors"],
                outputs=[{"type": "MODEL"}, {"type": "CLIP"}, {"type": "VAE"}]),
            box(-1, "CLIPTextEncode", ["old"], None, outputs=[{"type": "CONDITIONING"}]),
            box(-1, "CLIPTextEncode", ["old"], None, outputs=[{"type": "CONDITIONING"}]),
            box(-1, "KSampler", SAMPLING, None, None, None, outputs=[{"type": "LATENT"}]),
        ],
        "links": [[0, 1, 1, 0, 4, "CLIP"], [0, 1, 2, 0, 4, "CLIP"], [0, 0, 3, 0, 4, "MODEL"],
                  [1, 0, 3, 1, 5, "C"], [2, 0, 3, 2, 5, "C"]],
        "external": [],
    }  # fmt: skip
    values = ["atlas.safetensors", "a lantern fish", "murky", *SAMPLING]
    outer = box(9, "workflow>Make", values, None)
    # Its outputs are those that are linked by nothing within: VAE, then LATENT.
    texts = drawn(
        outer, box(6, "VAEDecode", [], 1, 2), box(7, "SaveImage", ["x"], 3),
        links={1: (9, 1), 2: (9, 0), 3: (6, 0)}, extra={"groupNodes": {"Make": group}},
    )  # fmt: skip
    expect(texts)


def test_what_was_executed_counts_more_than_the_drawing() -> None:
    executed = {
        "5": {"class_type": "KSampler", "inputs": {"seed": 8, "steps": 4, "cfg": 1}},
    }
    expect(
        {**sampled(), "prompt": json.dumps(executed)}, seed="8", numInferenceSteps=4, guidance=1.0
    )


@pytest.mark.parametrize(
    "content",
    [
        {"nodes": [None, 5, {}, {"id": None}, {"type": []}, {"id": [1], "type": 5, "inputs": 3}],
         "links": 5},
        {"nodes": [{"id": 1, "type": "KSampler", "inputs": [{"link": 1}], "widgets_values": 7}],
         "links": [[], [1], [1, 2, 3], {"id": 1}, None, [1, 1, 0, 1, 0, "*"]]},
        {"nodes": [], "definitions": {"subgraphs": [5, {}, {"id": 3}]}, "extra": {"groupNodes": 5}},
        {"nodes": [{"id": 1, "type": "workflow>a"}], "links": [], "extra": {"groupNodes":
         {"a": {"nodes": 5, "links": [[0, 0, 9, 9]], "external": 5}, "b": 1}}},
        {"nodes": [{"id": 1, "type": "GetNode"}, {"id": 2, "type": "SetNode"}], "links": None},
    ],
)  # fmt: skip
def test_a_damaged_drawing_costs_only_itself(content: Any) -> None:
    comfyui.read({"workflow": json.dumps(content)}, "workflow")
    fields = parameters.parse({"workflow": json.dumps(content), "parameters": "a red moth"})
    assert fields["prompt"] == "a red moth"
