"""The layout of Automatic1111, as its derivatives and copies of it are written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from library.formats.generation import parameters
from tests.support import generated_pictures, sample_files

SETTINGS = "Steps: 25, Sampler: Euler a, CFG scale: 8, Seed: 555, Size: 512x512"
BASE = {
    "prompt": "violet hedgehog, masterpiece",
    "negativePrompt": "monochrome, text",
    "numInferenceSteps": 25,
    "scheduler": "Euler a",
    "guidance": 8.0,
    "seed": "555",
}
LINES = f"violet hedgehog, masterpiece\nNegative prompt: monochrome, text\n{SETTINGS}"


def parsed(text: str, place: str = "parameters") -> dict[str, Any]:
    return parameters.parse({place: text})


def having(fields: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Return those of the fields that are expected."""
    return {name: fields.get(name) for name in expected}


LAYOUTS = {
    "lines": LINES,
    "carriage returns": LINES.replace("\n", "\r\n"),
    "old line ends": LINES.replace("\n", "\r"),
    "one line": LINES.replace("\n", " "),
    "one line with commas": LINES.replace("\n", ", "),
    "pipes": LINES.replace("\n", " | ").replace(", S", " | S").replace(", CFG", " | CFG"),
    "pipes and lines": LINES.replace(", S", " | S").replace(", CFG", " | CFG"),
    "one setting a line": LINES.replace(", S", "\nS").replace(", CFG", "\nCFG"),
    "wrapped settings": LINES.replace(", CFG", ",\nCFG"),
    "wrapped without a comma": LINES.replace(", CFG scale: 8, ", "\nCFG scale: 8, "),
    "the negative prompt on the line of the settings": LINES.replace("text\n", "text "),
    "the negative prompt below the settings": (
        f"violet hedgehog, masterpiece\n{SETTINGS}\nNegative prompt: monochrome, text"
    ),
    "the negative prompt first": (
        f"Negative prompt: monochrome, text\nPrompt: violet hedgehog, masterpiece\n{SETTINGS}"
    ),
    "a named prompt": f"Prompt: {LINES}",
    "capitals": LINES.replace("Negative prompt", "Negative Prompt").replace("scale", "Scale"),
    "no spaces": LINES.replace(": ", ":"),
    "a template below": f"{LINES}\nTemplate: a {{cat|dog}}, Steps: 3\nNegative Template: Seed: 1",
    "blank lines": LINES.replace("\n", "\n\n") + "\n\n",
    "a zero at the end": LINES + "\0",
    "ADetailer": (
        f'{LINES}, ADetailer model: face_yolov8n.pt, ADetailer prompt: "a face, Steps: 3, Seed: 4, '
        'Sampler: X\\nNegative prompt: bad", ADetailer negative prompt: "Steps: 9, worst"'
    ),
    "the parameters of another picture in the prompt": (
        "a cat\nSteps: 20, Sampler: DDIM, CFG scale: 7, Seed: 1\n" + LINES
    ),
    "only spaces": LINES.replace("\n", " ").replace(", S", " S").replace(", CFG", " CFG"),
    "semicolons": LINES.replace(", S", "; S").replace(", CFG", "; CFG"),
    "tabs": LINES.replace(", S", "\tS").replace(", CFG", "\tCFG"),
    "lists without quotes": LINES.replace(", Size", ", Skip layers: [7, 8, 9], Size"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_read(layout: str) -> None:
    fields = parsed(LAYOUTS[layout])
    if layout.startswith("the parameters of another"):
        assert fields["prompt"].endswith(BASE["prompt"])
        fields["prompt"] = BASE["prompt"]
    assert having(fields, BASE) == BASE


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_read_without_a_negative_prompt(layout: str) -> None:
    if "Negative prompt: monochrome, text" not in LAYOUTS[layout]:
        return
    text = LAYOUTS[layout].replace("Negative prompt: monochrome, text", "")
    fields = parsed(text)
    expected = {**BASE, "negativePrompt": None}
    if layout.startswith(("the parameters of another", "ADetailer")):
        expected.pop("prompt")
    assert having(fields, expected) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("Steps: 30, CFG scale: 6, Seed: 7", {"numInferenceSteps": 30, "seed": "7"}),  # no sampler
        ("Seed: 7, Size: 512x512, Model: ink_v2", {"seed": "7", "modelId": "ink_v2"}),
        ("Steps: 30", {"numInferenceSteps": 30}),
        ("Sampler: DDIM, Steps: 30, Seed: 7", {"scheduler": "DDIM", "seed": "7"}),
        ("Size: 512x512, Seed: 7, Steps: 30", {"numInferenceSteps": 30, "seed": "7"}),
    ],
)
def test_no_setting_is_required(settings: str, expected: dict[str, Any]) -> None:
    fields = parsed(f"a castle, moat\n{settings}")
    assert having(fields, {"prompt": "a castle, moat", **expected}) == {
        "prompt": "a castle, moat",
        **expected,
    }


