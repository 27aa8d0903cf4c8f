"""Which files a picture was made from, as ComfyUI's graphs and the settings of others name them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from library.formats.generation import parameters
from tests.support.comfyui_graphs import Graph, expect, node, sampled

LOADED = node("LoadImage", image="sketch.png [input]", upload="image")
ENCODED = node("VAEEncode", pixels=("20", 0), vae=("1", 2))


@pytest.mark.parametrize(
    ("graph", "made_from", "references"),
    [
        (sampled(), None, None),
        ({**sampled(latent_image=("21", 0)), "20": LOADED, "21": ENCODED}, ("sketch.png",), None),
        ({**sampled(positive=("22", 0)), "20": LOADED,
          "22": node("ControlNetApply", conditioning=("2", 0), control_net=("23", 0),
                     image=("20", 0), strength=1),
          "23": node("ControlNetLoader", control_net_name="canny.safetensors")},
         None, ("sketch.png",)),
        ({"20": LOADED, "21": node("ImageUpscaleWithModel", upscale_model=("22", 0),
                                   image=("20", 0)),
          "22": node("UpscaleModelLoader", model_name="4x.pth"),
          "23": node("SaveImage", images=("21", 0), filename_prefix="big.png")},
         ("sketch.png",), None),
        ({**sampled(latent_image=("21", 0)),
          "20": node("WanImageToVideo", start_image=("24", 0), positive=("2", 0)),
          "21": node("Reroute", samples=("20", 2)),
          "24": node("LoadImage", image="clips/frame.webp")},
         ("clips/frame.webp",), None),
    ],
)  # fmt: skip
def test_the_pictures_that_a_graph_loads(
    graph: Graph, made_from: tuple[str, ...] | None, references: tuple[str, ...] | None
) -> None:
    expect(graph, madeFrom=made_from, references=references)


@pytest.mark.parametrize(
    ("texts", "made_from", "references"),
    [
        ({"parameters": "a fox\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 5, "
          f"Denoising strength: 0.6, Init image hash: {'0a1b2c3d' * 4}"},
         (f"{'0a1b2c3d' * 4}.png",), ()),
        ({"parameters": json.dumps({"sui_image_params": {"prompt": "a fox", "seed": 5},
                                    "sui_extra_data": {"initimage_filename": "fox.jpg"}})},
         ("fox.jpg",), ()),
        ({"invokeai_metadata": json.dumps({
            "positive_prompt": "a fox", "seed": 5, "init_image": "b1.png",
            "controlnets": [{"image": {"image_name": "b2.png"}}]})},
         ("b1.png",), ("b2.png",)),
        ({"parameters": json.dumps({"prompt": "a fox", "seed": 5,
                                    "init_image": "data:image/png;base64,AAAA.png"})}, (), ()),
        ({"parameters": json.dumps({"prompt": "a fox", "seed": 5, "init_image": "yes",
                                    "reference_images": ["a.png", 7, "a.png"]})}, (), ("a.png",)),
    ],
)  # fmt: skip
def test_the_pictures_that_settings_name(
    texts: dict[str, str], made_from: tuple[str, ...], references: tuple[str, ...]
) -> None:
    fields: dict[str, Any] = parameters.parse(texts)
    assert fields["prompt"] == "a fox"
    assert (fields.get("madeFrom", ()), fields.get("references", ())) == (made_from, references)
