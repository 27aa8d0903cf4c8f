"""The documents of the small library that the official client reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support import sample_documents

if TYPE_CHECKING:
    from library.schema.documents import Document

TOPICS = (("castle", "red"), ("dragon", "green"), ("ship", "blue"))
EACH = 15


def items() -> list[tuple[Document, tuple[int, int, int] | None]]:
    """45 pictures of three topics, two sounds and a video."""
    found = [
        (
            sample_documents.document(
                f"{topic} {step:02d}",
                tags=(topic, f"set {step % 4}"),
                prompt=f"a {colour} {topic}",
                negativePrompt="blurry",
                seed=str(1000 + step),
                guidance=7.5,
                numInferenceSteps=30,
                modelId="model_pixels",
                type="inference-txt2img",
                width=64 + step,
                createdAt=f"2025-01-{step + 1:02d}T08:30:00.000Z",
                collectionIds=(f"collection_{topic}",),
                madeFrom=(f"/art/{topic} {step - 1:02d}.png",) if 0 < step < 5 else (),
                references=("dragon 14.png",) if topic == "ship" and step == 9 else (),
            ),
            pixel,
        )
        for topic, colour in TOPICS
        for step, pixel in enumerate(sample_documents.shades(colour, EACH))
    ]
    nothing = {"width": None, "height": None, "aspectRatio": None, "thumbnail": False}
    sound = sample_documents.document(
        "splash",
        kind="audio",
        mimeType="audio/wav",
        tags=("sound",),
        properties={"size": 9},
        **nothing,
    )
    song = sample_documents.document(
        "song", kind="audio", mimeType="audio/mpeg", properties={"size": 9}, **nothing
    )
    clip = sample_documents.document(
        "trailer", kind="video", mimeType="video/mp4", privacy="public"
    )
    return [*found, (sound, None), (song, None), (clip, None)]
