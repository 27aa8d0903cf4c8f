"""ComfyUI's graphs: from the saved picture back to the pass that began it."""

from __future__ import annotations

import pytest

from tests.support.comfyui_graphs import Graph, advanced, expect, node, read, sampled, titled


def test_every_setting_of_a_sampler_is_read() -> None:
    expect(
        sampled(),
        prompt="a lantern fish",
        negativePrompt="murky",
        seed="77",
        numInferenceSteps=21,
        guidance=5.5,
        scheduler="dpmpp_2m",
        modelId="atlas",
        type="inference-txt2img",
        loras=None,
        unread=None,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"5": node("KSamplerAdvanced", add_noise="enable", noise_seed=77, steps=21, cfg=5.5,
                   sampler_name="dpmpp_2m", scheduler="karras", start_at_step=0,
                   end_at_step=10000, return_with_leftover_noise="disable", model=("1", 0),
                   positive=("2", 0), negative=("3", 0), latent_image=("4", 0))},
        {"5": node("SamplerCustom", add_noise=True, noise_seed=77, cfg=5.5, model=("1", 0),
                   positive=("2", 0), negative=("3", 0), sampler=("20", 0), sigmas=("21", 0),
                   latent_image=("4", 0)),
         "20": node("KSamplerSelect", sampler_name="dpmpp_2m"),
         "21": node("KarrasScheduler", steps=21, sigma_max=14.6, sigma_min=0.03, rho=7)},
        {"5": node("SamplerCustomAdvanced", noise=("20", 0), guider=("21", 0), sampler=("22", 0),
                   sigmas=("24", 0), latent_image=("4", 0)),
         "20": node("RandomNoise", noise_seed=77),
         "21": node("CFGGuider", model=("1", 0), positive=("2", 0), negative=("3", 0), cfg=5.5),
         "22": node("SamplerDPMPP_2M", eta=1),
         "23": node("BasicScheduler", model=("1", 0), scheduler="karras", steps=21, denoise=1),
         "24": node("SplitSigmas", sigmas=("23", 0), step=20)},
        {"5": node("SamplerCustomAdvanced", noise=("20", 0), guider=("21", 0), sampler=("22", 0),
                   sigmas=("23", 0), latent_image=("4", 0)),
         "20": node("RandomNoise", noise_seed=("30", 0)),
         "21": node("DualCFGGuider", model=("1", 0), cond1=("2", 0), cond2=("2", 0),
                    negative=("3", 0), cfg_conds=5.5, cfg_cond2_negative=2),
         "22": node("KSamplerSelect", sampler_name="dpmpp_2m"),
         "23": node("LTXVScheduler", steps=21, max_shift=2.05, latent=("4", 0)),
         "30": node("Seed (rgthree)", seed=77)},
        {"5": node("KSampler (Efficient)", seed=77, steps=21, cfg=5.5, sampler_name="dpmpp_2m",
                   scheduler="karras", denoise=1, preview_method="auto", vae_decode="true",
                   model=("1", 0), positive=("1", 1), negative=("1", 2), latent_image=("1", 3),
                   optional_vae=("1", 4)),
         "1": node("Efficient Loader", ckpt_name="atlas.safetensors", vae_name="Baked VAE",
                   clip_skip=-1, lora_name="None", lora_model_strength=1, lora_clip_strength=1,
                   positive="a lantern fish", negative="murky", token_normalization="none",
                   weight_interpretation="comfy", empty_latent_width=512,
                   empty_latent_height=512, batch_size=1),
         "7": node("SaveImage", images=("5", 5), filename_prefix="x")},
        {"5": node("easy kSampler", pipe=("20", 0), image_output="Save", link_id=0,
                   save_prefix="ComfyUI"),
         "20": node("easy preSampling", pipe=("21", 0), steps=21, cfg=5.5,
                    sampler_name="dpmpp_2m", scheduler="karras", denoise=1, seed=77),
         "21": node("easy fullLoader", ckpt_name="atlas.safetensors", config_name="Default",
                    vae_name="Baked VAE", clip_skip=-2, lora_name="None", lora_model_strength=1,
                    resolution="512 x 512", positive="a lantern fish",
                    positive_token_normalization="none", positive_weight_interpretation="comfy",
                    negative="murky", negative_token_normalization="none", batch_size=1)},
        {"5": node("ImpactKSamplerBasicPipe", basic_pipe=("20", 0), seed=77, steps=21, cfg=5.5,
                   sampler_name="dpmpp_2m", scheduler="karras", latent_image=("4", 0), denoise=1),
         "20": node("ToBasicPipe", model=("1", 0), clip=("1", 1), vae=("1", 2),
                    positive=("2", 0), negative=("3", 0))},
        {"5": node("KSampler", seed=("20", 8), steps=("21", 0), cfg=("21", 2),
                   sampler_name=("21", 3), scheduler=("21", 4), denoise=1, model=("20", 1),
                   positive=("20", 4), negative=("20", 5), latent_image=("20", 6)),
         "20": node("Context (rgthree)", base_ctx=("22", 0), latent=("4", 0), seed=("23", 0)),
         "21": node("KSampler Config (rgthree)", steps_total=21, refiner_step=24, cfg=5.5,
                    sampler_name="dpmpp_2m", scheduler="karras"),
         "22": node("Context (rgthree)", model=("1", 0), clip=("1", 1), vae=("1", 2),
                    positive=("2", 0), negative=("3", 0)),
         "23": node("Seed (rgthree)", seed=77)},
        {"5": node("KSampler SDXL (Eff.)", noise_seed=77, steps=21, cfg=5.5,
                   sampler_name="dpmpp_2m", scheduler="karras", start_at_step=0,
                   refine_at_step=-1, sdxl_tuple=("20", 0), latent_image=("4", 0)),
         "20": node("Pack SDXL Tuple", base_model=("1", 0), base_clip=("1", 1),
                    base_positive=("2", 0), base_negative=("3", 0), refiner_model=("21", 0),
                    refiner_positive=("22", 0), refiner_negative=("22", 0)),
         "21": node("CheckpointLoaderSimple", ckpt_name="refiner.safetensors"),
         "22": node("CLIPTextEncode", text="refined", clip=("21", 1)),
         "7": node("SaveImage", images=("5", 3), filename_prefix="x")},
        {"5": node("SamplerCustomAdvanced", noise=("20", 0), guider=("21", 0), sampler=("22", 0),
                   sigmas=("24", 0), latent_image=("4", 0)),
         "20": node("RandomNoise", noise_seed=77),
         "21": node("CFGGuider", model=("1", 0), positive=("2", 0), negative=("3", 0), cfg=5.5),
         "22": node("LyingSigmaSampler", sampler=("25", 0), dishonesty_factor=-0.05),
         "25": node("SamplerDPMPP_2M", noise_device="gpu"),
         "24": node("BetaSamplingScheduler", model=("1", 0), steps=21, alpha=0.6, beta=0.6)},
        {"5": node("sample_pipe", pipe=("20", 0), sampler_pipe=("21", 0), seed=77, steps=21,
                   denoise=1, image=("22", 0), use_image=False),
         "20": node("BusPipe", model=("1", 0), positive=("2", 0), negative=("3", 0)),
         "21": node("SamplerPipe", cfg=5.5, sampler_name="dpmpp_2m", scheduler="karras"),
         "22": node("EmptyImage", width=64, height=64, batch_size=1),
         "7": node("SaveImage", images=("5", 0), filename_prefix="x")},
        {"5": node("TwoSamplersForMask", latent_image=("4", 0), base_sampler=("20", 0),
                   mask_sampler=("20", 0), mask=("30", 0)),
         "20": node("KSamplerAdvancedProvider", seed=77, steps=21, cfg=5.5,
                    sampler_name="dpmpp_2m", scheduler="karras", basic_pipe=("21", 0)),
         "21": node("ToBasicPipe", model=("1", 0), clip=("1", 1), vae=("1", 2),
                    positive=("2", 0), negative=("3", 0))},
    ],
    ids=[
        "KSamplerAdvanced", "SamplerCustom", "CFGGuider", "DualCFGGuider", "Efficient", "easy",
        "basic pipe", "rgthree context", "SDXL tuple",
        "wrapped sampler", "pipes", "sampler provider",
    ],
)  # fmt: skip
def test_settings_are_read_from_every_kind_of_sampler(changes: Graph) -> None:
    expect(
        {**sampled(), **changes},
        prompt="a lantern fish",
        negativePrompt="murky",
        seed="77",
        numInferenceSteps=21,
        guidance=5.5,
        scheduler="dpmpp_2m",
        modelId="atlas",
    )


