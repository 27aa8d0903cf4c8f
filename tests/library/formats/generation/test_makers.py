"""Makers with a layout of their own: samples as they write them, and odd values in them."""

from __future__ import annotations

import copy
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from library.formats.generation import parameters
from library.formats.generation.makers import MAKERS
from tests.support import generated_pictures, metadata_blocks, sample_files
from tests.support.descriptions import document
from tests.support.generated_pictures import read, wide, with_comment, with_tags, with_texts, xmp
from tests.support.library_search import searcher

if TYPE_CHECKING:
    from pathlib import Path

FOOOCUS = {
    "adm_guidance": "(1.5, 0.8, 0.3)", "base_model": "juggerXL", "base_model_hash": "aeb",
    "clip_skip": 2, "full_negative_prompt": ["ugly", "blurry"],
    "full_prompt": ["cinematic still ferret cathedral", "film grain"], "guidance_scale": 4.0,
    "lora_combined_1": "sd_xl_offset : 0.1", "loras": [["offset", 0.1, "hash"]],
    "metadata_scheme": "fooocus", "negative_prompt": "deformed", "performance": "Speed",
    "prompt": "ferret cathedral", "prompt_expansion": "ferret cathedral, intricate",
    "refiner_model": "None", "resolution": "(1152, 896)", "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras", "seed": "1515", "sharpness": 2, "steps": 30,
    "styles": "['Fooocus V2', 'SAI Anime']", "vae": "Default (model)", "version": "Fooocus v2.5.0",
}  # fmt: skip
OLD_FOOOCUS = {
    "Prompt": "an owl", "Negative Prompt": "text", "Fooocus V2 Expansion": "an owl, shiny",
    "Styles": "['Fooocus V2']", "Performance": "Speed", "Steps": 30, "Guidance Scale": 7.0,
    "Base Model": "jugger.safetensors", "Refiner Model": "None", "Sampler": "dpmpp", "Seed": 99,
    "Scheduler": "karras", "LoRA 1": "offset.safetensors : 0.1",
    "LoRA [ink.safetensors] weight": 0.5, "Version": "v2.1.860",
}  # fmt: skip
RUINED_FOOOCUS = {
    "Prompt": "a bat", "Negative": "sun", "steps": 20, "cfg": 5.5, "seed": 3, "sampler_name": "e",
    "scheduler": "s", "base_model_name": "x.safetensors", "base_model_hash": "1a",
    "loras": [["abc123", "0.8 - wash"]], "software": "RuinedFooocus",
}  # fmt: skip
SWARM: dict[str, Any] = {
    "sui_image_params": {
        "prompt": "glimmering snail, <lora:spike>, treetops", "negativeprompt": "metal",
        "images": 1, "seed": 888001, "steps": 25, "cfgscale": 4.0, "width": 1024,
        "sampler": "euler", "scheduler": "simple", "model": "SDXL/cartoonXL_v5.safetensors",
        "loras": ["styleA", "turbo-v0.2"], "loraweights": ["0.4", "0.7"],
        "refinermodel": "SDXL/refiner_v2.safetensors", "swarm_version": "0.9.6.0",
    },
    "sui_extra_data": {"date": "2025-04-21", "original_prompt": "glimmering __animal__"},
    "sui_models": [{"name": "cartoonXL_v5.safetensors", "param": "model", "hash": "0x84"},
                   {"name": "extra.safetensors", "param": "loras", "hash": "0xe8"}],
}  # fmt: skip
OLD_SWARM = {"sui_image_params": {**SWARM["sui_image_params"], "seed": 5, "initimage": "x"}}
INVOKE_5 = {
    "generation_mode": "sdxl_txt2img", "positive_prompt": "dark turnip",
    "negative_prompt": "image frame", "width": 832, "seed": 1313, "rand_device": "cpu",
    "cfg_scale": 15.0, "steps": 50, "scheduler": "euler",
    "model": {"key": "9f", "hash": "blake3:6a", "name": "duchi_v10", "base": "sdxl"},
    "positive_style_prompt": "oil painting", "negative_style_prompt": "photo",
    "loras": [{"model": {"key": "k", "name": "pixelbrush", "base": "sdxl"}, "weight": 0.75}],
    "refiner_model": {"name": "refinerino"}, "app_version": "5.4.3",
}  # fmt: skip
INVOKE_3 = {
    "app_version": "3.4", "generation_mode": "img2img", "positive_prompt": "a mossy stone",
    "negative_prompt": "noise", "seed": 9, "cfg_scale": 5.5, "steps": 12, "scheduler": "ddim",
    "model": {"model_name": "stone_mix", "base_model": "sd-1", "model_type": "main"},
    "loras": [{"lora": {"model_name": "moss", "base_model": "sd-1"}, "weight": 0.6}],
}  # fmt: skip
INVOKE_2 = {
    "model": "stable diffusion", "model_weights": "deliberate_v2", "model_hash": "9aba",
    "app_id": "invoke-ai/InvokeAI", "app_version": "2.3.5",
    "image": {"prompt": [{"prompt": "a tent [rain, mud]", "weight": 1.0}], "steps": 40,
              "cfg_scale": 7.5, "seed": 424, "sampler": "k_lms", "type": "txt2img"},
}  # fmt: skip
DREAM = '"a ship, \\"old\\" [fog] at sea" -s 50 -S 2045812934 -W 512 -H 512 -C 7.5 -A k_lms'
NOVELAI = {
    "Title": "NovelAI generated image",
    "Description": "2girls, outdoors",
    "Software": "NovelAI",
    "Source": "NovelAI Diffusion V4.5 4BDE2A90",
    "Generation time": "5.5",
    "Comment": json.dumps({
        "prompt": "2girls, outdoors", "steps": 28, "scale": 5.0, "seed": 424242,
        "sampler": "k_euler_ancestral", "noise_schedule": "karras", "uc": "lowres",
        "v4_prompt": {"caption": {"base_caption": "2girls, outdoors", "char_captions": [
            {"char_caption": "girl, red hair", "centers": [{"x": 0.3, "y": 0.5}]},
            {"char_caption": "girl, blue hair", "centers": [{"x": 0.7, "y": 0.5}]},
        ]}, "use_coords": True},
        "v4_negative_prompt": {"caption": {"base_caption": "lowres", "char_captions": [
            {"char_caption": "hat"}, {"char_caption": ""},
        ]}},
        "request_type": "PromptGenerateRequest",
    }),
}  # fmt: skip
NOVELAI_3 = {
    "Description": "a fox in the snow",
    "Software": "NovelAI",
    "Source": "Stable Diffusion XL C1E1DE52",
    "Comment": json.dumps(
        {"prompt": "a fox in the snow", "steps": 23, "scale": 6, "seed": 1, "sampler": "k_dpmpp",
         "uc": "text", "request_type": "Img2ImgRequest", "strength": 0.7}
    ),
}  # fmt: skip
EASY = {
    "prompt": "lemon zebra carousel", "seed": "2323", "use_stable_diffusion_model": "sd-v1-4",
    "num_inference_steps": "25", "guidance_scale": "7.5", "sampler_name": "euler_a",
    "negative_prompt": "grain", "width": "512", "height": "512", "use_lora_model": "None",
    "use_vae_model": "None",
}  # fmt: skip
EASY_LABELS = {
    "Prompt": "a barn", "Seed": "12", "Stable Diffusion model": "models/barn_v3.ckpt",
    "Steps": "30", "Guidance Scale": "6", "Sampler": "ddim", "Negative Prompt": "cars",
    "LoRA model": "['hay', 'dust']", "Use Upscaling": "None",
}  # fmt: skip
DRAW_THINGS = {
    "c": "a lighthouse", "uc": "blurry", "steps": 28, "sampler": "DPM++ 2M AYS", "scale": 7.5,
    "seed": 424242, "size": "1536x1024", "model": "flux_2_klein_q8p.ckpt", "strength": 1,
    "seed_mode": "Scale Alike", "lora": [{"model": "film_grain.ckpt", "weight": 0.4}],
    "refiner": "sd_xl_refiner.ckpt",
}  # fmt: skip
TENSOR_ART = {
    "models": [{"label": "Ink - v2", "type": "LORA", "modelFileName": "ink_v2", "weight": 0.8}],
    "prompt": "a comet", "negativePrompt": "stars", "samplerName": "DPM++ 2M Karras", "steps": 25,
    "cfgScale": 7, "seed": "777", "baseModel": {"label": "v3", "modelFileName": "sky_v3"},
}  # fmt: skip
MOCHI = (
    "Include in Image: a red; blue cube; Exclude from Image: blurry; Model: Example_v1; Steps: 8; "
    "Guidance Scale: 4.5; Seed: 42; Size: 64x32; Scheduler: DPM-Solver++; Generator: Mochi 6.0"
)

