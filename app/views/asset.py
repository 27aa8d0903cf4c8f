"""AssetView: one asset with all that is known of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from app import filters, images, words
from app.display import GROUNDS, Display
from app.search import Search
from app.views.card import Card
from app.views.downloads import Download, downloads, is_converted
from app.views.form import Example, Form, examples
from app.views.option import Switch
from app.views.part import part_url
from app.views.wander import wander_url

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from app.assets import Asset
    from app.display import Ground
    from app.images import Picture


GLTF_BINARY: Final = "model/gltf-binary"
GLTF: Final = frozenset({GLTF_BINARY, "model/gltf+json"})
MOST_PROMPT: Final = 1500  # characters of a prompt that a filter can carry


@dataclass(frozen=True, slots=True)
class Row:
    """One fact of an asset; `url` finds those that share it, `copy` asks for a copy button."""

    label: str
    value: str
    url: str = ""
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Facts that belong together."""

    label: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class AssetView:
    """An asset's own page."""

    asset_id: str
    title: str
    card: Card
    picture: Picture
    media_url: str  # the file itself, for sound and video
    mime: str
    prompt: str
    negative_prompt: str
    description: str
    content: str
    groups: tuple[Group, ...]
    tags: tuple[Row, ...]
    back_url: str
    back_words: str
    similar_url: str
    wander_url: str
    part_url: str  # where a part of its picture is chosen; empty where it shows none
    variants_url: str  # of the strip; empty where no words are known that could be shared
    variants_search_url: str
    form: Form
    examples: tuple[Example, ...]
    search: Search
    ground: Ground = "page"  # what a transparent picture is seen on
    grounds: tuple[Switch, ...] = ()
    downloads: tuple[Download, ...] = ()
    viewer_url: str = ""  # of the frame that shows a model; empty where none can
    notice: str = ""  # why older answers are shown
    is_gone: bool = False  # its file is not there any more


def variants_of(asset: Asset) -> Search | None:
    """The search for what was made from the same words; None where no words are known.

    The API cannot filter by job (`parentJobId`): the prompt is what the results of one share.
    """
    prompt = asset.metadata.prompt
    if not prompt or len(prompt) > MOST_PROMPT:
        return None
    return Search(filter=f"prompt = {filters.quote(prompt)}")


def is_viewable(asset: Asset, *, by_library: bool) -> bool:
    """Tell whether a 3D viewer can show it: glTF, or what is converted to that."""
    is_gltf = asset.mimeType in GLTF
    return asset.medium == "3d" and (is_gltf or is_converted(asset, by_library=by_library))


def model_url(asset: Asset) -> str:
    """Where a 3D viewer asks first: the file itself where it is glTF, else through Akin."""
    if asset.mimeType in GLTF and asset.url and images.is_web(asset.url):
        return asset.url
    return f"/assets/{asset.id}/model"


@dataclass(frozen=True, slots=True)
class ViewerView:
    """The frame of a 3D model: where it is asked for, then where else, and what stands in."""

    name: str
    model_url: str
    again_url: str
    picture_url: str
    download_url: str


def viewer_view(asset: Asset) -> ViewerView:
    """Build the frame of an asset's viewer."""
    path = f"/assets/{asset.id}"
    return ViewerView(
        name=asset.name,
        model_url=model_url(asset),
        again_url=f"{path}/model",
        picture_url=f"{path}/image?width=1600",
        download_url=f"{path}/download",
    )


def asset_view(
    asset: Asset,
    search: Search,
    display: Display | None = None,
    *,
    names: Mapping[str, str] | None = None,
    known: Mapping[str, Asset] | None = None,
    notice: str = "",
    by_library: bool = False,
    is_gone: bool = False,
) -> AssetView:
    """Build an asset's page; `search` is where the reader came from, or empty.

    `by_library` tells that Akin's own library answers, which converts less than the API does;
    `is_gone`, that it knows the asset and has no file of it any more.
    """
    display = display or Display()
    names = names or {}
    variants = variants_of(asset)
    viewable = is_viewable(asset, by_library=by_library)
    picture = images.large_picture(asset)
    has_parts = bool(picture.src) and asset.medium in images.PICTURED and not is_gone
    return AssetView(
        asset_id=asset.id,
        title=asset.name,
        card=Card.of(asset, search, 0),
        picture=picture,
        media_url=asset.url if asset.url and images.is_web(asset.url) else "",
        mime=asset.mimeType or "",
        prompt=asset.metadata.prompt or "",
        negative_prompt=asset.metadata.negativePrompt or "",
        description=asset.description or "",
        content=asset.content or asset.transcription or "",
        groups=tuple(group for group in _groups(asset, names, by_library) if group.rows),
        tags=tuple(Row("tag", tag, _sharing("tags", tag)) for tag in asset.tags),
        back_url=display.url(search),
        back_words=words.back_to(search),
        similar_url=display.lasting.url(search.similar(asset.id)),
        wander_url=wander_url(asset.id, (), search, display),
        part_url=part_url(asset.id, search, display) if has_parts else "",
        variants_url=f"/assets/{asset.id}/strip/variants" if variants else "",
        variants_search_url=variants.url() if variants else "",
        form=Form.of(search, display),
        examples=examples(search, known or {}, display),
        search=search,
        ground=display.ground,
        grounds=tuple(
            Switch(
                label,
                display.with_(ground=ground).url(search, f"/assets/{asset.id}"),
                display.ground == ground,
            )
            for ground, label in GROUNDS.items()
        ),
        downloads=downloads(asset, by_library=by_library),
        viewer_url=f"/assets/{asset.id}/viewer" if viewable else "",
        notice=notice,
        is_gone=is_gone,
    )


