"""Many workers: jobs handed to dask.distributed, on this machine or at a scheduler that is there already.

Dask starts, watches and restarts the workers, and gives the job of a lost one to another. Added here: a job
that has cost two workers is given up, and a scheduler or workers that stay away end the run, not hang it.
"""

import contextlib
import queue
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from uuid import uuid4

from course_lib.classroom.running import cluster, execute
from course_lib.classroom.running.cluster import PoolError
from course_lib.classroom.running.job import LOST, Ended, Job, Place

PATIENCE = 60.0  # seconds without any worker, or without a word of the scheduler, until a run gives up
MOST_LOST = 2  # a job that has cost so many workers is not tried again
_LOOK = 0.5  # seconds between two looks at the scheduler


@dataclass
class _Running:
    """A job in dask's hands, the workers on which it has started, and when it was given."""

    job: Job
    workers: list[str] = field(default_factory=list)
    future: object = None
    since: float = 0.0

    def ended(self, status: str, place: Place, error: str = "") -> Ended:
        """Without a word of the worker."""
        outcome = execute.Outcome(status, time.monotonic() - self.since, 0.0, None, "", error)
        return Ended(self.job, outcome, place, self.workers[-1] if self.workers else "?", len(self.workers))


class Pool:
    """The workers of a run. Made by `pool`.

    places: where they run a job. stopping: set by Ctrl-C.
    """

    def __init__(self, client, places: dict[str, Place], fixed: Place | None, run: str, *,
                 echo: Callable[[str], None], on_cell: Callable[[], None]):
        self.places = set(places.values())
        self.stopping = False
        alike = self._any_place() if len(self.places) == 1 else None  # then a new worker need not find out
        self._client, self._fixed, self._run = client, fixed or alike, run
        self._echo, self._on_cell = echo, on_cell
        self._topic = f"course-{run}"
        self._news: queue.SimpleQueue = queue.SimpleQueue()  # ended futures, and what workers tell
        self._running: dict[str, _Running] = {}
        client.subscribe_topic(self._topic, lambda event: self._news.put(event[1]))

    def carry_out(self, jobs: Iterable[Job]) -> Iterator[Ended]:
        """How the jobs end, as they end; they begin in the given order.

        Raises PoolError if scheduler or workers stay away; KeyboardInterrupt once `stopping` is set and the
        running jobs were yielded as interrupted.
        """
        waiting = deque(_Running(job) for job in jobs)
        looked, answered, slots, gpus = 0.0, time.monotonic(), 0, False
        while waiting or self._running:
            if self.stopping:
                yield from self._interrupt()
                raise KeyboardInterrupt
            if time.monotonic() - looked > _LOOK:
                slots, gpus = cluster.slots(self._client)
                looked = time.monotonic()
                answered = looked if slots else answered
                if looked - answered > PATIENCE:
                    raise PoolError(f"no worker has been there for {PATIENCE:.0f} seconds")
            while waiting and len(self._running) < slots:
                self._submit(waiting.popleft(), gpus)
            with contextlib.suppress(queue.Empty):
                news = self._news.get(timeout=_LOOK / 2)
                outcome = self._heard(news) if isinstance(news, dict) else self._take(news)
                if isinstance(outcome, Ended):
                    yield outcome
                elif outcome:
                    waiting.appendleft(outcome)

    def _submit(self, running: _Running, gpus: bool) -> None:
        from course_lib.classroom.running import task

        try:
            future = self._client.submit(
                task.work, running.job, self._topic, self._run, self._fixed, pure=False,
                key=f"{running.job.slug}-seed-{running.job.seed}-{uuid4().hex}",
                resources={"GPU": 1} if gpus else None,
            )
        except Exception as wrong:  # of the connection, whatever its layer calls it
            raise PoolError(f"the scheduler is gone ({wrong or type(wrong).__name__})") from None
        running.future, running.since = future, time.monotonic()
        self._running[future.key] = running
        future.add_done_callback(self._news.put)

    def _heard(self, told: dict) -> Ended | None:
        """A worker's word on a job that it has begun, or on a cell of it."""
        running = self._running.get(told["key"])
        if running is None:
            return None
        if told["what"] == "cell":
            self._on_cell()
            return None
        if running.workers:
            self._echo(f"{running.job.slug}, seed {running.job.seed}: worker {running.workers[-1]} was lost; "
                       f"it starts again on worker {told['name']}")
        running.workers.append(told["name"])
        if len(running.workers) <= MOST_LOST:
            return None
        running.workers.pop()
        return self._give_up(self._running.pop(told["key"]))

    def _take(self, future) -> Ended | _Running | None:
        """What an ended future means: an end, a job to hand out again, or nothing yet."""
        running = self._running.get(future.key)
        if running is None or running.future is not future:
            return None
        if future.status == "finished":
            try:
                outcome, place, worker = future.result(timeout=5)
            except (TimeoutError, OSError, CancelledError):  # lost with its worker: dask does it again
                future.add_done_callback(self._news.put)
                return None
            except Exception as wrong:  # an answer that cannot be read here would not get better
                del self._running[future.key]
                return running.ended(execute.DIED, self._any_place(), f"{type(wrong).__name__}: {wrong}")
            del self._running[future.key]
            return Ended(running.job, outcome, place, worker, max(1, len(running.workers)))
        del self._running[future.key]
        if future.status != "error":
            return running  # cancelled: the scheduler has forgotten it
        wrong = future.exception()
        if type(wrong).__name__ != "KilledWorker":
            return running.ended(execute.DIED, self._any_place(), f"{type(wrong).__name__}: {wrong}")
        return self._give_up(running) if len(running.workers) >= MOST_LOST else running

    def _give_up(self, running: _Running) -> Ended:
        self._cancel([running])
        return running.ended(LOST, self._any_place(), f"workers lost: {', '.join(running.workers)}")

    def _interrupt(self) -> Iterator[Ended]:
        stopped, self._running = list(self._running.values()), {}
        self._cancel(stopped)
        for running in stopped:
            yield running.ended(execute.INTERRUPTED, self._any_place())

    def _cancel(self, unwanted: list[_Running]) -> None:
        with contextlib.suppress(Exception):  # the scheduler may be gone as well
            cluster.within(5, self._client.cancel, [running.future for running in unwanted], force=True)

    def _any_place(self) -> Place:
        return next(iter(self.places))


@contextlib.contextmanager
def pool(scale: str, run: str, *, workers: int | None, address: str | None, echo: Callable[[str], None],
         on_cell: Callable[[], None]) -> Iterator[Pool]:
    """A Pool for the time of a `with` block: `workers` of this machine, or those of the scheduler `address`.

    run: the sign of the run's folder. echo gets a line when a job starts again, on_cell() is called as
    cells start. Raises PoolError if the workers cannot be had. The first Ctrl-C stops the pool, the second
    kills what is ours at once.
    """
    with cluster.client(scale, workers, address) as (client, fixed):
        places = cluster.places(client, scale, fixed)
        echo(f"{len(places)} {'worker' if len(places) == 1 else 'workers'}; "
             f"dashboard: {client.dashboard_link}")
        ours = Pool(client, places, fixed, run, echo=echo, on_cell=on_cell)
        with cluster.ctrl_c(ours, client):
            yield ours
