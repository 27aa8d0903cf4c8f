"""The fields of an asset, declared once.

URL parameters, filters, the filter panel, descriptions, the asset page, its links, CSV columns and
the documentation are derived from `FIELDS` when their modules are imported. A new field is one
entry here and one typed attribute of `Asset` or `Metadata` (`app.scenario.assets`).

Names are those of the API (docs/scenario-api.md, "Filterable"); the library declares the same in
`library.schema.fields`. This module knows nothing of URLs, pages and filter expressions.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from app.query.field_spec import FieldSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.query.field_spec import Kind

# Media by their API name, as one asset is called.
KINDS: Final[Mapping[str, str]] = {
    "image": "Image",
    "video": "Video",
    "audio": "Sound",
    "3d": "3D",
    "image-hdr": "HDR image",
    "document": "Document",
    "json": "JSON",
    "text": "Text",
}
RATIOS: Final = ("1:1", "16:9", "3:2", "4:3", "3:4", "2:3", "9:16")


def reader(spec: FieldSpec) -> Callable[[object], Any]:
    """Return the function that reads the value of a field from an `Asset`."""
    return attrgetter(spec.path)


def _of_lineage(name: str, label: str, *, kind: Kind = "text", csv: int = 0) -> FieldSpec:
    """Return a field whose values are the ids of assets that others were made from."""
    return FieldSpec(
        name,
        kind,
        label,
        facet=True,
        panel="lineage",
        section="Generation",
        csv=csv,
        linkable=True,
        extension=True,
    )


# In the order of the URL parameters and of the rows of the asset page.
FIELDS: Final = (
    # `Asset.name` is never empty: the start of the prompt or the id where the asset has no name.
    FieldSpec("name", "text", "Name", csv=2, attribute="name"),
    FieldSpec(
        "ownName", "text", "Name", section="File", filterable=False, attribute="metadata.name"
    ),
    FieldSpec(
        "file",
        "text",
        "File",
        section="File",
        copyable=True,
        filterable=False,
        attribute="metadata.path",
    ),
    FieldSpec(
        "missing", "text", "File is missing", section="File", filterable=False, extension=True
    ),
    FieldSpec(
        "path",
        "array",
        "Folder",
        facet=True,
        panel="folders",
        self_explanatory=True,
        extension=True,
        attribute="folders",
    ),
    FieldSpec(
        "kind",
        "text",
        "Kind",
        facet=True,
        panel="kind",
        section="File",
        csv=3,
        linkable=True,
        self_explanatory=True,
        values=KINDS,
        usual=("image", "video", "audio", "3d"),
        attribute="medium",
    ),
    FieldSpec("pixels", "text", "Pixels", section="File", filterable=False, attribute="pixels"),
    FieldSpec(
        "type",
        "text",
        "Made by",
        facet=True,
        section="Generation",
        csv=4,
        linkable=True,
        library_default="uploaded",  # of a file without generation parameters
    ),
    FieldSpec(
        "tags",
        "array",
        "Tag",
        facet=True,
        panel="tags",
        csv=12,
        linkable=True,
        all_of=True,
        self_explanatory=True,
        attribute="tags",
    ),
    FieldSpec(
        "collectionIds",
        "array",
        "Collection",
        facet=True,
        panel="collections",
        section="Place",
        csv=13,
        linkable=True,
        self_explanatory=True,
        attribute="collectionIds",
    ),
    FieldSpec("modelId", "text", "Model", facet=True, section="Generation", csv=17, linkable=True),
    FieldSpec(
        "baseModelId", "text", "Base model", facet=True, section="Generation", csv=18, linkable=True
    ),
    FieldSpec("modelType", "text", "Model type", section="Generation"),
    FieldSpec(
        "loras",
        "array",
        "LoRA",
        facet=True,
        section="Generation",
        linkable=True,
        extension=True,
    ),
    FieldSpec(
        "aspectRatio",
        "text",
        "Shape",
        facet=True,
        panel="shape",
        section="File",
        csv=9,
        linkable=True,
        self_explanatory=True,
        usual=RATIOS,
    ),
    FieldSpec(
        "authorId",
        "text",
        "Author",
        facet=True,
        section="Place",
        csv=25,
        linkable=True,
        library_default="local",
        attribute="authorId",
    ),
    FieldSpec(
        "author",
        "text",
        "Creator",
        facet=True,
        section="Place",
        csv=26,
        linkable=True,
        extension=True,
    ),
    FieldSpec(
        "license",
        "text",
        "Licence",
        facet=True,
        section="Place",
        csv=27,
        linkable=True,
        extension=True,
    ),
    FieldSpec(
        "mimeType",
        "text",
        "Format",
        facet=True,
        section="File",
        csv=5,
        linkable=True,
        attribute="mimeType",
    ),
    FieldSpec(
        "privacy",
        "text",
        "Privacy",
        facet=True,
        panel="privacy",
        section="Place",
        csv=24,
        linkable=True,
        usual=("private", "public", "unlisted"),
        library_default="private",
        attribute="privacy",
    ),
    FieldSpec("width", "integer", "Width", range=True, panel="pixels", csv=6, attribute="width"),
    FieldSpec("height", "integer", "Height", range=True, panel="pixels", csv=7, attribute="height"),
    FieldSpec(
        "size", "integer", "Size", "bytes", range=True, section="File", csv=8, attribute="bytes"
    ),
    FieldSpec("seed", "text", "Seed", section="Generation", csv=19, copyable=True),
    FieldSpec(
        "guidance", "number", "Guidance", range=True, section="Generation", csv=20, linkable=True
    ),
    FieldSpec(
        "numInferenceSteps",
        "integer",
        "Steps",
        range=True,
        section="Generation",
        csv=21,
        linkable=True,
    ),
    FieldSpec(
        "scheduler", "text", "Scheduler", facet=True, section="Generation", csv=22, linkable=True
    ),
    FieldSpec("prompt", "text", "Prompt", csv=14),
    FieldSpec("negativePrompt", "text", "Negative prompt", csv=15),
    FieldSpec(
        "negativePromptStrength",
        "number",
        "Negative prompt strength",
        section="Generation",
        filterable=False,
    ),
    FieldSpec("text", "text", "Text", section="Generation"),
    _of_lineage("parentId", "Parent", csv=28),
    _of_lineage("rootParentId", "Origin"),
    _of_lineage("referenceImages", "Reference", kind="array"),
    FieldSpec("parentJobId", "text", "Job", section="Generation", copyable=True, filterable=False),
    FieldSpec(
        "description", "text", "Description", csv=16, filterable=False, attribute="description"
    ),
    FieldSpec(
        "createdAt",
        "date",
        "Created",
        range=True,
        panel="dates",
        section="Place",
        csv=10,
        attribute="createdAt",
    ),
    FieldSpec(
        "updatedAt",
        "date",
        "Changed",
        range=True,
        panel="dates",
        section="Place",
        csv=11,
        attribute="updatedAt",
    ),
    FieldSpec(
        "ownerId", "text", "Owner", section="Place", library_default="local", attribute="ownerId"
    ),
    FieldSpec(
        "teamId",
        "text",
        "Team",
        section="Place",
        filterable=False,
        library_default="local",
        attribute="teamId",
    ),
    FieldSpec(
        "status",
        "text",
        "Status",
        section="Place",
        filterable=False,
        library_default="success",
        attribute="status",
    ),
    FieldSpec(
        "rating",
        "integer",
        "Rating",
        facet=True,
        panel="marks",
        csv=29,
        self_explanatory=True,
        values={"5": "5 stars", "4": "4 stars", "3": "3 stars", "2": "2 stars", "1": "1 star"},
        usual=("5", "4", "3", "2", "1"),
        extension=True,
        has_tags=True,
    ),
    FieldSpec(
        "label",
        "text",
        "Label",
        facet=True,
        panel="marks",
        csv=30,
        self_explanatory=True,
        values={"pick": "Pick", "reject": "Reject"},
        usual=("pick", "reject"),
        extension=True,
        has_tags=True,
    ),
    FieldSpec("nsfw", "array", "Sensitive", section="Place", csv=23, attribute="nsfw"),
    FieldSpec(
        "id",
        "text",
        "Id",
        section="Place",
        csv=1,
        copyable=True,
        filterable=False,
        attribute="id",
    ),
)