FIELDS = ("prompt", "negativePrompt", "seed", "numInferenceSteps", "guidance", "scheduler",
          "modelId", "loras")  # fmt: skip
# Of each sample: the texts by name, the values of the fields in this order, words of `unread`.
SAMPLES: dict[str, tuple[dict[str, str], tuple[Any, ...], str]] = {
    "Fooocus": (
        {"parameters": json.dumps(FOOOCUS), "fooocus_scheme": "fooocus"},
        ("ferret cathedral", "deformed", "1515", 30, 4.0, "dpmpp_2m_sde_gpu", "juggerXL",
         ("sd_xl_offset", "offset")),
        "film grain|SAI Anime|intricate|Fooocus v2.5.0",
    ),
    "Fooocus without a prompt of its own": (
        {"parameters": json.dumps({**FOOOCUS, "prompt": "", "negative_prompt": ""})},
        ("cinematic still ferret cathedral, film grain", "ugly, blurry", "1515", 30, 4.0,
         "dpmpp_2m_sde_gpu", "juggerXL", ("sd_xl_offset", "offset")),
        "intricate",
    ),
    "Fooocus 2.1": (
        {"Comment": json.dumps(OLD_FOOOCUS)},
        ("an owl", "text", "99", 30, 7.0, "dpmpp", "jugger", ("offset", "ink")),
        "shiny|Speed",
    ),
    "RuinedFooocus": (
        {"parameters": json.dumps(RUINED_FOOOCUS)},
        ("a bat", "sun", "3", 20, 5.5, "e", "x", ("wash",)),
        "RuinedFooocus",
    ),
    "SwarmUI": (
        {"parameters": json.dumps(SWARM, indent=2)},
        ("glimmering snail, <lora:spike>, treetops", "metal", "888001", 25, 4.0, "euler",
         "cartoonXL_v5", ("extra", "spike", "styleA", "turbo-v0.2")),
        "refiner_v2|__animal__|simple",
    ),
    "SwarmUI 0.6": (
        {"parameters": json.dumps(OLD_SWARM)},
        ("glimmering snail, <lora:spike>, treetops", "metal", "5", 25, 4.0, "euler",
         "cartoonXL_v5", ("spike", "styleA", "turbo-v0.2")),
        "refiner_v2",
    ),
    "InvokeAI 5": (
        {"invokeai_metadata": json.dumps(INVOKE_5), "invokeai_graph": "{}"},
        ("dark turnip", "image frame", "1313", 50, 15.0, "euler", "duchi_v10", ("pixelbrush",)),
        "oil painting|refinerino",
    ),
    "InvokeAI 3": (
        {"invokeai_metadata": json.dumps(INVOKE_3)},
        ("a mossy stone", "noise", "9", 12, 5.5, "ddim", "stone_mix", ("moss",)),
        "img2img",
    ),
    "InvokeAI with the name of a model": (
        {"invokeai_metadata": json.dumps({**INVOKE_3, "model": "stone_mix.safetensors"})},
        ("a mossy stone", "noise", "9", 12, 5.5, "ddim", "stone_mix", ("moss",)),
        "img2img",
    ),
    "InvokeAI 2": (
        {"sd-metadata": json.dumps(INVOKE_2), "Dream": DREAM},
        ("a tent", "rain, mud", "424", 40, 7.5, "k_lms", "deliberate_v2", None),
        "invoke-ai/InvokeAI",
    ),
    "InvokeAI 1": (
        {"Dream": DREAM},
        ('a ship, \\"old\\" at sea', "fog", "2045812934", 50, 7.5, "k_lms", None, None),
        "InvokeAI",
    ),
    "a command line without spaces and quotes": (
        {"Dream": "a ship at sea -s20 -S7 -W512 -H512 -C6.5 -Ak_euler_a"},
        ("a ship at sea", None, "7", 20, 6.5, "k_euler_a", None, None),
        "InvokeAI",
    ),
    "NovelAI 4.5": (
        NOVELAI,
        ("2girls, outdoors\ngirl, red hair\ngirl, blue hair", "lowres\nhat", "424242", 28, 5.0,
         "k_euler_ancestral", "NovelAI Diffusion V4.5", None),
        "karras",
    ),
    "NovelAI's WebP": (
        {"ImageDescription": "NovelAI generated image", "Software": "NovelAI Diffusion V4.5",
         "UserComment": NOVELAI["Comment"]},
        ("2girls, outdoors\ngirl, red hair\ngirl, blue hair", "lowres\nhat", "424242", 28, 5.0,
         "k_euler_ancestral", "NovelAI Diffusion V4.5", None),
        "karras",
    ),
    "NovelAI 3": (
        NOVELAI_3,
        ("a fox in the snow", "text", "1", 23, 6.0, "k_dpmpp", "Stable Diffusion XL", None),
        "NovelAI",
    ),
    "Easy Diffusion": (
        EASY,
        ("lemon zebra carousel", "grain", "2323", 25, 7.5, "euler_a", "sd-v1-4", None),
        "Easy Diffusion",
    ),
    "Easy Diffusion with labels": (
        EASY_LABELS,
        ("a barn", "cars", "12", 30, 6.0, "ddim", "barn_v3", ("hay", "dust")),
        "Easy Diffusion",
    ),
    "Easy Diffusion's file of text": (
        {"parameters": "\n".join(f"{name}: {value}" for name, value in EASY_LABELS.items())},
        ("a barn", "cars", "12", 30, 6.0, "ddim", "barn_v3", ("hay", "dust")),
        "",
    ),
    "Draw Things": (
        {"UserComment": json.dumps(DRAW_THINGS)},
        ("a lighthouse", "blurry", "424242", 28, 7.5, "DPM++ 2M AYS", "flux_2_klein_q8p",
         ("film_grain",)),
        "sd_xl_refiner.ckpt|Scale Alike",
    ),
    "Tensor.Art": (
        {"generation_data": json.dumps(TENSOR_ART) + "\0"},
        ("a comet", "stars", "777", 25, 7.0, "DPM++ 2M Karras", "sky_v3", ("ink_v2",)),
        "",
    ),
    "Mochi Diffusion": (
        {"xmp:description": MOCHI},
        ("a red; blue cube", "blurry", "42", 8, 4.5, "DPM-Solver++", "Example_v1", None),
        "Mochi 6.0",
    ),
    "Civitai's metadata beside a graph that has no prompt": (
        {"UserComment": json.dumps({
            "resource-stack": {"class_type": "CheckpointLoaderSimple", "inputs": {}},
            "extraMetadata": json.dumps({
                "prompt": "a dune", "negativePrompt": "rain", "steps": 30, "cfgScale": 6, "seed": 9,
                "sampler": "Euler a", "workflowId": "txt2img", "resources": [],
            }),
        })},
        ("a dune", "rain", "9", 30, 6.0, "Euler a", None, None),
        "txt2img",
    ),
    "NMKD": (
        {"NMKDiffusion": json.dumps({
            "mode": "txt2img", "prompt": "a mill", "promptNeg": "rain", "steps": 25, "seed": 77,
            "scaleTxt": 8, "res": "512x512", "sampler": "k_euler", "model": "sd-v1-5.ckpt",
        })},
        ("a mill", "rain", "77", 25, 8.0, "k_euler", "sd-v1-5", None),
        "txt2img",
    ),
    "Mochi Diffusion 5": (
        {"iptc:description": "Metadata Version: 2\nInclude in Image: a lighthouse: dawn, sky\n"
         "Exclude from Image: blurry\nModel: stable-diffusion-2-1-base\nSize: 512 x 512\n"
         "Scheduler: DPM-Solver++\nSeed: 1234\nSteps: 30\nGuidance Scale: 7.5\n"
         "Generator: Mochi Diffusion 5.2"},
        ("a lighthouse: dawn, sky", "blurry", "1234", 30, 7.5, "DPM-Solver++",
         "stable-diffusion-2-1-base", None),
        "Mochi Diffusion 5.2",
    ),
    "a script around Diffusers": (
        {"metadata": json.dumps({
            "prompt": "a moth", "negative_prompt": "dust", "num_inference_steps": 28, "seed": 6,
            "guidance_scale": 5, "sampler": "Euler a", "Model": {"Model": "animagine-xl-3.1"},
        })},
        ("a moth", "dust", "6", 28, 5.0, "Euler a", "animagine-xl-3.1", None),
        "",
    ),
    "a request to Stability": (
        {"parameters": json.dumps({
            "text_prompts": [{"text": "a kite", "weight": 1}], "cfg_scale": 7, "seed": 8,
            "steps": 30, "engine": "stable-diffusion-xl-1024-v1-0",
        })},
        ("a kite", None, "8", 30, 7.0, None, "stable-diffusion-xl-1024-v1-0", None),
        "",
    ),
    "Midjourney": (
        {"Description": "brass hummingbird --no text, frame --ar 16:9 --seed 12 --v 6.0 "
         "Job ID: 00000000-aaaa-bbbb-cccc-000000000000", "Author": "someone"},
        ("brass hummingbird", "text, frame", "12", None, None, None, "Midjourney 6.0", None),
        "00000000-aaaa-bbbb-cccc-000000000000",
    ),
    "Midjourney's command": (
        {"Description": "/imagine prompt: a quay --v 7 --no boats"},
        ("a quay", "boats", None, None, None, None, "Midjourney 7", None),
        "Midjourney",
    ),
    "Midjourney's Niji": (
        {"ImageDescription": "a shrine --niji 6 --stylize 250 --style raw"},
        ("a shrine", None, None, None, None, None, "Midjourney Niji 6", None),
        "raw",
    ),
    "Midjourney with dashes of a phone": (
        {"comment": "a market \u2014ar 3:2 \u2014v 5.2"},
        ("a market", None, None, None, None, None, "Midjourney 5.2", None),
        "Midjourney",
    ),
    "Midjourney without parameters": (
        {"Description": "a quiet bay Job ID: 11111111-aaaa-bbbb-cccc-000000000000"},
        ("a quiet bay", None, None, None, None, None, "Midjourney", None),
        "11111111",
    ),
}  # fmt: skip