def test_a_guider_without_a_negative_prompt_has_none() -> None:
    expect(
        advanced(),
        prompt="a copper owl",
        negativePrompt=None,
        seed="99",
        numInferenceSteps=24,
        guidance=3.5,
        scheduler="euler",
        modelId="flux1-dev",
    )


def test_a_zeroed_conditioning_has_no_text() -> None:
    zeroed = {"3": node("ConditioningZeroOut", conditioning=("2", 0))}
    expect({**sampled(), **zeroed}, prompt="a lantern fish", negativePrompt=None)


def test_the_prompt_is_not_the_negative_prompt_as_well() -> None:
    expect(sampled(negative=("2", 0)), prompt="a lantern fish", negativePrompt=None)


# Later passes.


def test_the_main_pass_is_the_one_that_begins_the_picture() -> None:
    """Not the detailer, the upscaler or the refiner that is nearest to what is saved."""
    later = {
        "7": node("SaveImage", filename_prefix="x", images=("30", 0)),
        "30": node("UltimateSDUpscale", upscale_by=2, seed=3, steps=8, cfg=8, denoise=0.2,
                   sampler_name="euler", scheduler="normal", image=("31", 0), model=("1", 0),
                   positive=("40", 0), negative=("3", 0), vae=("1", 2), upscale_model=("41", 0)),
        "31": node("FaceDetailer", image=("32", 0), model=("1", 0), clip=("1", 1), vae=("1", 2),
                   positive=("40", 0), negative=("3", 0), seed=2, steps=9, cfg=7, denoise=0.4,
                   sampler_name="euler", scheduler="normal", wildcard="", bbox_detector=("42", 0)),
        "32": node("VAEDecode", samples=("33", 0), vae=("1", 2)),
        "33": node("KSampler", seed=1, steps=10, cfg=3, sampler_name="euler", scheduler="normal",
                   denoise=0.5, model=("43", 0), positive=("40", 0), negative=("3", 0),
                   latent_image=("34", 0)),
        "34": node("LatentUpscaleBy", samples=("5", 0), scale_by=1.5, upscale_method="bicubic"),
        "40": node("CLIPTextEncode", text="detailed face", clip=("1", 1)),
        "41": node("UpscaleModelLoader", model_name="4x.pth"),
        "42": node("UltralyticsDetectorProvider", model_name="bbox/face.pt"),
        "43": node("CheckpointLoaderSimple", ckpt_name="refiner.safetensors"),
    }  # fmt: skip
    graph = {**later, **sampled(), "7": later["7"]}
    expect(graph, prompt="a lantern fish", seed="77", numInferenceSteps=21, modelId="atlas")
    assert "detailed face" in read(graph)["unread"]


