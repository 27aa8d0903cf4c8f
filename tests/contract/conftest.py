"""A small library behind a real server on loopback, and the official client that talks to it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from scenario_sdk import Scenario
from werkzeug.serving import make_server

from library import create_library
from library.documents import Collection
from library.homes import KeyPair
from tests.library import engine_samples as samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOPICS = (("castle", "red"), ("dragon", "green"), ("ship", "blue"))
EACH = 15


def items() -> list[tuple[samples.Document, tuple[int, int, int] | None]]:
    """45 pictures of three topics, two sounds and a video."""
    found = [
        (
            samples.document(
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
            ),
            pixel,
        )
        for topic, colour in TOPICS
        for step, pixel in enumerate(samples.shades(colour, EACH))
    ]
    nothing = {"width": None, "height": None, "aspectRatio": None, "thumbnail": False}
    sound = samples.document(
        "splash",
        kind="audio",
        mimeType="audio/wav",
        tags=("sound",),
        properties={"size": 9},
        **nothing,
    )
    song = samples.document(
        "song", kind="audio", mimeType="audio/mpeg", properties={"size": 9}, **nothing
    )
    clip = samples.document("trailer", kind="video", mimeType="video/mp4", privacy="public")
    return [*found, (sound, None), (song, None), (clip, None)]


def _filed(found: samples.Document, folder: Path) -> samples.Document:
    """The same with a file, of which nothing is read here but that it is there."""
    (folder / found.source.path).touch()
    return replace(found, source=replace(found.source, root=str(folder)))


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the library listens."""
    home: Path = tmp_path_factory.mktemp("home")
    folder = home / "pictures"
    folder.mkdir()
    index = samples.library(
        home,
        [(_filed(found, folder), pixel) for found, pixel in items()],
        [Collection(id=f"collection_{topic}", name=topic.title()) for topic, _ in TOPICS],
    )
    index.close()
    library = create_library(home, key_pair=KeyPair("key", "secret"), models=samples.Tastes())
    server = make_server("127.0.0.1", 0, library, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def client(address: str) -> Iterator[Scenario]:
    """The official client, checking every field of every answer."""
    with Scenario(
        api_key="key",
        api_secret="secret",
        base_url=address,
        max_retries=0,
        _strict_response_validation=True,
    ) as found:
        yield found
