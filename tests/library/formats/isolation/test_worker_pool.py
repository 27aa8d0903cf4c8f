"""The pool of confined workers: what a task can do, and what its failure costs."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO

import pytest

from library.errors import Busy
from library.formats.isolation import sandbox, worker_pool
from library.formats.isolation.worker_pool import Failed, WorkerPool
from tests.support import worker_tasks as tasks
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    """Two workers with little memory."""
    with WorkerPool(2, [tasks.__name__], memory=1024**3) as pool:
        yield pool


@pytest.fixture
def file(tmp_path: Path) -> Iterator[BinaryIO]:
    """An open file that was read once."""
    (tmp_path / "a.txt").write_text("content")
    with (tmp_path / "a.txt").open("rb") as file:
        file.read(3)
        yield file


def test_a_task_gets_files_bytes_and_arguments(pool: WorkerPool, file: BinaryIO) -> None:
    returned, result = pool.run(tasks.echo, [file, file], blob=b"bytes", width=3)
    assert returned["texts"] == ["content", ""], "two descriptors of one file share its position"
    assert (returned["arguments"], bytes(result)) == ({"width": 3}, b"bytes")
    assert returned["pid"] != os.getpid()


def test_a_worker_has_no_environment_and_no_other_descriptors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "secret")
    with WorkerPool(1, [tasks.__name__]) as fresh:
        returned, _ = fresh.run(tasks.environment)
    assert returned["environment"] == {}
    shared = int(hasattr(os, "memfd_create"))  # the memory for what it returns
    assert len(returned["descriptors"]) == 4 + shared, "three that lead nowhere, the connection"


def test_a_worker_cannot_resize_the_memory_that_it_shares(pool: WorkerPool) -> None:
    """The process of the pool would crash when it reads memory that is gone."""
    if not hasattr(os, "memfd_create"):
        pytest.skip("this system has no memory that can be sealed")
    errors = pool.run(tasks.resize_memory)[0]["errors"]
    assert len(errors) == 2
    assert None not in errors


@pytest.mark.parametrize("size", [0, 1, 2 * 1024**2, 2 * 1024**2 + 1])
def test_bytes_of_every_size_are_returned(pool: WorkerPool, size: int) -> None:
    """Through shared memory as long as they fit."""
    content = os.urandom(size)
    results = [bytes(pool.run(tasks.echo, blob=each)[1]) for each in (content, b"other")]
    assert results == [content, b"other"]


@pytest.mark.parametrize(
    ("action", "argument", "protection"),
    [
        ("read", "/etc/passwd", sandbox.FILES),
        ("list", "/", sandbox.FILES),
        ("write", "{folder}/new", sandbox.FILES),
        ("udp", "", sandbox.NETWORK),
        ("tcp", "", sandbox.NETWORK),
        ("fork", "", sandbox.PROCESSES),
        ("execute", "", sandbox.PROCESSES),
        ("signal", "{pid}", sandbox.PROCESSES),
    ],
)
def test_a_worker_reaches_nothing_but_its_files(
    action: str, argument: str, protection: str, pool: WorkerPool, tmp_path: Path
) -> None:
    if protection not in pool.held():
        pytest.skip(f"this system does not offer it: {protection}")
    argument = argument.format(folder=tmp_path, pid=os.getpid())
    assert pool.run(tasks.attempt, action=action, argument=argument)[0] == {
        "error": "PermissionError"
    }


def test_a_worker_may_use_threads(pool: WorkerPool) -> None:
    assert pool.run(tasks.attempt, action="thread")[0] == {"error": None}


def test_files_beside_are_opened_by_the_pool(pool: WorkerPool, tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("beside")

    def opened(name: str) -> BinaryIO:
        return (tmp_path / name).open("rb")

    assert pool.run(tasks.read_beside, open_beside=opened, name="b.txt")[0] == {"text": "beside"}
    for how in ({"name": "missing", "open_beside": opened}, {"name": "b.txt"}):
        with pytest.raises(Failed, match="OSError"):
            pool.run(tasks.read_beside, **how)  # type: ignore[arg-type]
    with pytest.raises(Failed, match="OSError"):
        pool.run(tasks.read_beside, open_beside=opened, name="b.txt", times=100)


def test_failures_are_one_line(pool: WorkerPool) -> None:
    with pytest.raises(Failed, match=r"^is broken: no header$"):
        pool.run(tasks.fail, expected=True)
    with pytest.raises(Failed, match=r"^is broken: KeyError$"):
        pool.run(tasks.fail, expected=False)


@pytest.mark.parametrize(
    ("task", "arguments", "reason"),
    [
        (tasks.run_forever, {"seconds": 1}, "takes too long"),
        (tasks.crash, {}, "crashes its reader .SIGSEGV."),
        (tasks.leave, {}, "crashes its reader"),
        (tasks.allocate, {"count": 2 * 1024**3}, "needs too much memory"),
        (tasks.return_bytes, {"count": 2000, "limit": 1000}, "crashes its reader"),
    ],
)
def test_a_task_that_fails_costs_itself_alone(
    task: object, arguments: dict[str, int], reason: str, pool: WorkerPool
) -> None:
    with pytest.raises(Failed, match=reason):
        pool.run(task, **arguments)  # type: ignore[arg-type]
    assert pool.run(tasks.echo)[0]["arguments"] == {}


def test_a_task_that_waits_is_ended() -> None:
    with (
        WorkerPool(1, [tasks.__name__], wait=2) as pool,
        pytest.raises(Failed, match="takes too long"),
    ):
        pool.run(tasks.wait_forever)


def test_the_limit_of_time_is_that_of_one_task() -> None:
    """A worker that has used more than `seconds` for earlier tasks is not ended."""
    with WorkerPool(1, [tasks.__name__]) as single:
        pids = {single.run(tasks.echo, seconds=seconds)[0]["pid"] for seconds in (1, 2, 1)}
    assert len(pids) == 1


def test_a_crash_is_tried_again_where_an_earlier_task_may_be_the_reason() -> None:
    with WorkerPool(1, [tasks.__name__]) as pool:
        first = pool.run(tasks.crash_when_used)[0]["pid"]
        assert pool.run(tasks.crash_when_used)[0]["pid"] != first


def test_a_worker_that_has_used_much_memory_is_replaced() -> None:
    with WorkerPool(1, [tasks.__name__], memory=2 * 1024**3) as pool:
        pids = [pool.run(tasks.echo)[0]["pid"]]
        pool.run(tasks.allocate, count=600 * 1024**2)
        pids.append(pool.run(tasks.echo)[0]["pid"])
    assert pids[0] != pids[1]


def test_many_threads_share_few_workers(pool: WorkerPool) -> None:
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda n: pool.run(tasks.echo, blob=b"%d" % n), range(64)))
    assert [bytes(result) for _, result in results] == [b"%d" % n for n in range(64)]
    assert len({returned["pid"] for returned, _ in results}) <= 2


def test_few_requests_wait_for_a_worker_and_not_for_long() -> None:
    """A caller without `patience` waits until a worker is idle."""
    count = worker_pool.WAITERS
    with WorkerPool(1, [tasks.__name__]) as pool, ThreadPoolExecutor(count + 1) as threads:
        worker = pool._idle.get()  # as a task that takes long does
        try:
            with pytest.raises(Busy):
                pool.run(tasks.echo, patience=0.01)
            waiting = [threads.submit(pool.run, tasks.echo, patience=60) for _ in range(count)]
            indexing = threads.submit(pool.run, tasks.echo)
            eventually(lambda: not pool._waiters._value)
            with pytest.raises(Busy):
                pool.run(tasks.echo, patience=60)
        finally:
            pool._idle.put(worker)
        for future in (*waiting, indexing):
            assert future.result()[0]["arguments"] == {}


def test_a_closed_pool_leaves_no_process_and_can_be_used_again() -> None:
    pool = WorkerPool(1, [tasks.__name__])
    pid = pool.run(tasks.echo)[0]["pid"]
    pool.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert pool.run(tasks.echo)[0]["pid"] != pid
    pool.close()


def test_a_forked_process_starts_its_own_workers_which_end_with_it(pool: WorkerPool) -> None:
    theirs = pool.run(tasks.echo)[0]["pid"]
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, b"%d" % pool.run(tasks.echo)[0]["pid"])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as reply:
        pid = int(reply.read())
    os.waitpid(child, 0)
    assert pid != theirs

    def has_ended() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    eventually(has_ended)


def test_without_descriptors_that_can_be_passed_tasks_run_in_this_process(
    file: BinaryIO,
) -> None:
    """As on Windows."""
    pool = WorkerPool(1, [], isolated=False)
    returned, result = pool.run(tasks.echo, [file], blob=b"bytes", width=3)
    assert (returned["texts"], returned["pid"], result) == (["content"], os.getpid(), b"bytes")
    with pytest.raises(Failed, match=r"^is broken: no header$"):
        pool.run(tasks.fail, expected=True)
    with pytest.raises(Failed, match="OSError"):
        pool.run(tasks.read_beside, name="b.txt")
    assert pool.held() == ()
