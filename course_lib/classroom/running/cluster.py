"""The dask side of a run: a cluster of this machine or a connection to another, and clean ends of both."""

import contextlib
import gc
import logging
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import psutil

from course_lib.classroom.running.job import Place, course_version

_TTL = "60s"  # a worker of ours that says nothing for so long is restarted; dask's own default is minutes
CONNECT = 20.0  # seconds that a scheduler may take to answer at all
_ANSWER = 5.0  # seconds that a scheduler may take to say who its workers are
_FIRST = 120.0  # seconds that workers may take to load the course


class PoolError(OSError):
    """A run cannot have its workers, or not go on with them. The message says why."""


@contextlib.contextmanager
def client(scale: str, workers: int | None, address: str | None) -> Iterator[tuple]:
    """(a dask client, the place of jobs on this machine's workers or None elsewhere); closed at the end.

    Afterwards no process of this machine's workers is left. Raises PoolError if they cannot be had.
    """
    try:
        from distributed import Client
    except ImportError:
        raise PoolError('workers need dask; install it: pip install -e ".[workers]"') from None
    for name in ("distributed", "bokeh", "tornado.application", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is said by us
    with contextlib.ExitStack() as stack:
        fixed = _own_place(scale, workers) if workers else None
        try:
            at = stack.enter_context(_local(workers, gpu=fixed.device == "cuda")) if workers else address
            connect = partial(Client, at, timeout=CONNECT, set_as_default=False)
            # Dask waits without end for what takes a connection and says nothing.
            connected, why = connect() if workers else within(CONNECT + 5, connect), ""
        except (OSError, ValueError, RuntimeError) as wrong:
            connected, why = None, str(wrong) or type(wrong).__name__
        if connected is None:
            gc.collect()  # a half-made client closes itself now; later it may wait for its own lock
            raise PoolError(
                f"no workers: {why}" if workers else
                f"no scheduler answers at {address} ({why}); start one with "
                "`dask scheduler`, and on each machine `dask worker ADDRESS --nthreads 1`"
            )
        stack.callback(_close, connected)
        yield connected, fixed


def places(client, scale: str, fixed: Place | None) -> dict[str, Place]:
    """Worker -> the place of jobs there. Raises PoolError for none, or for one with another course."""
    from course_lib.classroom.running import task

    async def load():  # in a thread: a worker that is busy with imports alone would not answer meanwhile
        import asyncio
        import importlib

        await asyncio.to_thread(importlib.import_module, "course_lib.classroom.running.task")

    until = time.monotonic() + _FIRST
    while not (_ask(client, load) and (answers := _ask(client, task.who, None if fixed else scale))):
        if not fixed and not client.nthreads():
            raise PoolError("the scheduler has no workers; start some: dask worker ADDRESS --nthreads 1")
        if time.monotonic() > until:
            raise PoolError("every worker is lost as it begins")
    found = {}
    for worker, (version, place) in answers.items():
        if version != course_version():
            raise PoolError(f"worker {worker} holds another version of the course; bring it up to date and "
                            "restart it, so that all results are of the same code")
        found[worker] = place or fixed
    return found


def _ask(client, function, *arguments) -> dict:
    """Worker -> its answer, of those that are not lost meanwhile. PoolError if one cannot, or is silent."""
    try:
        answers = within(_FIRST, client.run, function, *arguments, on_error="return")
    except TimeoutError:
        raise PoolError(f"a worker has been silent for {_FIRST:.0f} seconds; end it") from None
    answers = {worker: answer for worker, answer in answers.items() if not isinstance(answer, OSError)}
    for worker, answer in answers.items():
        if isinstance(answer, BaseException):
            raise PoolError(f"worker {worker} cannot run lessons ({answer}); install the course there, with "
                            "its workers: pip install -e \".[workers]\"")
    return answers


def slots(client) -> tuple[int, bool]:
    """(jobs that the workers take at once, is it one for each GPU?); 0 while the scheduler is silent.

    Raises PoolError if the scheduler is gone.
    """
    try:
        told = within(_ANSWER, client.sync, client.scheduler.identity, n_workers=-1)
    except TimeoutError:
        return 0, False
    except Exception as wrong:  # of the connection, whatever its layer calls it
        raise PoolError(f"the scheduler is gone ({wrong or type(wrong).__name__})") from None
    workers = told["workers"].values()
    gpus = sum(int(worker["resources"].get("GPU", 0)) for worker in workers)
    return gpus or sum(worker["nthreads"] for worker in workers), bool(gpus)


def within(seconds: float, function: Callable, *arguments, **options):
    """What the function answers; TimeoutError if that takes longer, as when a scheduler hangs."""
    box: queue.SimpleQueue = queue.SimpleQueue()

    def call():
        try:
            box.put((function(*arguments, **options), None))
        except Exception as wrong:
            box.put((None, wrong))

    threading.Thread(target=call, daemon=True).start()
    try:
        answer, wrong = box.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer for {seconds:.0f} seconds") from None
    if wrong is not None:
        raise wrong
    return answer


@contextlib.contextmanager
def ctrl_c(pool, client) -> Iterator[None]:
    """Within: the first Ctrl-C sets `pool.stopping`; the second kills this machine's workers and raises."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def first(number, frame):
        signal.signal(signal.SIGINT, second)
        pool.stopping = True

    def second(number, frame):
        _end(_family(client.cluster))
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _own_place(scale: str, workers: int) -> Place:
    from course_lib.classroom.running.place import count_of_gpus, this_place

    place = this_place(scale, workers)
    if place.device == "cuda" and workers > count_of_gpus():
        raise PoolError(f"{workers} workers for {count_of_gpus()} GPU: each lesson has one to itself; choose "
                        "fewer --workers, or COURSE_DEVICE=cpu")
    return place


@contextlib.contextmanager
def _local(workers: int, *, gpu: bool) -> Iterator:
    """Worker processes of this machine, reached by nobody else: encrypted, with a key of this run."""
    import dask
    from distributed import LocalCluster

    dask.config.update_defaults({"distributed": {
        "scheduler": {"worker-ttl": _TTL}, "deploy": {"lost-worker-timeout": "120s"},
    }})
    with dask.config.set({"distributed.nanny.pre-spawn-environ": {}}):  # kernels get theirs from us
        cluster = LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1", security=True,
            dashboard_address="127.0.0.1:0", memory_limit=0, silence_logs=logging.CRITICAL,
            preload="course_lib.classroom.running.task", resources={"GPU": 1} if gpu else None,
        )
    processes = []
    try:
        yield cluster
    finally:
        try:
            processes = _family(cluster)
            with contextlib.suppress(Exception):
                cluster.close(timeout=10)
        finally:
            _end(processes)


def _close(client) -> None:
    with contextlib.suppress(Exception):  # the scheduler may be gone
        client.close(timeout=2)


def _family(cluster) -> list[psutil.Process]:
    """This machine's workers and all that they have started."""
    found = []
    for nanny in getattr(cluster, "workers", {}).values():
        with contextlib.suppress(psutil.Error, AttributeError):
            worker = psutil.Process(nanny.pid)
            found += [*worker.children(recursive=True), worker]
    return found


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=5)