@pytest.mark.parametrize("maker", SAMPLES)
def test_samples_of_every_maker_are_read(maker: str) -> None:
    texts, expected, unread = SAMPLES[maker]
    fields = parameters.parse(texts)
    assert tuple(fields.get(name) for name in FIELDS) == expected
    assert [words for words in unread.split("|") if words not in fields["unread"]] == []
    assert fields["parentJobId"].startswith("job_")


@pytest.mark.parametrize(
    ("maker", "expected"),
    [
        ("InvokeAI 3", "img2img"), ("InvokeAI 5", "txt2img"), ("SwarmUI 0.6", "img2img"),
        ("SwarmUI", "txt2img"), ("NovelAI 3", "img2img"), ("NovelAI 4.5", "txt2img"),
        ("Draw Things", "txt2img"), ("Easy Diffusion", "txt2img"),
    ],
)  # fmt: skip
def test_the_type_tells_whether_an_image_was_given(maker: str, expected: str) -> None:
    assert parameters.parse(SAMPLES[maker][0])["type"] == f"inference-{expected}"


def test_every_maker_of_the_table_reads_a_sample() -> None:
    """Of ComfyUI, and of services without a prompt, the samples are elsewhere."""
    for maker in MAKERS:
        if not maker.names.startswith(("ComfyUI", "OpenAI", "Automatic1111", "programs without")):
            assert any(maker.parse(texts).get("prompt") for texts, _, _ in SAMPLES.values()), maker