@pytest.mark.parametrize(
    "prompt", ["A stair, Steps: 3 of worn stone, moss", "a stair, Steps: 300 of them, Model: none"]
)
def test_steps_in_a_prompt_are_no_setting(prompt: str) -> None:
    for text in (f"{prompt}\n{SETTINGS}", f"{prompt} Negative prompt: people {SETTINGS}"):
        fields = parsed(text)
        assert (fields["prompt"], fields["numInferenceSteps"]) == (prompt, 25)


def test_the_name_of_the_text_may_begin_with_a_capital() -> None:
    assert parsed(LINES, "Parameters")["seed"] == "555"


@pytest.mark.parametrize(
    ("odd", "missing"),
    [
        ("Seed: 1234, 5678", None),
        ("Seed: abc", "seed"),
        ("Seed: 99999999999999999999999", "seed"),
        ("Seed: -1", "seed"),
        ("Seed: NaN", "seed"),
        ("Seed:", "seed"),
    ],
)
def test_an_odd_seed_costs_only_itself(odd: str, missing: str | None) -> None:
    fields = parsed(LINES.replace("Seed: 555", odd))
    expected = {name: value for name, value in BASE.items() if name != "seed"}
    assert having(fields, expected) == expected
    assert missing is None or missing not in fields


@pytest.mark.parametrize("steps", ["abc", "", "[]", "NaN", "-4", "1e400", '"'])
def test_odd_steps_cost_only_themselves(steps: str) -> None:
    fields = parsed(LINES.replace("Steps: 25", f"Steps: {steps}"))
    expected = {name: value for name, value in BASE.items() if name != "numInferenceSteps"}
    assert having(fields, expected) == expected
    assert "numInferenceSteps" not in fields


def test_what_is_not_understood_is_searched() -> None:
    fields = parsed(f"{LINES}, Schedule type: Karras, Hires upscaler: 4x-UltraSharp, Odd: pumpkin")
    for text in ("Karras", "4x-UltraSharp", "pumpkin"):
        assert text in fields["unread"]
    assert "seed" in fields
    assert "abc" in parsed(LINES.replace("Steps: 25", "Steps: abc"))["unread"]


def test_values_in_quotes_may_have_commas_and_escapes() -> None:
    fields = parsed(
        f'{LINES}, Wildcard: "tall, \\"old\\" tower: red", Model: "ink, v2", Version: v1.10.1'
    )
    assert fields["modelId"] == "ink, v2"
    assert 'tall, "old" tower: red' in fields["unread"]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("Model hash: abc123, Model: dream_v2", "dream_v2"),
        ("Model: anime/dream_v2.safetensors", "dream_v2"),
        ("Model: dream_v2.ckpt [7460a6fa]", "dream_v2"),
        ("Model hash: 7460a6fa", "7460a6fa"),
        ("Model: , Unet: flux1-dev-q4.gguf", "flux1-dev-q4"),
        ("Model: None, Model hash: 7460a6fa", "7460a6fa"),
        ('Civitai resources: [{"type":"lora","modelName":"L"},'
         '{"type":"checkpoint","modelVersionId":2,"modelName":"Z Image"}]', "Z Image"),
        ('Civitai resources: [{"type":"checkpoint","modelVersionId":244}]', "civitai 244"),
    ],
)  # fmt: skip
def test_the_model_is_its_name_or_hash(model: str, expected: str) -> None:
    assert parsed(f"{LINES}, {model}")["modelId"] == expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ('Lora hashes: "ink: 1a2b3c, wash: 4d5e6f"', ("ink", "wash")),
        ('Lora hashes: "ink: 1a2b3c"', ("ink",)),
        ('Lora weights: "ink: 0.8, wash: 1"', ("ink", "wash")),
        ("LoRA networks: ink", ("ink",)),
        ('Hashes: {"model": "abc", "lora:ink": "1a2b", "vae": "c"}', ("ink",)),
        ('Civitai resources: [{"type":"lora","weight":0.5,"modelName":"Ink, wet"}]', ("Ink, wet",)),
        ("AddNet Model 1: ink(1a2b3c4d5e6f)", ("ink",)),
    ],
)
def test_loras_are_read_from_the_settings(stated: str, expected: tuple[str, ...]) -> None:
    assert parsed(f"{LINES}, {stated}, Version: 1")["loras"] == expected


