"""FieldSpec: what one field of an asset is called, and where it can be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["text", "array", "integer", "number", "date"]
Section = Literal["File", "Generation", "Place"]
PanelGroup = Literal[
    "kind",
    "pixels",
    "shape",
    "dates",
    "tags",
    "collections",
    "folders",
    "privacy",
    "marks",
    "lineage",
    "more",
]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of an asset: what it is called, and where it can be used.

    `facet`: it is filtered by chosen values. `range`: it is filtered by an interval. A field that
    is neither is shown, exported, or used in a filter expression that the user writes.
    """

    name: str  # the API's; also the URL parameter and the CSV column
    kind: Kind
    label: str
    unit: str = ""
    facet: bool = False
    range: bool = False
    panel: PanelGroup = "more"  # the part of the filter panel, for a facet or a range
    section: Section | None = None  # the part of the asset page; None: not listed there
    csv: int = 0  # position among the columns; 0: not in the table
    linkable: bool = False  # the asset page links to the assets with the same value
    copyable: bool = False  # the asset page offers to copy it
    filterable: bool = True  # the API accepts it in a filter expression
    all_of: bool = False  # a facet can require all of several values
    self_explanatory: bool = False  # a value needs no label in a sentence: "castle", "16:9"
    values: Mapping[str, str] = field(default_factory=dict)  # labels of values
    usual: tuple[str, ...] = ()  # values that the panel always offers
    library_default: str = ""  # the value that Akin's own library gives every asset: not shown
    extension: bool = False  # only Akin's own library has it, not the Scenario API
    has_tags: bool = False  # and its values are tags there, as in `rating:4`
    attribute: str = ""  # of an `Asset`, dotted; `metadata.<name>` where empty

    @property
    def noun(self) -> str:
        """The label within a sentence."""
        return self.label.lower()

    @property
    def path(self) -> str:
        """The dotted path of its value in an `Asset`."""
        return self.attribute or f"metadata.{self.name}"