ODD: list[Any] = [
    None, "", "abc", [], ["x"], {}, {"a": []}, -1, 10**30, 1e400, float("nan"), True, "1234, 5678",
    [[[[[["deep"]]]]]],
]  # fmt: skip
JSON_PLACES = {  # sample -> the name of its text, and where its settings are in it
    "Fooocus": ("parameters", ()),
    "Fooocus 2.1": ("Comment", ()),
    "SwarmUI": ("parameters", ("sui_image_params",)),
    "InvokeAI 5": ("invokeai_metadata", ()),
    "InvokeAI 2": ("sd-metadata", ("image",)),
    "NovelAI 4.5": ("Comment", ()),
    "Draw Things": ("UserComment", ()),
    "Tensor.Art": ("generation_data", ()),
}


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("maker", JSON_PLACES)
def test_an_odd_value_costs_only_itself(maker: str, odd: Any) -> None:
    """Any value for any setting: all other fields are as before, and no value is invalid."""
    texts, expected, _ = SAMPLES[maker]
    place, path = JSON_PLACES[maker]
    whole = json.loads(texts[place].rstrip("\0"))
    before = dict(zip(FIELDS, expected, strict=True))
    settings = whole
    for name in path:
        settings = settings[name]
    for name in list(settings):
        changed = copy.deepcopy(whole)
        inner = changed
        for step in path:
            inner = inner[step]
        inner[name] = odd
        fields = parameters.parse({**texts, place: json.dumps(changed)})
        lost = {field for field in FIELDS if fields.get(field) != before[field]}
        # Some makers write LoRAs and what is unwanted into the prompt.
        within = {"prompt", "loras", "negativePrompt"} if name == "prompt" else set()
        assert len(lost - within) + (len(lost & within) > 0) <= 1, (name, lost)
        assert isinstance(fields.get("seed", ""), str)
        assert 0 <= fields.get("numInferenceSteps", 0) < 1e9