def test_loras_are_read_from_the_prompt() -> None:
    text = f"a castle <lora:ink:0.8>, <lyco:folder/wash.safetensors:1:lbw=X>\n{SETTINGS}"
    assert parsed(text)["loras"] == ("ink", "wash")


def test_embeddings_are_searched() -> None:
    assert "easynegative" in parsed(f'{LINES}, TI hashes: "easynegative: c74b4e"')["unread"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("Denoising strength: 0.4", "inference-img2img"),
        ("Denoising strength: 0.4, Hires upscale: 2", "inference-txt2img"),
        ("Operations: img2img", "inference-img2img"),
        ("Operations: txt2img; hires, Denoising strength: 0.3", "inference-txt2img"),
        ("Version: 1", "inference-txt2img"),
    ],
)
def test_the_type_tells_whether_an_image_was_given(settings: str, expected: str) -> None:
    assert parsed(f"{LINES}, {settings}")["type"] == expected


MAKERS = {
    "Forge": (
        "a fox, <lora:flux_realism:0.7>\n"
        "Steps: 20, Sampler: Euler, Schedule type: Simple, CFG scale: 1, Distilled CFG Scale: 3.5, "
        "Seed: 77, Size: 896x1152, Model hash: c161224931, Model: flux1-dev-bnb-nf4-v2, "
        'Lora hashes: "flux_realism: 4b2f", Version: f2.0.1v1.10.1-previous-313-g8a042934, '
        "Module 1: ae, Module 2: clip_l",
        {"prompt": "a fox, <lora:flux_realism:0.7>", "seed": "77", "guidance": 1.0,
         "modelId": "flux1-dev-bnb-nf4-v2", "loras": ("flux_realism",)},
    ),
    "SD.Next": (
        "a fox\nNegative prompt: worst\n"
        "Steps: 10, Size: 256x256, Sampler: DPM++ SDE, Scheduler: Foo, Seed: 666, CFG scale: 15.7, "
        "CFG end: 0.3, App: SD.Next, Parser: a1111, Version: 8b73cb6, Model: SDXL_17, "
        "Model hash: 335da0800c, Pipeline: StableDiffusionXLPipeline, Operations: txt2img, "
        "LoRA networks: outline_xl",
        {"prompt": "a fox", "negativePrompt": "worst", "seed": "666", "guidance": 15.7,
         "scheduler": "DPM++ SDE", "modelId": "SDXL_17", "loras": ("outline_xl",),
         "numInferenceSteps": 10},
    ),
    "stable-diffusion.cpp": (
        "A sunflower field\nNegative prompt: Blue sky\n"
        "Steps: 30, CFG scale: 5.000000, Guidance: 3.500000, Eta: 0.000000, Seed: 1375127038, "
        "Size: 512x512, Model: v1-5-pruned.safetensors, RNG: cuda, Sampler: dpm++2mv2 karras, "
        "Version: stable-diffusion.cpp",
        {"prompt": "A sunflower field", "negativePrompt": "Blue sky", "seed": "1375127038",
         "guidance": 5.0, "modelId": "v1-5-pruned", "scheduler": "dpm++2mv2 karras"},
    ),
    "Civitai's generator": (
        "a vintage car, FOG Negative prompt: Steps: 23, Sampler: Undefined, CFG scale: 3.5, "
        "Seed: 1760020955, Size: 832x1216, Clip skip: 2, Created Date: 2025-11-28T09:18:43.52Z, "
        'Civitai resources: [{"type":"checkpoint","modelVersionId":2442439,"modelName":"Z Image",'
        '"modelVersionName":"Turbo"}], Civitai metadata: {}',
        {"prompt": "a vintage car, FOG", "negativePrompt": None, "seed": "1760020955",
         "modelId": "Z Image", "numInferenceSteps": 23},
    ),
    "Fooocus' second scheme": (
        "cinematic still ferret, film grain\nNegative prompt: anime, ugly\n"
        "Steps: 30, Sampler: DPM++ 2M SDE Karras, Seed: 1515, Size: 1152x896, CFG scale: 4, "
        'Sharpness: 2, ADM Guidance: "(1.5, 0.8, 0.3)", Model: juggernautXL_v8, '
        "Model hash: aeb7e9e689, Performance: Speed, Scheduler: karras, VAE: Default (model), "
        'Raw prompt: "ferret, cathedral", Raw negative prompt: ugly, '
        'Lora hashes: "offset: 7ba, mosaic: 8cb", Lora weights: "offset: 0.1, mosaic: 0.5", '
        "Version: Fooocus v2.5.5",
        {"prompt": "ferret, cathedral", "negativePrompt": "ugly", "seed": "1515", "guidance": 4.0,
         "modelId": "juggernautXL_v8", "loras": ("offset", "mosaic"), "numInferenceSteps": 30},
    ),
}  # fmt: skip


