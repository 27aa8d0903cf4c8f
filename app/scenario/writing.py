"""The calls of the client that write.

A change to which no response arrives may have been stored: the asset is requested again, and the
call succeeds if it shows the change. A call that must not be repeated is not retried.
"""

from __future__ import annotations

import logging
import math
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from app.errors import (
    EditRefused,
    InvalidUpstreamResponse,
    UnknownAsset,
    UnknownCollection,
    UpstreamDown,
    UpstreamError,
    UpstreamTimeout,
    WriteNotAllowed,
    WriteUncertain,
)
from app.scenario import decoding, request_budget, write_calls
from app.scenario.field_tags import FIELDS, is_field_tag, tag_changes, with_fields
from app.scenario.lenient_json import decode
from app.scenario.protocol import Call, asset_calls
from app.scenario.write_calls import MOST_MEMBERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from app.scenario.assets import Asset, Named
    from app.scenario.transport import Transport

log = logging.getLogger(__name__)


class OnRefused(Protocol):
    """What is called where the key may not change tags, or something else."""

    def __call__(self, *, is_tags: bool) -> None:
        """Record it."""


_AS_TAGS: Final = frozenset({"rating", "label"})
_PUBLIC: Final = "public"
_SHARE: Final = 0.6  # of the time of a request for the write; the rest is for looking at its result


