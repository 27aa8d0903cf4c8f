"""What clients have changed in the simulated Scenario API: tags, names, descriptions, collections.

As docs/scenario-api.md says, "Calls that write": 49 assets at once, adding what is in a collection
is an error, and so is everything with a key that may only read. Searches show what was written when
`index()` is called, if `is_behind` says that the search index lags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.faults.exchange import Refusal

if TYPE_CHECKING:
    from tests.faults.exchange import Request

Json = dict[str, Any]
MOST_MEMBERS = 49


class Writes:
    """The changes so far, as fields of hits by id, and the collections."""

    def __init__(self) -> None:
        """Five collections, and nothing changed."""
        self.can_write = True
        self.is_behind = False
        self.collections = {f"collection_{n}": f"Folder {n}" for n in range(5)}
        self.deleted: set[str] = set()  # ids of assets
        self._changes: dict[str, Json] = {}
        self._indexed: dict[str, Json] = {}

    def shown(self, hit: Json, *, by_search: bool = False) -> Json:
        """Return a hit as it is now, or as the search index has it."""
        changes = self._indexed if by_search and self.is_behind else self._changes
        changed = changes.get(hit["id"], {})
        metadata = hit["metadata"] | changed.get("metadata", {})
        shown = hit | changed | {"metadata": metadata}
        shown["collectionIds"] = [i for i in shown["collectionIds"] if i in self.collections]
        return shown

    def index(self) -> None:
        """Let searches show what was written so far."""
        self._indexed = dict(self._changes)

    def change(self, hit: Json, **fields: Any) -> None:
        """Change fields of a hit, as another client does."""
        self._changes[hit["id"]] = self._changes.get(hit["id"], {}) | fields

    def edit_asset(self, request: Request, hit: Json) -> Json:
        """PUT /assets/{id}. Raises Refusal."""
        self._require()
        body = dict(request.json)
        if unknown := body.keys() - {"name", "description", "thumbnail", "canvas"}:
            raise Refusal(400, f"Unknown parameter {min(unknown)}", "BAD_REQUEST")
        name = body.pop("name", None)
        now = self.shown(hit)
        self.change(now, **body)
        if name is not None:
            self.change(now, metadata=now["metadata"] | {"name": name})
        return {"asset": self.shown(hit)}

    def edit_tags(self, request: Request, hit: Json) -> Json:
        """PUT /assets/{id}/tags. Raises Refusal."""
        self._require()
        body, tags = request.json, list(self.shown(hit)["tags"])
        add, delete = body.get("add", []), body.get("delete", [])
        if body.get("strict", True) and ({*add} & {*tags} or {*delete} - {*tags}):
            raise Refusal(400, "A tag to add is there, or one to delete is not", "BAD_REQUEST")
        added = [tag for tag in add if tag not in tags]
        deleted = [tag for tag in delete if tag in tags]
        self.change(hit, tags=[tag for tag in tags if tag not in deleted] + added)
        return {"added": added, "deleted": deleted}

    def create(self, request: Request) -> Json:
        """POST /collections. Raises Refusal."""
        self._require()
        made = f"collection_{len(self.collections)}_new"
        self.collections[made] = request.json["name"]
        return self.collection(made)

    def collection(self, collection_id: str) -> Json:
        """GET /collections/{id}. Raises Refusal."""
        if collection_id not in self.collections:
            raise Refusal(404, "Collection not found", "NOT_FOUND")
        count = sum(
            collection_id in each.get("collectionIds", ()) for each in self._changes.values()
        )
        listed = {"id": collection_id, "name": self.collections[collection_id], "itemCount": count}
        return {"collection": listed}

    def delete(self, collection_id: str) -> Json:
        """DELETE /collections/{id}. Raises Refusal."""
        self._require()
        self.collection(collection_id)
        del self.collections[collection_id]
        return {}

    def edit_members(self, collection_id: str, hits: list[Json], *, add: bool) -> Json:
        """PUT and DELETE /collections/{id}/assets. Raises Refusal."""
        self._require()
        self.collection(collection_id)
        if len(hits) > MOST_MEMBERS:
            raise Refusal(400, f"assetIds exceeds maximum ({MOST_MEMBERS})", "BAD_REQUEST")
        shown = [self.shown(hit) for hit in hits]
        if any((collection_id in hit["collectionIds"]) == add for hit in shown):
            raise Refusal(400, "Some assets are (not) in the collection", "BAD_REQUEST")
        for hit in shown:
            others = [each for each in hit["collectionIds"] if each != collection_id]
            self.change(hit, collectionIds=[*others, collection_id] if add else others)
        return self.collection(collection_id)

    def _require(self) -> None:
        if not self.can_write:
            raise Refusal(403, "Forbidden: read-only key", "FORBIDDEN")