@pytest.mark.parametrize("maker", JSON_PLACES)
@pytest.mark.parametrize("kept", [0.6, 0.9, 0.99])
def test_an_object_that_is_cut_off_keeps_what_precedes(maker: str, kept: float) -> None:
    place, _ = JSON_PLACES[maker]
    texts = SAMPLES[maker][0]
    cut = texts[place][: int(len(texts[place]) * kept)]
    fields = parameters.parse({**texts, place: cut})
    assert {"prompt", "seed", "modelId"} & fields.keys()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize(
    "maker", ["Fooocus", "SwarmUI", "Draw Things", "Easy Diffusion", "NovelAI 4.5", "InvokeAI 5"]
)
def test_objects_in_user_comments_are_read(maker: str, kind: str, beside: bool) -> None:
    """As the makers write them, or as programs do that convert their PNGs."""
    texts, expected, _ = SAMPLES[maker]
    alone = maker in {"Fooocus", "SwarmUI", "Draw Things"}
    comment = next(iter(texts.values())) if alone else json.dumps(texts)
    for encoded in (comment.encode(), wide(comment), wide(comment, "utf-16-le")):
        fields = read(with_comment(encoded, kind, beside=beside))
        assert tuple(fields.get(name) for name in FIELDS) == expected


def test_fooocus_writes_beside_the_block_of_the_camera() -> None:
    tags = {0x9286: json.dumps(FOOOCUS), 0x0131: "Fooocus v2.5.0", 0x927C: "fooocus"}
    for kind in ("JPEG", "WEBP"):
        assert read(with_tags(tags, kind))["prompt"] == "ferret cathedral"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_draw_things_writes_xmp(kind: str) -> None:
    comment = json.dumps(DRAW_THINGS).replace('"', "&quot;")
    listed = f'<rdf:Alt><rdf:li xml:lang="x-default">{comment}</rdf:li></rdf:Alt>'
    packet = xmp(
        f"<exif:UserComment>{listed}</exif:UserComment>"
        "<xmp:CreatorTool>Draw Things</xmp:CreatorTool>"
    )
    fields = read(generated_pictures.with_xmp(packet, kind))
    assert (fields["prompt"], fields["loras"]) == ("a lighthouse", ("film_grain",))