def test_a_detailer_alone_is_the_main_pass() -> None:
    graph = {
        **sampled(),
        "5": node("FaceDetailer", image=("20", 0), model=("1", 0), positive=("2", 0),
                  negative=("3", 0), seed=4, steps=9, cfg=7, sampler_name="euler",
                  scheduler="normal", denoise=0.4),
        "20": node("LoadImage", image="portrait.png"),
        "7": node("SaveImage", images=("5", 0)),
    }  # fmt: skip
    expect(graph, prompt="a lantern fish", seed="4", type="inference-img2img")


def test_both_passes_of_a_video_that_begins_with_a_picture_are_followed() -> None:
    """Between them, the picture is put into the latent again."""
    graph = advanced()
    graph |= {
        "9": node("EmptyLTXVLatentVideo", width=64, height=64, length=97, batch_size=1),
        "20": node("LTXVImgToVideoInplace", image=("21", 0), latent=("9", 0), vae=("12", 0)),
        "21": node("LoadImage", image="start.png"),
        "22": node("LTXVConcatAVLatent", video_latent=("20", 0), audio_latent=("23", 0)),
        "23": node("LTXVEmptyLatentAudio", frames_number=97, frame_rate=25),
        "24": node("LTXVSeparateAVLatent", av_latent=("10", 0)),
        "25": node("LTXVLatentUpsampler", samples=("24", 0), upscale_model=("26", 0)),
        "26": node("LatentUpscaleModelLoader", model_name="x2.safetensors"),
        "27": node("LTXVImgToVideoInplace", image=("21", 0), latent=("25", 0), vae=("12", 0)),
        "28": node("LTXVConcatAVLatent", video_latent=("27", 0), audio_latent=("24", 1)),
        "29": node("SamplerCustomAdvanced", noise=("30", 0), guider=("31", 0), sampler=("7", 0),
                   sigmas=("32", 0), latent_image=("28", 0)),
        "30": node("RandomNoise", noise_seed=1),
        "31": node("CFGGuider", cfg=1, model=("1", 0), positive=("33", 0), negative=("33", 0)),
        "32": node("ManualSigmas", sigmas="0.9, 0.7, 0.4, 0.0"),
        "33": node("CLIPTextEncode", text="sharper", clip=("2", 0)),
        "34": node("LTXVSeparateAVLatent", av_latent=("29", 0)),
        "11": node("VAEDecode", samples=("34", 0), vae=("12", 0)),
        "13": node("VHS_VideoCombine", images=("11", 0), audio=("35", 0), frame_rate=25),
        "35": node("LTXVAudioVAEDecode", samples=("34", 1), audio_vae=("36", 0)),
        "36": node("LTXVAudioVAELoader", ckpt_name="audio.safetensors"),
    }  # fmt: skip
    graph["10"]["inputs"]["latent_image"] = ["22", 0]
    expect(graph, prompt="a copper owl", seed="99", numInferenceSteps=24, modelId="flux1-dev")
    assert read(graph)["type"] == "inference-img2img"


