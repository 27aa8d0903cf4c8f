"""Synthetic hits in the format of the Scenario API, for fake servers.

Knows the fields of a hit and how its URLs are signed; knows nothing of HTTP. The same number
always makes the same hit, so a test can name what it expects.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

KINDS = ("image", "video", "audio", "3d", "image-hdr", "document", "json", "text")
_MIME = {
    "image": "image/png",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "3d": "model/gltf-binary",
    "image-hdr": "image/vnd.radiance",
    "document": "application/pdf",
    "json": "application/json",
    "text": "text/plain",
}
_SIZES = ((1024, 1024), (1344, 768), (768, 1344), (64, 64), (2048, 512))
_PROMPTS = (
    "a castle on a hill, morning fog",
    "a <b>bold</b> dragon & \"its\" hoard of 'gold' </script>",
    "قلعة على تل في الصباح",
    "城の上の竜 🐉 水彩画",
    "portrait of a knight, " + "very detailed, " * 40,
)
_SUBJECTS = ("castle", "dragon", "tree", "sword", "robot", "coin", "door")
_FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)


def asset_id(number: int) -> str:
    """The id of one synthetic asset: `asset_` and 24 characters."""
    return "asset_" + hashlib.sha256(b"synthetic %d" % number).hexdigest()[:24]


def signed(url: str, *, expires: float) -> str:
    """The URL with a policy that ends at `expires` (seconds since 1970), as the CDN spells it."""
    condition = {"DateLessThan": {"AWS:EpochTime": int(expires)}}
    policy = json.dumps({"Statement": [{"Resource": url + "*", "Condition": condition}]})
    spelled = base64.b64encode(policy.encode()).decode().translate(str.maketrans("+=/", "-_~"))
    mark = "&" if "?" in url else "?"
    return f"{url}{mark}Policy={spelled}&Signature=synthetic~-_&Key-Pair-Id=K2SYNTHETIC"


def expiry(query: dict[str, str]) -> float:
    """When the policy in a URL's query ends (seconds since 1970); 0 where there is none."""
    spelled = query.get("Policy", "").translate(str.maketrans("-_~", "+=/"))
    try:
        policy = json.loads(base64.b64decode(spelled))
        return float(policy["Statement"][0]["Condition"]["DateLessThan"]["AWS:EpochTime"])
    except (ValueError, LookupError, TypeError):
        return 0.0


def hit(number: int, *, cdn: str, expires: float | None = None) -> dict[str, Any]:
    """One hit with every field that its kind can have.

    Every eighth is of the same kind, every second image has no thumbnail (as measured on the live
    service), every seventh is marked nsfw, and the prompts hold what breaks careless pages.
    `cdn` is the host that its URLs begin with; `expires` defaults to a midnight a week from now:
    the API, too, signs for days, so that the same URL comes with each answer.
    """
    expires = (time.time() // 86400 + 8) * 86400 if expires is None else expires
    kind = KINDS[number % len(KINDS)]
    identity = asset_id(number)
    width, height = _SIZES[number // len(KINDS) % len(_SIZES)]
    subject = _SUBJECTS[number % len(_SUBJECTS)]
    made = _FIRST_DAY + timedelta(hours=number)
    visible = kind in ("image", "video", "image-hdr")
    metadata: dict[str, Any] = {
        "kind": kind,
        "type": "inference-txt2img" if kind == "image" else "uploaded",
        "name": f"{subject} {number}",
        "size": 1000 + number,
    }
    if visible:
        metadata |= {"width": width, "height": height, "aspectRatio": f"{width}:{height}"}
    if kind == "image":
        metadata |= {
            "prompt": _PROMPTS[number // len(KINDS) % len(_PROMPTS)],
            "negativePrompt": "blurry",
            "seed": str(4_000_000_000 + number),
            "modelId": f"model_{number % 3}",
            "numInferenceSteps": 28,
            "guidance": 3.5,
            "scheduler": "EulerDiscreteScheduler",
            "parentJobId": f"job_{number // 32}",
        }
    folder = "assets-transform" if kind == "image" else "assets"
    made_hit: dict[str, Any] = {
        "id": identity,
        "authorId": f"author_{number % 4}",
        "collectionIds": [f"collection_{number % 5}"],
        "createdAt": _stamp(made),
        "updatedAt": _stamp(made + timedelta(minutes=1)),
        "metadata": metadata,
        "mimeType": _MIME[kind],
        "nsfw": ["suggestive"] if number % 7 == 6 else [],
        "ownerId": "project_synthetic",
        "privacy": ("private", "public", "unlisted")[number % 3],
        "tags": [subject, "synthetic"],
        "teamId": "team_synthetic",
        "url": signed(f"{cdn}/{folder}/{identity}?p=100", expires=expires),
    }
    if kind != "image" or number // len(KINDS) % 2:
        thumbnail = signed(f"{cdn}/thumbnails/{identity}", expires=expires)
        made_hit["thumbnail"] = {"assetId": asset_id(number + 1_000_000), "url": thumbnail}
    if kind == "text":
        made_hit["content"] = f"A text about a {subject}."
    if kind == "audio":
        made_hit["transcription"] = f"The sound of a {subject}."
    return made_hit


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