@pytest.mark.parametrize(
    "content",
    [
        with_texts({"Title": "x", "Description": "a hummingbird --ar 3:2 --v 6"}),
        with_tags({0x010E: "a hummingbird --ar 3:2 --v 6"}),
        with_tags({0x9C9B: "a hummingbird --ar 3:2 --v 6".encode("utf-16-le")}),
        sample_files.encoded(sample_files.picture(), "JPEG", comment=b"a hummingbird --v 6"),
        generated_pictures.with_xmp(
            xmp("<dc:description><rdf:Alt><rdf:li>a hummingbird --v 6</rdf:li></rdf:Alt>"
                "</dc:description>"), "JPEG"
        ),
    ],
    ids=["PNG", "ImageDescription", "XPTitle", "comment", "XMP"],
)  # fmt: skip
def test_midjourney_is_read_from_every_description(content: bytes) -> None:
    fields = read(content)
    assert (fields["prompt"], fields["modelId"]) == ("a hummingbird", "Midjourney 6")


@pytest.mark.parametrize(
    "text", ["a note -- and another", "a --dry-run option", "see --version2", "Job ID: 5"]
)
def test_dashes_in_a_description_are_no_parameters(text: str) -> None:
    assert parameters.parse({"Description": text}) == {}


def test_what_makers_write_is_found_in_the_library(tmp_path: Path) -> None:
    """Each by words of its prompt, by its model, and by words that no field has."""
    words = {
        "Fooocus": ("ferret cathedral", "juggerXL", "SAI Anime", "Fooocus"),
        "SwarmUI": ("treetops", "cartoonXL_v5", "spike", "turbo-v0.2", "SwarmUI", "refiner_v2"),
        "Easy Diffusion": ("zebra carousel", "sd-v1-4"),
        "InvokeAI 5": ("turnip", "duchi_v10", "pixelbrush", "oil painting", "refinerino"),
        "Midjourney": ("hummingbird", "Midjourney"),
        "NovelAI 4.5": ("blue hair", "NovelAI"),
    }
    files = {f"{n}.png": with_texts(SAMPLES[name][0]) for n, name in enumerate(words)}
    sample_files.fill(tmp_path / "files", files)
    documents = [
        dataclasses.replace(document(tmp_path / "files", name), id=f"asset_{name}", name=name)
        for name in files
    ]
    library = searcher(tmp_path / "home", *documents)
    for name, queries in zip(files, words.values(), strict=True):
        assert [query for query in queries if library.names(query=query)[:1] != [name]] == []