def test_the_first_stage_of_a_cascade_is_the_main_pass() -> None:
    """The second one begins with an empty latent too; the first is in its conditioning."""
    graph = sampled(latent_image=("20", 0))
    graph |= {
        "20": node("StableCascade_EmptyLatentImage", width=64, height=64, compression=42),
        "21": node("StableCascade_StageB_Conditioning", conditioning=("2", 0), stage_c=("5", 0)),
        "22": node("ConditioningZeroOut", conditioning=("2", 0)),
        "23": node("KSampler", seed=1, steps=10, cfg=1.1, sampler_name="euler",
                   scheduler="simple", denoise=1, model=("24", 0), positive=("21", 0),
                   negative=("22", 0), latent_image=("20", 1)),
        "24": node("CheckpointLoaderSimple", ckpt_name="stage_b.safetensors"),
        "6": node("VAEDecode", samples=("23", 0), vae=("24", 2)),
    }  # fmt: skip
    expect(graph, prompt="a lantern fish", negativePrompt="murky", seed="77", modelId="atlas")


def test_sounds_are_followed_to_their_sampler() -> None:
    graph = {
        "0": node("KSampler", seed=1, steps=2, cfg=1, model=("1", 0), positive=("3", 0)),
        **sampled(),
        "6": node("VAEDecodeAudio", samples=("5", 0), vae=("1", 2)),
        "7": node("SaveAudio", audio=("6", 0), filename_prefix="x"),
    }
    expect(graph, prompt="a lantern fish", seed="77")


def test_nodes_that_do_not_lead_to_the_saved_picture_are_left_out() -> None:
    unused = {
        "0": node("KSampler", seed=1, steps=1, cfg=1, sampler_name="lcm", scheduler="normal",
                  denoise=1, model=("1", 0), positive=("00", 0), negative=("3", 0),
                  latent_image=("4", 0)),
        "00": node("CLIPTextEncode", text="another idea", clip=("1", 1)),
        "000": node("PreviewImage", images=("0", 0)),
    }  # fmt: skip
    expect({**unused, **sampled()}, prompt="a lantern fish", seed="77", unread="another idea")


