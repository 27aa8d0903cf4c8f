"""Generation parameters of image generators, in PNG texts and EXIF."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from library.formats.generation import parameters
from tests.support import sample_files
from tests.support.descriptions import document
from tests.support.generated_files import AUTOMATIC1111, NOVELAI, png_with

COMFYUI_PROMPT = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red dragon", "clip": ["1", 1]}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "ugly", "clip": ["1", 1]}},
    "4": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 42, "steps": 20, "cfg": 7.5, "sampler_name": "euler", "scheduler": "normal",
            "denoise": 1, "model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0],
        },
    },
}  # fmt: skip


FOOOCUS = {
    "base_model": "juggernaut", "base_model_hash": "aa", "guidance_scale": 4.0,
    "scheduler": "karras",
    "seed": 77, "sharpness": 2, "steps": 30, "sampler": "dpmpp_2m", "prompt": "a quiet harbour",
    "negative_prompt": "people",
}  # fmt: skip


INVOKEAI = {
    "app_version": "3.0", "generation_mode": "txt2img", "positive_prompt": "a mossy stone",
    "negative_prompt": "noise", "width": 512, "height": 512, "seed": 9,
    "cfg_scale": 5.5, "steps": 12,
    "scheduler": "ddim", "model": {"model_name": "stone_mix", "base_model": "sd-1"},
}  # fmt: skip


GENERATORS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "automatic1111": (
        {"parameters": AUTOMATIC1111},
        {"prompt": "a castle in the clouds, (masterpiece:1.2)", "negativePrompt": "blurry, text",
         "seed": "1234567890", "numInferenceSteps": 28, "guidance": 6.5, "scheduler": "DPM++ 2M",
         "modelId": "dreamlike_v2"},
    ),
    "comfyui": (
        {"prompt": json.dumps(COMFYUI_PROMPT)},
        {"prompt": "a red dragon", "negativePrompt": "ugly", "seed": "42", "numInferenceSteps": 20,
         "guidance": 7.5, "scheduler": "euler"},
    ),
    "fooocus": (
        {"parameters": json.dumps(FOOOCUS)},
        {"prompt": "a quiet harbour", "negativePrompt": "people", "seed": "77",
         "numInferenceSteps": 30, "guidance": 4.0, "modelId": "juggernaut"},
    ),
    "invokeai": (
        {"invokeai_metadata": json.dumps(INVOKEAI)},
        {"prompt": "a mossy stone", "negativePrompt": "noise", "seed": "9", "modelId": "stone_mix"},
    ),
    "novelai": (
        NOVELAI,
        {"prompt": "a fox in the snow", "negativePrompt": "lowres", "seed": "5", "guidance": 11.0,
         "scheduler": "k_euler", "numInferenceSteps": 28},
    ),
    "an unknown generator": (
        {"parameters": "a lonely lighthouse\nNegative prompt: crowd"},
        {"prompt": "a lonely lighthouse", "negativePrompt": "crowd"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("generator", GENERATORS)
def test_parameters_of_every_generator_are_read(tmp_path: Path, generator: str) -> None:
    texts, expected = GENERATORS[generator]
    sample_files.fill(tmp_path, {"made.png": png_with(texts)})
    asset = document(tmp_path, "made.png")
    assert {name: getattr(asset, name) for name in expected} == expected
    assert asset.type == "inference-txt2img"
    assert asset.parentJobId is not None


def test_images_with_the_same_settings_share_a_job_id() -> None:
    first = parameters.parse({"parameters": AUTOMATIC1111})
    same = parameters.parse({"parameters": AUTOMATIC1111.replace("1234567890", "1234567891")})
    other = parameters.parse({"parameters": AUTOMATIC1111.replace("castle", "cottage")})
    assert (first["seed"], same["seed"]) == ("1234567890", "1234567891")
    assert first["parentJobId"] == same["parentJobId"] != other["parentJobId"]


@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_parameters_in_exif_are_read(kind: str, encoding: str, tmp_path: Path) -> None:
    prefix = b"ASCII\0\0\0" if encoding == "ascii" else b"UNICODE\0"
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = prefix + AUTOMATIC1111.encode(encoding)
    content = sample_files.encoded(sample_files.picture(), kind, exif=exif)
    sample_files.fill(tmp_path, {"made.png": content})
    assert document(tmp_path, "made.png").seed == "1234567890"


def test_parameters_are_not_mixed_up_between_threads(tmp_path: Path) -> None:
    """Read on several threads, picture after picture, as the indexer does."""
    files = {
        f"{n}.png": png_with({"parameters": AUTOMATIC1111.replace("1234567890", str(n))})
        for n in range(40)
    } | {f"plain{n}.png": sample_files.png(size=(n + 9, 9)) for n in range(40)}
    sample_files.fill(tmp_path, files)
    seeds: dict[str, str | None] = {}

    def read(names: list[str]) -> None:
        for name in names:
            seeds[name] = document(tmp_path, name).seed

    names = list(files)
    threads = [threading.Thread(target=read, args=(names[part::4],)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seeds == {n: None if "plain" in n else n.removesuffix(".png") for n in names}


_WORDS = st.text(max_size=9)


_TREES = st.recursive(
    st.none() | st.integers() | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
)


_NAMES = "parameters prompt workflow Comment Description Source invokeai_metadata sd-metadata Dream"


@given(
    st.dictionaries(
        st.sampled_from(_NAMES.split()),
        st.text(max_size=80) | _TREES.map(json.dumps),
        max_size=4,
    )
)
def test_any_text_is_parsed_without_an_error(texts: dict[str, str]) -> None:
    fields = parameters.parse(texts)
    assert all(isinstance(fields.get(name, ""), str) for name in ("prompt", "seed", "modelId"))