def test_a_description_that_is_the_prompt_is_not_shown_twice(tmp_path: Path) -> None:
    described = {**NOVELAI_3, "Description": "a fox in the snow"}
    sample_files.fill(tmp_path, {"made.png": with_texts(described)})
    asset = document(tmp_path, "made.png")
    assert (asset.prompt, asset.description) == ("a fox in the snow", None)


@pytest.mark.parametrize(
    "part",
    [
        " ",
        "\n",
        "[",
        '"',
        "{",
        '{"a": ',
        '"a": "',
        "-s ",
        "--no ",
        "Job ID: ",
        "; ",
        "A: ",
        "x [y] ",
    ],
)
def test_repetitions_are_read_in_linear_time(part: str) -> None:
    """By every reader, in every place; the time limit of tests ends a quadratic one."""
    text = part * (50_000 // len(part))
    places = ("parameters", "UserComment", "Comment", "Dream", "sd-metadata", "Description",
              "Source", "Software", "xmp:description", "xmp:Credit", "prompt")  # fmt: skip
    texts = dict.fromkeys(places, text)
    for maker in MAKERS:
        assert isinstance(maker.parse(texts), dict)


PROVENANCE = {
    "Google": (
        {"xmp:Credit": "Made with Google AI", "xmp:DigitalSourceType":
         "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"},
        "Google AI",
    ),
    "Adobe Firefly": ({"Software": "Adobe Firefly"}, "Adobe Firefly"),
    "a source type alone": (
        {"xmp:DigitalSourceType":
         "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"},
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("service", PROVENANCE)
def test_services_are_named_without_a_prompt(service: str) -> None:
    texts, model = PROVENANCE[service]
    fields = parameters.parse(texts)
    assert (fields["type"], fields.get("modelId")) == ("inference-txt2img", model)
    assert "prompt" not in fields


@pytest.mark.parametrize(
    "texts",
    [
        {"xmp:CreatorTool": "Adobe Photoshop 25.0"},
        {"Software": "GIMP 2.10"},
        {"Software": "Gemini telescope pipeline 3"},
        {"xmp:CreatorTool": "Imagen Editor"},
        {"xmp:DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"},
        {"xmp:DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/"
         "compositeWithTrainedAlgorithmicMedia"},
        {"ImageDescription": "The Gemini constellation"},
        {"Make": "Canon", "Model": "EOS R5"},
    ],
)  # fmt: skip
def test_other_pictures_are_not_called_generated(texts: dict[str, str]) -> None:
    assert parameters.parse(texts) == {}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("as_attributes", [False, True])
def test_the_source_type_and_credit_are_read_from_xmp(kind: str, as_attributes: bool) -> None:
    """As Google and Midjourney write them."""
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    packet = (
        xmp("", f'iptcExt:DigitalSourceType="{source}" photoshop:Credit="Made with Google AI"')
        if as_attributes
        else xmp(
            f"<iptcExt:DigitalSourceType>{source}</iptcExt:DigitalSourceType>"
            "<photoshop:Credit>Made with Google AI</photoshop:Credit>"
        )
    )
    fields = read(generated_pictures.with_xmp(packet, kind))
    assert (fields["type"], fields["modelId"]) == ("inference-txt2img", "Google AI")


def test_captions_and_credits_of_iptc_are_read() -> None:
    """As Mochi Diffusion and Google write them."""
    lines = MOCHI.replace("; ", "\n").replace("red\nblue", "red; blue")
    for caption in (MOCHI, lines):
        block = metadata_blocks.iptc_block([(2, 120, caption.encode())])
        segment = (0xED, b"Photoshop 3.0\0" + metadata_blocks.photoshop_block(block))
        fields = read(metadata_blocks.jpeg_with(segment))
        assert (fields["prompt"], fields["seed"]) == ("a red; blue cube", "42")
    block = metadata_blocks.iptc_block([(2, 110, b"Made with Google AI")])
    segment = (0xED, b"Photoshop 3.0\0" + metadata_blocks.photoshop_block(block))
    assert read(metadata_blocks.jpeg_with(segment))["modelId"] == "Google AI"


def _cbor(text: str) -> bytes:
    encoded = text.encode()
    head = bytes([0x60 + len(encoded)]) if len(encoded) < 24 else bytes([0x78, len(encoded)])
    return head + encoded


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("nested", [False, True])
def test_a_c2pa_manifest_names_the_service(kind: str, nested: bool) -> None:
    from PIL import PngImagePlugin

    agent = b"\xa1" + _cbor("name") + _cbor("GPT-4o") if nested else _cbor("DALL\u00b7E")
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    manifest = (
        b"\0\0\1\0jumb c2pa" + _cbor("digitalSourceType") + _cbor(source)
        + _cbor("softwareAgent") + agent + _cbor("claim_generator") + _cbor("OpenAI-API")
    )  # fmt: skip
    picture = sample_files.picture()
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add(b"caBX", manifest)
        content = sample_files.encoded(picture, pnginfo=info)
    else:
        content = sample_files.encoded(picture, "JPEG")
        segment = b"\xff\xeb" + (len(manifest) + 2).to_bytes(2, "big") + manifest
        content = content[:2] + segment + content[2:]
    fields = read(content)
    assert fields["type"] == "inference-txt2img"
    assert fields["modelId"] == ("GPT-4o" if nested else "DALL\u00b7E")
    assert "OpenAI-API" in fields["unread"]