@pytest.mark.parametrize("maker", MAKERS)
def test_derivatives_are_read(maker: str) -> None:
    text, expected = MAKERS[maker]
    assert having(parsed(text), expected) == expected


COMMENTS = {
    "big-endian": generated_pictures.wide(LINES),
    "little-endian": generated_pictures.wide(LINES, "utf-16-le"),
    "with a mark": generated_pictures.wide(LINES, "utf-16"),
    "ASCII": b"ASCII\0\0\0" + LINES.encode(),
    "no prefix": LINES.encode(),
    "zeros": b"\0" * 8 + LINES.encode(),
    "UTF-8 that is stated as UTF-16": b"UNICODE\0" + LINES.encode(),
    "UTF-16 that is stated as ASCII": b"ASCII\0\0\0" + LINES.encode("utf-16-le"),
}


@pytest.mark.parametrize("encoding", COMMENTS)
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF", "PNG"])
def test_user_comments_are_read_in_every_encoding(kind: str, encoding: str) -> None:
    fields = generated_pictures.read(generated_pictures.with_comment(COMMENTS[encoding], kind))
    assert having(fields, BASE) == BASE


@pytest.mark.parametrize("prompt", ["紫色的刺猬在图书馆里", "фиолетовый ёж", "hérisson violet"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_user_comments_are_read_in_every_script(prompt: str, encoding: str) -> None:
    comment = generated_pictures.wide(f"{prompt}\n{SETTINGS}", encoding)
    assert generated_pictures.read(generated_pictures.with_comment(comment))["prompt"] == prompt


@pytest.mark.parametrize("kind", ["GIF", "JPEG"])
def test_comments_of_the_format_are_read(kind: str) -> None:
    content = sample_files.encoded(sample_files.picture(), kind, comment=LINES.encode())
    fields = generated_pictures.read(content)
    assert having(fields, BASE) == BASE


@pytest.mark.parametrize(
    "comment",
    ["Screenshot", "A day at the beach", "Model: Nikon D70, Version: 1.0", "Created with GIMP"],
)
def test_a_comment_of_a_photo_is_no_prompt(comment: str) -> None:
    content = generated_pictures.with_comment(b"ASCII\0\0\0" + comment.encode())
    assert generated_pictures.read(content) == {}


def test_json_in_the_settings_may_be_broken() -> None:
    fields = parsed(f'{LINES}, Hashes: {{"model": "abc, Version: v1, Model: ink')
    assert (fields["seed"], fields["modelId"]) == ("555", "ink")


@pytest.mark.parametrize(
    "part",
    [
        ",", "\n", " ", "|", ":", '"', "\\", "a: ", 'a: "', "a: [", 'a: ["', "Steps: 1, ",
        "Steps: 1\n", "Negative prompt: ", "\nNegative prompt:", "\nPrompt: ", "Seed:", "<lora:a",
        "(", "Template: a ", "a" * 50, "a | b: ", "{", '{"a": ', '"a": "',
    ],
)  # fmt: skip
def test_repetitions_are_read_in_linear_time(part: str) -> None:
    """Quadratic reading of such a text takes many minutes, and the time limit ends it."""
    text = part * (50_000 // len(part))
    starts = ("", f"a castle\n{SETTINGS}, ", f"{SETTINGS}x", f"{SETTINGS}, Odd: x|", "{")
    for whole in (*(start + text for start in starts), f"{text}\n{SETTINGS}"):
        assert isinstance(parsed(whole), dict)
        assert json.dumps(parsed(whole, "UserComment"))


@pytest.mark.parametrize("before", ["", "\n", " \r\n"])
def test_an_empty_prompt_is_no_prompt(before: str) -> None:
    text = f"{before}Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 5, Size: 64x64"
    fields = parameters.parse({"parameters": text})
    assert "prompt" not in fields
    assert (fields["seed"], fields["numInferenceSteps"]) == ("5", 20)
