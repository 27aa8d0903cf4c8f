"""The batches of a run whose files several hosts read."""

from __future__ import annotations

import os
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError

from library.ingest.batch import Pace
from library.ingest.sharing import readings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from library.ingest.batch import Batch
    from library.ingest.ids import IdAssigner
    from library.ingest.plan import Plan
    from library.ingest.walk import FoundFile
    from library.store.backends.leases import SharedWork

    Prepare = Callable[[Sequence[FoundFile]], Batch]

_PAUSE: Final = 0.2  # seconds between two looks for what other hosts have read


def batches(
    work: SharedWork,
    recipe: str,
    portions: Iterator[Sequence[FoundFile]],
    prepare: Prepare,
    plan: Plan,
    assigner: IdAssigner,
) -> Iterator[Batch]:
    """Yield batches as they are read, by this process on all cores, and by other hosts.

    `prepare` reads a portion of files in this process. The portions are files of one folder each.
    """
    work.replace(recipe, ((part[0].root, readings.encoded_files(part)) for part in portions))
    count = max(1, os.cpu_count() or 1)
    threads = ThreadPoolExecutor(count, thread_name_prefix="ingest")
    pending: list[Future[Batch]] = []
    pace = Pace()
    try:
        while True:
            while len(pending) <= count and (unit := work.take()) is not None:
                files = readings.decoded_files(unit.root, unit.files)
                pending.append(threads.submit(prepare, files))
            for unit in work.results():
                files = readings.decoded_files(unit.root, unit.files)
                batch, again = readings.accepted(files, unit.result or b"", plan, assigner)
                ready: Future[Batch] = Future()
                ready.set_result(batch)
                yield from pace.add(ready)
                if again:
                    pending.append(threads.submit(prepare, again))
            if not pending and not work.count():
                break
            if not pending:
                time.sleep(_PAUSE)
            done = wait(pending, _PAUSE, FIRST_COMPLETED).done
            pending = [each for each in pending if each not in done]
            for future in done:
                yield from pace.add(future)
            if not done:
                yield from pace.rest()
        yield from pace.rest()
    finally:
        threads.shutdown(wait=True, cancel_futures=True)
        with suppress(DBAPIError):  # the next run replaces it
            work.clear()