def _sharing(parameter: str, value: object) -> str:
    """The search for what has the same; empty where no search can say it."""
    search = Search().adding(parameter, str(value))
    return "" if search.is_empty else search.url()


def _groups(asset: Asset, names: Mapping[str, str], by_library: bool) -> Iterable[Group]:
    """All that is known, in groups; what shares a value is a link to the others.

    What our own library says of every asset says nothing of this one.
    """
    made = asset.metadata

    def facet(label: str, parameter: str, value: object, shown: str = "") -> Row | None:
        if value is None or value == "":
            return None
        text = shown or names.get(str(value), str(value))
        return Row(label, text, _sharing(parameter, value))

    def plain(label: str, value: object, *, copy: bool = False) -> Row | None:
        return None if value is None or value == "" else Row(label, str(value), copy=copy)

    def group(label: str, *rows: Row | None) -> Group:
        return Group(label, tuple(row for row in rows if row is not None))

    def telling(name: str) -> str | None:
        value: str | None = attrgetter(name)(asset)
        return None if by_library and value == _ALWAYS[name] else value

    size = f"{asset.width} × {asset.height}" if asset.width and asset.height else None
    yield group(
        "File",
        plain("Name", made.name),
        plain("File", made.path, copy=True),
        facet("Kind", "kind", asset.medium, words.KINDS.get(asset.medium, asset.medium)),
        plain("Pixels", size),
        facet("Shape", "aspectRatio", made.aspectRatio),
        facet("Format", "mimeType", asset.mimeType),
        plain("Size", words.file_size(asset.bytes) if asset.bytes else None),
        *_further(asset.properties, _SHOWN),
    )
    yield group(
        "Generation",
        facet("Made by", "type", telling("metadata.type")),
        facet("Model", "modelId", made.modelId),
        facet("Base model", "baseModelId", made.baseModelId),
        plain("Model type", made.modelType),
        plain("Seed", made.seed, copy=True),
        facet("Steps", "numInferenceSteps", made.numInferenceSteps),
        facet("Guidance", "guidance", made.guidance),
        facet("Scheduler", "scheduler", made.scheduler),
        plain("Negative prompt strength", made.negativePromptStrength),
        plain("Text", made.text),
        plain("Job", made.parentJobId, copy=True),
    )
    yield group(
        "Place",
        *(facet("Collection", "collectionIds", each) for each in asset.collectionIds),
        plain("Created", words.date(asset.createdAt)),
        plain("Changed", words.date(asset.updatedAt)),
        facet("Author", "authorId", telling("authorId")),
        facet("Privacy", "privacy", telling("privacy")),
        plain("Owner", telling("ownerId")),
        plain("Team", telling("teamId")),
        plain("Status", telling("status")),
        plain("Sensitive", ", ".join(asset.nsfw)),
        plain("Id", asset.id, copy=True),
    )
    # The API grows without notice; what it calls by a name of its own is shown under that.
    source = {"source"} if asset.others.get("source") == made.type else set()
    yield group("Other", *_further(asset.others, source))


_ALWAYS: Final = {
    "authorId": "local",
    "ownerId": "local",
    "teamId": "local",
    "privacy": "private",
    "status": "success",
    "metadata.type": "uploaded",  # of a file that says nothing of how it was made
}
_SHOWN: Final = frozenset({"width", "height", "size"})
MOST_ROWS: Final = 100  # of one group
MOST_ITEMS: Final = 20  # of a list that is shown; an embedding has a thousand
MOST_TEXT: Final = 2000  # characters of a value that nobody has told what it is
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Properties whose API names are no words, or whose numbers have a unit.
_PROPERTIES: Final = {
    "duration": ("Duration", " s"),
    "frameRate": ("Frame rate", " a second"),
    "sampleRate": ("Sample rate", " Hz"),
    "nbChannels": ("Channels", ""),
    "frameCount": ("Frames", ""),
    "vertexCount": ("Vertices", ""),
    "faceCount": ("Faces", ""),
}


def _further(values: Mapping[str, object], left_out: Collection[str]) -> Iterable[Row]:
    """Whatever can be said in a line of each value, under the words of its name."""
    for name, value in sorted(values.items())[:MOST_ROWS]:
        if name in left_out or name.lower().endswith("url") or not (said := _said(value)):
            continue
        label, unit = _PROPERTIES.get(name, (_label(name), ""))
        yield Row(label, f"{said}{unit}")


def _label(name: str) -> str:
    first, *rest = _WORDS.sub(" ", name).replace("_", " ").split() or [name]
    return " ".join([first[:1].upper() + first[1:], *(_lower(each) for each in rest)])


def _lower(word: str) -> str:
    """A word in small letters, unless it is an abbreviation: `UVs` stays."""
    return word if word[1:2].isupper() else word.lower()


def _said(value: object) -> str:
    """A value in words; empty for what has none, and for addresses, whose signatures end."""
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case int():
            return str(value)
        case str():
            return "" if value.startswith(("http:", "https:", "data:")) else value[:MOST_TEXT]
        case list() if len(value) <= MOST_ITEMS:
            return ", ".join(filter(None, (_said(x) for x in value if not isinstance(x, list))))
        case _:
            return ""
