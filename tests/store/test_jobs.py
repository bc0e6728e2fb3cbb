"""The queue before the writer: bounded in bytes, in order."""

from __future__ import annotations

from gateway.store.jobs import MOST_JOBS, Append, Job, JobQueue, Stop, Turned


def job(number: int) -> Append:
    """An append that is told from others by its count."""
    return Append(b"", number, 0, lambda result: None)


def test_jobs_come_in_order_and_in_bounded_lots() -> None:
    """A lot ends behind the job that reaches the byte limit, and at the most jobs a statement takes."""
    queue = JobQueue(10**9)
    for number in range(200):
        assert queue.put(job(number), 10)
    assert numbers(queue.take(25, None)) == [0, 1, 2]
    assert queue.bytes == 1_970
    assert numbers(queue.take(10**9, None)) == list(range(3, 3 + MOST_JOBS))


def numbers(jobs: list[Job]) -> list[int]:
    """The numbers of appends made by `job`."""
    return [taken.events for taken in jobs if isinstance(taken, Append)]


def test_a_full_queue_takes_no_bytes() -> None:
    """What would pass the limit is not taken; what has no bytes is; taking makes room again."""
    queue = JobQueue(100)
    assert queue.put(job(1), 60)
    assert not queue.put(job(2), 41)
    assert queue.put(job(3), 40)
    assert queue.put(Turned(lambda result: None))
    assert queue.bytes == 100
    assert len(queue.take(10**9, 0)) == 3
    assert queue.bytes == 0
    assert queue.put(job(4), 100)


def test_a_job_of_any_size_is_served_when_it_is_alone() -> None:
    """A row larger than the whole queue is taken by an empty one."""
    queue = JobQueue(100)
    assert queue.put(job(1), 1_000)
    assert not queue.put(job(2), 1)
    assert len(queue.take(1, None)) == 1
    assert queue.put(job(2), 1)


def test_an_empty_queue_gives_nothing_in_time() -> None:
    """Without patience, or when it is over, the lot is empty."""
    queue = JobQueue(100)
    assert queue.take(100, 0) == []
    assert queue.take(100, 0.001) == []


def test_nothing_behind_the_end_is_taken_with_it() -> None:
    """The lot that holds the end holds nothing behind it."""
    queue = JobQueue(100)
    for queued in (job(1), Stop(), job(2)):
        queue.put(queued)
    assert [type(taken) for taken in queue.take(10**9, None)] == [Append, Stop]
    assert [type(taken) for taken in queue.take(10**9, None)] == [Append]
