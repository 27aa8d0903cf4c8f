"""The page of one asset, and the frame of its 3D viewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from app.exports.file_names import name_of_file
from app.query.display import GROUNDS, Display
from app.query.search import Search
from app.scenario import image_urls
from app.services.related import variants_of
from app.viewmodels.asset_facts import Group, Row, groups, shared_url
from app.viewmodels.crop import crop_url
from app.viewmodels.exploration import exploration_url
from app.viewmodels.library.folders import Crumb, crumbs
from app.viewmodels.lineage import lineage_url
from app.viewmodels.parts.card import Card
from app.viewmodels.parts.controls import Switch
from app.viewmodels.parts.downloads import Download, downloads, is_converted
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from app.scenario.assets import Asset
    from app.scenario.image_urls import Picture
    from app.services.results import AssetDetails


ZOOMED: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"})
ZOOMED_BYTES: Final = 10_000_000
GLTF_BINARY: Final = "model/gltf-binary"
GLTF: Final = frozenset({GLTF_BINARY, "model/gltf+json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetView(BarView):
    """The page of an asset."""

    asset_id: str
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
    similar_url: str
    exploration_url: str
    crop_url: str  # where a part of its picture can be chosen; empty without a picture
    similar_strip_url: str
    lineage_url: str
    lineage_strip_url: str
    variants_url: str
    variants_strip_url: str  # both empty without a prompt
    grounds: tuple[Switch, ...] = ()
    downloads: tuple[Download, ...] = ()
    viewer_url: str = ""  # of the frame with a 3D viewer; empty if it cannot be shown in 3D
    notice: str = ""  # why an older version is shown
    original_url: str = ""  # of its file under its own name; empty if that is gone
    zoom_url: str = ""  # the same, if a browser can show it as the zoomed picture
    file_path: str = ""  # where its file is, on the reader's own machine
    is_gone: bool = False  # its file does not exist any more
    crumbs: tuple[Crumb, ...] = ()  # the folders that its file is in
    collections: tuple[Row, ...] = ()
    collection_names: tuple[str, ...] = ()  # of the collections that exist, to choose from
    own_name: str = ""  # without the prompt or the id in its place
    is_marked_sensitive: bool = False


def is_viewable(asset: Asset, *, by_library: bool) -> bool:
    """Tell whether a 3D viewer can show an asset: glTF, or a model that is converted to it."""
    is_gltf = asset.mimeType in GLTF
    return asset.medium == "3d" and (is_gltf or is_converted(asset, by_library=by_library))


def model_url(asset: Asset) -> str:
    """The address that a 3D viewer loads first: the file if it is glTF, else the conversion."""
    if asset.mimeType in GLTF and asset.url and image_urls.is_web(asset.url):
        return asset.url
    return f"/assets/{asset.id}/model"


@dataclass(frozen=True, slots=True)
class ViewerView:
    """The frame of a 3D model: its address, a second one to try, and a picture to fall back to."""

    name: str
    model_url: str
    again_url: str
    picture_url: str
    download_url: str


def viewer_view(asset: Asset) -> ViewerView:
    """Build the frame of the 3D viewer."""
    path = f"/assets/{asset.id}"
    return ViewerView(
        name=asset.name,
        model_url=model_url(asset),
        again_url=f"{path}/model",
        picture_url=f"{path}/image?width=1600",
        download_url=f"{path}/download",
    )


def asset_view(details: AssetDetails, search: Search, display: Display | None = None) -> AssetView:
    """Build the page of an asset; `search` is the one that the user came from, or empty."""
    display = display or Display()
    asset, by_library, is_gone = details.asset, details.by_library, details.is_gone
    variants = variants_of(asset)
    viewable = is_viewable(asset, by_library=by_library)
    picture = image_urls.large_picture(asset)
    has_parts = bool(picture.src) and asset.medium in image_urls.PICTURED and not is_gone
    original_url = "" if is_gone else f"/assets/{asset.id}/file/{quote(name_of_file(asset))}"
    is_zoomed = asset.mimeType in ZOOMED and (asset.bytes or ZOOMED_BYTES + 1) <= ZOOMED_BYTES
    return AssetView(
        **bar_parts(search, display, details.known),
        asset_id=asset.id,
        title=asset.name,
        card=Card.of(asset, search, 0),
        picture=picture,
        media_url=asset.url if asset.url and image_urls.is_web(asset.url) else "",
        mime=asset.mimeType or "",
        prompt=asset.metadata.prompt or "",
        negative_prompt=asset.metadata.negativePrompt or "",
        description=asset.description or "",
        content=asset.content or asset.transcription or "",
        groups=groups(asset, details.names, display, by_library=by_library),
        tags=tuple(Row("tag", tag, shared_url("tags", tag, display)) for tag in asset.tags),
        similar_url=display.lasting.url(search.similar(asset.id)),
        exploration_url=exploration_url(asset.id, (), search, display),
        crop_url=crop_url(asset.id, search, display) if has_parts else "",
        similar_strip_url=_strip_url(asset, "similar", display),
        lineage_url=lineage_url(asset.id, search, display),
        lineage_strip_url=_strip_url(asset, "lineage", display),
        variants_url=display.lasting.url(variants) if variants else "",
        variants_strip_url=_strip_url(asset, "variants", display) if variants else "",
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
        notice=details.notice,
        original_url=original_url,
        zoom_url=original_url if is_zoomed else "",
        file_path=details.file_path,
        is_gone=is_gone,
        crumbs=crumbs(asset, display),
        collections=tuple(
            Row(
                "collection",
                details.names.get(each, each),
                shared_url("collectionIds", each, display),
                id=each,
            )
            for each in asset.collectionIds
        ),
        collection_names=details.collection_names,
        own_name=asset.metadata.name or "",
        is_marked_sensitive=bool(asset.nsfw),
    )


def _strip_url(asset: Asset, which: str, display: Display) -> str:
    """The address of a row of related assets, which has a search of its own."""
    return display.lasting.url(Search(), f"/assets/{asset.id}/strip/{which}")
