"""Models and LoRAs of ComfyUI's graphs, and models with nodes of their own."""

from __future__ import annotations

import pytest

from tests.support.comfyui_graphs import Graph, expect, node, read, sampled


@pytest.mark.parametrize(
    ("loader", "model", "loras"),
    [
        ({"20": node("LoraLoader", lora_name="ink/wash.safetensors", strength_model=0.8,
                     strength_clip=1, model=("1", 0), clip=("1", 1))}, "atlas", ("wash",)),
        ({"20": node("LoraLoaderModelOnly", lora_name="b.safetensors", strength_model=1,
                     model=("21", 0)),
          "21": node("LoraLoader", lora_name="a.safetensors", strength_model=0.5,
                     strength_clip=0.5, model=("1", 0), clip=("1", 1))}, "atlas", ("a", "b")),
        ({"20": node("Power Lora Loader (rgthree)", model=("21", 0), clip=("1", 1),
                     PowerLoraLoaderHeaderWidget={"type": "PowerLoraLoaderHeaderWidget"},
                     lora_1={"on": True, "lora": "ink\\wash.safetensors", "strength": 0.75},
                     lora_2={"on": False, "lora": "off.safetensors", "strength": 1},
                     **{"➕ Add Lora": ""}),
          "21": node("UnetLoaderGGUF", unet_name="flux1-dev-Q8_0.gguf")},
         "flux1-dev-Q8_0", ("wash",)),
        ({"20": node("CR Apply LoRA Stack", model=("1", 0), clip=("1", 1), lora_stack=("21", 0)),
          "21": node("CR LoRA Stack", switch_1="On", lora_name_1="a.safetensors",
                     model_weight_1=0.6, clip_weight_1=1, switch_2="Off",
                     lora_name_2="b.safetensors", model_weight_2=1, clip_weight_2=1,
                     switch_3="Off", lora_name_3="None",
                     model_weight_3=1, clip_weight_3=1)}, "atlas", ("a",)),
        ({"20": node("Lora Loader Stack (rgthree)", lora_01="a.safetensors", strength_01=0.4,
                     lora_02="None", strength_02=1, model=("1", 0), clip=("1", 1))},
         "atlas", ("a",)),
        ({"20": node("Lora Loader (LoraManager)", text="<lora:a:0.7>", model=("1", 0),
                     loras={"__value__": [{"name": "a", "strength": 0.7, "active": True},
                                          {"name": "b", "strength": 1, "active": False}]})},
         "atlas", ("a",)),
        ({"20": node("ModelSamplingFlux", max_shift=1.15, base_shift=0.5, model=("21", 0)),
          "21": node("PathchSageAttentionKJ", sage_attention="auto", model=("22", 0)),
          "22": node("LoraLoader|pysssss", lora_name={"content": "a.safetensors", "image": None},
                     strength_model=1, strength_clip=1, model=("1", 0), clip=("1", 1))},
         "atlas", ("a",)),
        ({"20": node("ModelMergeSimple", ratio=0.5, model1=("1", 0), model2=("21", 0)),
          "21": node("CheckpointLoaderSimple", ckpt_name="other.safetensors")}, "atlas", None),
        ({"20": node("ADE_AnimateDiffLoaderGen1", model_name="mm_sd15_v3.ckpt", model=("1", 0),
                     beta_schedule="autoselect"),
          "21": node("X")}, "atlas", None),
        ({"20": node("ADE_UseEvolvedSampling", m_models=("21", 0), model=("1", 0)),
          "21": node("ADE_ApplyAnimateDiffModelSimple", motion_model=("22", 0)),
          "22": node("ADE_LoadAnimateDiffModel", model_name="mm_sd15_v3.ckpt")}, "atlas", None),
        ({"20": node("IPAdapterAdvanced", model=("21", 0), ipadapter=("22", 0), weight=1),
          "21": node("easy loraStackApply", lora_stack=("23", 0), model=("1", 0)),
          "22": node("IPAdapterModelLoader", ipadapter_file="plus.safetensors"),
          "23": node("easy loraStack", toggle=True, mode="simple", num_loras=1,
                     lora_1_name="a.safetensors", lora_1_strength=0.5,
                     lora_2_name="b.safetensors", lora_2_strength=1)}, "atlas", ("a",)),
        ({"20": node("NunchakuFluxLoraLoader", model=("21", 0), lora_name="a.safetensors",
                     lora_strength=1),
          "21": node("NunchakuFluxDiTLoader", model_path="svdq-int4-flux.1-dev",
                     cpu_offload="auto")},
         "svdq-int4-flux.1-dev", ("a",)),
        ({"20": node("UNETLoader", unet_name=("21", 0), weight_dtype="default"),
          "21": node("DiffusionModelSelector", model_name="wan/z_image.safetensors")},
         "z_image", None),
    ],
)  # fmt: skip
def test_models_are_read_behind_their_loras_and_patches(
    loader: Graph, model: str, loras: tuple[str, ...] | None
) -> None:
    expect({**sampled(model=("20", 0)), **loader}, modelId=model, loras=loras, seed="77")


def test_strengths_and_further_settings_are_shown() -> None:
    graph = sampled(model=("20", 0), denoise=0.6)
    graph["20"] = node(
        "LoraLoader", lora_name="a.safetensors", strength_model=0.55, model=("21", 0), clip=("1", 1)
    )
    graph["21"] = node("LoraLoaderModelOnly", lora_name="b.safetensors", strength_model=-1,
                       model=("1", 0))  # fmt: skip
    shown = {"loraStrengths": "b -1, a 0.55", "noiseSchedule": "karras", "denoise": 0.6}
    expect(graph, loras=("b", "a"), metadata=shown)