def test_a_picture_that_starts_a_video_is_not_its_main_pass() -> None:
    graph = {
        **sampled(),
        "30": node("WanImageToVideo", positive=("31", 0), negative=("3", 0), vae=("1", 2),
                   width=832, height=480, length=81, start_image=("6", 0)),
        "31": node("CLIPTextEncode", text="it swims away", clip=("1", 1)),
        "32": node("KSamplerAdvanced", add_noise="enable", noise_seed=5, steps=20, cfg=3.5,
                   sampler_name="euler", scheduler="simple", start_at_step=0, end_at_step=10,
                   model=("34", 0), positive=("30", 0), negative=("30", 1), latent_image=("30", 2)),
        "33": node("KSamplerAdvanced", add_noise="disable", noise_seed=0, steps=20, cfg=3.5,
                   sampler_name="euler", scheduler="simple", start_at_step=10, end_at_step=10000,
                   model=("1", 0), positive=("30", 0), negative=("30", 1), latent_image=("32", 0)),
        "34": node("ModelSamplingSD3", shift=8, model=("35", 0)),
        "35": node("UNETLoader", unet_name="wan2.2_high.safetensors", weight_dtype="default"),
        "36": node("VAEDecode", samples=("33", 0), vae=("1", 2)),
        "7": node("VHS_VideoCombine", frame_rate=16, format="video/h264-mp4", images=("36", 0)),
    }  # fmt: skip
    expect(graph, prompt="it swims away", seed="5", modelId="wan2.2_high", type="inference-img2img")


# Where nothing leads to a sampler.


def test_without_a_sampler_the_texts_of_all_encoders_are_read() -> None:
    graph = {
        "1": node("CLIPTextEncode", text="a red moth"),
        "2": titled("Negative Prompt", node("CLIPTextEncode", text="blurry")),
        "3": node("CLIPTextEncodeSDXL", text_g="at night", text_l="at night"),
        "4": node("Mystery", picture=7),
    }
    expect(graph, prompt="a red moth\nat night", negativePrompt="blurry")


def test_samplers_of_unknown_makers_are_told_by_what_they_are_given() -> None:
    graph = sampled()
    graph["5"] = node("Someone's dreamer", brain=("1", 0), positive=("2", 0), negative=("3", 0),
                      rng_seed=77, canvas=("4", 0))  # fmt: skip
    expect(graph, prompt="a lantern fish", negativePrompt="murky")
    graph["5"] = node("Someone's dreamer", model=("1", 0), wish=("2", 0), seed=77)
    expect(graph, prompt="a lantern fish", seed="77", modelId="atlas")


def test_texts_that_are_linked_as_negative_are_not_in_the_prompt() -> None:
    graph = {
        "1": node("CLIPTextEncode", text="blurry"),
        "2": node("CLIPTextEncode", text="a red moth"),
        "3": node("Someone's apparatus", foreground=("2", 0), negative=("1", 0)),
    }
    expect(graph, prompt="a red moth", negativePrompt="blurry")


def test_texts_that_no_field_has_are_searched() -> None:
    graph = {**sampled(), "30": node("Anyone's node", note="made for the autumn catalogue")}
    expect(graph, unread="made for the autumn catalogue")


def test_negative_texts_of_later_passes_are_not_searched() -> None:
    graph = {
        **sampled(),
        "8": node("KSampler", seed=1, steps=1, cfg=1, sampler_name="lcm", scheduler="normal",
                  denoise=0.3, model=("1", 0), positive=("2", 0), negative=("9", 0),
                  latent_image=("5", 0)),
        "9": node("CLIPTextEncode", text="too many teeth", clip=("1", 1)),
        "6": node("VAEDecode", samples=("8", 0), vae=("1", 2)),
    }  # fmt: skip
    expect(graph, prompt="a lantern fish", seed="77", unread=None)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"4": node("VAEEncode", pixels=("20", 0), vae=("1", 2)),
          "20": node("LoadImage", image="a.png")}, "inference-img2img"),
        ({"4": node("VAEEncodeForInpaint", pixels=("20", 0), vae=("1", 2), mask=("20", 1)),
          "20": node("LoadImage", image="a.png")}, "inference-inpaint"),
        ({"2": node("ControlNetApply", conditioning=("20", 0), control_net=("21", 0),
                    image=("22", 0), strength=1),
          "20": node("CLIPTextEncode", text="a fox", clip=("1", 1)),
          "21": node("ControlNetLoader", control_net_name="x.pth"),
          "22": node("LoadImage", image="a.png")}, "inference-controlnet"),
    ],
)  # fmt: skip
def test_the_kind_of_inference_is_told(changes: Graph, kind: str) -> None:
    expect({**sampled(), **changes}, type=kind)