class WritingClient:
    """The calls that write, for one API.

    `by` is the name of the user, for the log. Every method may raise an UpstreamError: EditRefused
    (a value), WriteNotAllowed (the key), WriteUncertain (no response).
    """

    def __init__(
        self,
        transport: Transport,
        *,
        is_library: bool,
        on_refused: OnRefused = lambda *, is_tags: None,  # noqa: ARG005 - a part of its signature
    ) -> None:
        """Send calls through `transport`. `is_library`: the API has a rating, a label and nsfw.

        `on_refused` is called where the key may not write; not for an asset that is public, which
        may belong to others.
        """
        self._on_refused = on_refused
        self.is_library = is_library
        self._transport = transport

    def latest_assets(self, ids: Iterable[str]) -> dict[str, Asset]:
        """Return the assets that exist, by id, as the API has them now: no cache is used."""
        by_id: dict[str, Asset] = {}
        for call in asset_calls(ids):
            response = self._transport.send(call, decoding.assets, request_budget.current())
            by_id |= {asset.id: self._shown(asset) for asset in decoding.assets(response)}
        return by_id

    def edit_tags(
        self, asset_id: str, add: Iterable[str], delete: Iterable[str], *, by: str = ""
    ) -> None:
        """Add and delete tags of an asset. Those that are there, or are not, change nothing."""
        added, deleted = {*add}, {*delete}
        if not added and not deleted:
            return
        if not self.is_library:
            _refuse_field_tags(added | deleted)

        def is_done(asset: Asset) -> bool:
            present = {tag.casefold() for tag in asset.tags}
            return {tag.casefold() for tag in added} <= present and not present & {
                tag.casefold() for tag in deleted
            }

        with self._checked(asset_id, is_done, is_tags=True):
            self._write(write_calls.edit_tags(asset_id, sorted(added), sorted(deleted)), by)

    def edit_asset(self, asset_id: str, *, by: str = "", **values: Any) -> None:
        """Change fields of an asset: name, description, rating, label, nsfw.

        None removes the decision about a field: the library shows again what the file states.
        Rating 0 and the label "" mean none; an empty `nsfw` means "not sensitive". Over the
        Scenario API, which has no rating, label and nsfw to change, they are tags.
        """
        if not self.is_library:  # which has no state to go back to
            values = {f: v if f in FIELDS else v or "" for f, v in values.items()}
        wanted = values.copy()

        def is_done(asset: Asset) -> bool:
            shown = {
                "name": asset.metadata.name or "",
                "description": asset.description or "",
                "rating": asset.metadata.rating or 0,
                "label": asset.metadata.label or "",
                "nsfw": asset.nsfw,
            }
            return all(
                value is not None and shown[field] == (tuple(value) if field == "nsfw" else value)
                for field, value in wanted.items()
            )

        own = {} if self.is_library else {f: values.pop(f) for f in FIELDS & values.keys()}
        # To the library, a rating and a label are as tags are.
        is_tags = not values if own else values.keys() <= _AS_TAGS
        with self._checked(asset_id, is_done, is_tags=is_tags):
            if own:
                add, delete = tag_changes(own)
                self._write(write_calls.edit_tags(asset_id, add, delete), by)
            if values:
                self._write(write_calls.edit_asset(asset_id, values), by)

    def create_collection(self, name: str, *, by: str = "") -> Named:
        """Create an empty collection and return it.

        Where no response arrives, an empty collection with this name is taken for the new one.
        """
        call = write_calls.create_collection(name)
        try:
            with self._recorded():
                return decoding.collection(self._write(call, by, decoding.collection))
        except WriteUncertain as error:
            params = (("pageSize", "100"),)
            with _or_raise(error):
                body = self._transport.send(
                    Call("GET", "/collections", params),
                    decoding.collections,
                    request_budget.current(),
                )
                for each in decoding.collections(body):
                    if each.name == name and not each.count:
                        return each
            raise

    def collection(self, collection_id: str) -> Named:
        """Return a collection as it is now. Raises UnknownCollection."""
        call = write_calls.collection(collection_id)
        return decoding.collection(
            self._transport.send(call, decoding.collection, request_budget.current())
        )

    def delete_collection(self, collection_id: str, *, by: str = "") -> None:
        """Delete a collection; its assets stay. One that does not exist is deleted already."""
        try:
            with self._recorded():
                self._write(write_calls.delete_collection(collection_id), by)
        except UnknownCollection:
            return
        except WriteUncertain as error:
            with _or_raise(error):
                try:
                    self.collection(collection_id)
                except UnknownCollection:
                    return
            raise

    def edit_members(
        self, collection_id: str, asset_ids: Sequence[str], *, add: bool, by: str = ""
    ) -> tuple[str, ...]:
        """Add up to 49 assets to a collection, or remove them; return those that this changed.

        Left out are assets that are in it already (adding them would be an error), that are not in
        it, or that do not exist. Raises ValueError for more than 49.
        """
        if len(asset_ids) > MOST_MEMBERS:
            raise ValueError(f"{len(asset_ids)} assets, at most {MOST_MEMBERS} at once")
        wanted = self._without(collection_id, asset_ids, is_in=add)
        rest = wanted
        for is_last in (False, True):
            if not rest:
                break
            call = write_calls.edit_members(collection_id, rest, add=add)
            try:
                with self._recorded(rest):
                    self._write(call, by)
            except (EditRefused, UnknownCollection, UnknownAsset, WriteUncertain) as error:
                # Others have changed it, an asset is gone, or the call had succeeded.
                with _or_raise(error):
                    before, rest = rest, self._without(collection_id, rest, is_in=add)
                if rest and (is_last or rest == before or isinstance(error, WriteUncertain)):
                    raise
            else:
                break
        return wanted

    def _without(
        self, collection_id: str, asset_ids: Sequence[str], *, is_in: bool
    ) -> tuple[str, ...]:
        """Return those of some assets that exist and are not in a collection (or are)."""
        assets = self.latest_assets(asset_ids)
        return tuple(
            each
            for each in dict.fromkeys(asset_ids)
            if each in assets and (collection_id in assets[each].collectionIds) != is_in
        )

    def _shown(self, asset: Asset) -> Asset:
        """Return an asset with its fields; those of the Scenario API are tags."""
        return asset if self.is_library else with_fields(asset)

    @contextmanager
    def _checked(
        self, asset_id: str, is_done: Callable[[Asset], bool], *, is_tags: bool
    ) -> Iterator[None]:
        """Raise WriteUncertain only where the asset does not show the change."""
        try:
            yield
        except WriteNotAllowed as error:
            with _or_raise(error):
                self._record_refusal(self.latest_assets([asset_id]).values(), is_tags=is_tags)
            raise
        except WriteUncertain as error:
            with _or_raise(error):
                asset = self.latest_assets([asset_id]).get(asset_id)
            if asset is None or not is_done(asset):
                raise

    @contextmanager
    def _recorded(self, asset_ids: Iterable[str] = ()) -> Iterator[None]:
        """Record that the key may not change collections, where the API says so."""
        try:
            yield
        except WriteNotAllowed as error:
            with _or_raise(error):
                self._record_refusal(self.latest_assets(asset_ids).values(), is_tags=False)
            raise

    def _record_refusal(self, assets: Iterable[Asset], *, is_tags: bool) -> None:
        if not any(asset.privacy == _PUBLIC for asset in assets):
            self._on_refused(is_tags=is_tags)

    def _write(self, call: Call, by: str, check: Callable[[bytes], object] | None = None) -> bytes:
        budget = request_budget.current()
        if budget.left < math.inf:
            budget = budget.limited(budget.left * _SHARE)
        if by and self.is_library:  # no other API has a use for it
            call = replace(call, headers=write_calls.user_headers(by))
        log.info("%s changes something: %s %s", by or "the application", call.method, call.path)
        try:
            return self._transport.send(call, check or _check, budget)
        except (UpstreamDown, UpstreamTimeout, InvalidUpstreamResponse) as error:
            if error.retry_after is not None and error.upstream_status is None:
                raise  # it was not sent
            uncertain = WriteUncertain(error.message)
            uncertain.upstream_status = error.upstream_status
            raise uncertain from error


def _check(body: bytes) -> None:
    """Raise InvalidUpstreamResponse for what is no response of the API; it may be empty."""
    if body.strip():
        decode(body)


def _refuse_field_tags(tags: Iterable[str]) -> None:
    """Raise EditRefused for a tag that stands for a field."""
    if found := sorted(filter(is_field_tag, tags)):
        raise EditRefused(
            f"“{found[0]}” is how Akin stores a rating, a label or a mark. Change that instead.",
            field="tag",
        )


@contextmanager
def _or_raise(error: UpstreamError) -> Iterator[None]:
    """Raise `error` in place of one of the calls within, which are to find out about it."""
    try:
        yield
    except UnknownCollection:
        raise
    except UpstreamError:
        raise error from None