def test_loras_in_a_prompt_are_listed() -> None:
    graph = sampled()
    graph["2"]["inputs"]["text"] = "a moth <lora:ink_wash:0.6>, dusk"
    expect(graph, loras=("ink_wash",))


def test_the_nodes_of_wan_videos_are_read() -> None:
    graph = {
        "1": node("WanVideoModelLoader", model="Wan2_1-T2V.safetensors", base_precision="fp16",
                  quantization="disabled", load_device="main_device", lora=("2", 0)),
        "2": node("WanVideoLoraSelect", lora="causvid.safetensors", strength=0.5),
        "3": node("LoadWanVideoT5TextEncoder", model_name="umt5-xxl.safetensors"),
        "4": node("WanVideoTextEncode", positive_prompt="a fox runs", negative_prompt="static",
                  force_offload=True, t5=("3", 0)),
        "5": node("WanVideoEmptyEmbeds", width=832, height=480, num_frames=81),
        "6": node("WanVideoSampler", steps=25, cfg=6, shift=5, seed=12, force_offload=True,
                  scheduler="unipc", riflex_freq_index=0, model=("1", 0), text_embeds=("4", 0),
                  image_embeds=("5", 0)),
        "7": node("WanVideoDecode", samples=("6", 0), vae=("8", 0), tile_x=272),
        "8": node("WanVideoVAELoader", model_name="vae.safetensors"),
        "9": node("VHS_VideoCombine", images=("7", 0), frame_rate=16),
    }  # fmt: skip
    expect(graph, prompt="a fox runs", negativePrompt="static", seed="12", scheduler="unipc",
           numInferenceSteps=25, guidance=6.0, modelId="Wan2_1-T2V",
           loras=("causvid",))  # fmt: skip


def test_the_nodes_of_hunyuan_videos_are_read() -> None:
    graph = {
        "1": node("HyVideoModelLoader", model="hunyuan.safetensors", base_precision="bf16"),
        "2": node("HyVideoTextEncode", prompt="a fox runs", text_encoders=("3", 0)),
        "3": node("DownloadAndLoadHyVideoTextEncoder", llm_model="Kijai/llava", precision="fp16"),
        "4": node("HyVideoSampler", width=512, height=320, num_frames=85, steps=30,
                  embedded_guidance_scale=6, flow_shift=9, seed=6, force_offload=1,
                  model=("1", 0), hyvid_embeds=("2", 0)),
        "5": node("HyVideoDecode", samples=("4", 0), vae=("6", 0)),
        "6": node("HyVideoVAELoader", model_name="vae.safetensors"),
        "7": node("VHS_VideoCombine", images=("5", 0)),
    }  # fmt: skip
    expect(graph, prompt="a fox runs", negativePrompt=None, seed="6", guidance=6.0,
           numInferenceSteps=30, modelId="hunyuan")  # fmt: skip


def test_the_nodes_of_kolors_are_read() -> None:
    graph = {
        "1": node("DownloadAndLoadKolorsModel", model="Kwai-Kolors/Kolors", precision="fp16"),
        "2": node("DownloadAndLoadChatGLM3", precision="fp16"),
        "3": node("KolorsTextEncode", chatglm3_model=("2", 0), prompt="a fox",
                  negative_prompt="text", num_images_per_prompt=1),
        "4": node("KolorsSampler", kolors_model=("1", 0), kolors_embeds=("3", 0), width=1024,
                  height=1024, seed=8, steps=25, cfg=5, scheduler="EulerDiscreteScheduler"),
        "5": node("VAEDecode", samples=("4", 0), vae=("6", 0)),
        "6": node("VAELoader", vae_name="sdxl.safetensors"),
        "7": node("SaveImage", images=("5", 0)),
    }  # fmt: skip
    expect(graph, prompt="a fox", negativePrompt="text", seed="8", modelId="Kolors",
           scheduler="EulerDiscreteScheduler")  # fmt: skip


def test_a_service_without_a_sampler_is_read() -> None:
    graph = {
        "1": node("GeminiImageNode", prompt="a fox in ink", model="gemini-2.5-flash-image",
                  seed=9, images=("2", 0)),
        "2": node("LoadImage", image="fox.png"),
        "3": node("SaveImage", images=("1", 0), filename_prefix="x"),
    }  # fmt: skip
    expect(graph, prompt="a fox in ink", seed="9", modelId="gemini-2.5-flash-image")


def test_song_texts_are_read() -> None:
    graph = {
        "1": node("CheckpointLoaderSimple", ckpt_name="ace_step.safetensors"),
        "2": node("TextEncodeAceStepAudio", tags="folk, banjo", lyrics="[verse] o fox",
                  lyrics_strength=1, clip=("1", 1)),
        "3": node("ConditioningZeroOut", conditioning=("2", 0)),
        "4": node("EmptyAceStepLatentAudio", seconds=120, batch_size=1),
        "5": node("KSampler", seed=3, steps=50, cfg=5, sampler_name="euler", scheduler="simple",
                  denoise=1, model=("1", 0), positive=("2", 0), negative=("3", 0),
                  latent_image=("4", 0)),
        "6": node("VAEDecodeAudio", samples=("5", 0), vae=("1", 2)),
        "7": node("SaveAudioMP3", audio=("6", 0), filename_prefix="audio/x"),
    }  # fmt: skip
    fields = read(graph)
    assert fields["prompt"] == "folk, banjo\n[verse] o fox"
    assert (fields["seed"], fields["modelId"]) == ("3", "ace_step")
