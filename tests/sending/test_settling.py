"""Results are committed in groups: few are uncommitted at once, none is lost, and a failing store ends the run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from notifier.delivery.outcomes import Outcome
from notifier.errors import StoreError
from notifier.models import DeliveryState
from notifier.sending.claims import TimedClaim
from notifier.sending.results import Result
from notifier.sending.settling import GROUP_SIZE, Settler
from notifier.store.outbox import Claim

CONNECTIONS = 4
NOW = datetime(2026, 7, 6, 8, tzinfo=UTC)


def a_result(number: int) -> Result:
    claim = Claim(number, 1, None, "ann@example.org", "2026-07-06", f"<{number}@x>", "", "", NOW, 0, 0)
    return Result(TimedClaim(claim, NOW, is_probe=False), Outcome(DeliveryState.ACCEPTED, "250 ok"))


def numbers(groups: list[list[Result]]) -> list[int]:
    return [result.claim.id for group in groups for result in group]


def recording_commit() -> tuple[list[list[Result]], Callable[[list[Result]], Awaitable[None]]]:
    """Return a list of committed groups, and a commit function that adds to it."""
    groups: list[list[Result]] = []

    async def commit(group: list[Result]) -> None:
        groups.append(list(group))

    return groups, commit


async def send(settler: Settler, results: int) -> bool:
    """Put each result as soon as a place is free for it, and return whether all results are committed."""
    settling = asyncio.create_task(settler.run())
    for number in range(results):
        await settler.reserve_place()
        settler.put(a_result(number))
    settler.finish()
    return await settling


def test_at_most_a_group_and_one_result_for_each_connection_are_uncommitted() -> None:
    groups: list[list[Result]] = []

    async def commit(group: list[Result]) -> None:
        groups.append(list(group))
        await asyncio.sleep(0.001)

    assert asyncio.run(send(Settler(commit, CONNECTIONS), 1000))
    assert numbers(groups) == list(range(1000)), "each result is committed exactly once, in order"
    assert max(map(len, groups)) <= GROUP_SIZE + CONNECTIONS
    assert len(groups) < 100, "results that come fast are committed together"


def test_a_lone_result_is_committed_without_waiting_for_others() -> None:
    groups, commit = recording_commit()

    async def one_by_one() -> None:
        settler = Settler(commit, CONNECTIONS)
        settling = asyncio.create_task(settler.run())
        for number in range(3):
            await settler.reserve_place()
            await settler.put(a_result(number)).wait()
            assert len(groups) == number + 1
        settler.finish()
        assert await settling

    asyncio.run(one_by_one())


def test_after_a_failed_commit_all_results_are_committed_at_the_end() -> None:
    groups: list[list[Result]] = []
    failing = [True]

    async def commit(group: list[Result]) -> None:
        if failing.pop() if failing else False:
            raise StoreError("the disk is full; make room")
        groups.append(list(group))

    async def send_during_failure() -> None:
        settler = Settler(commit, CONNECTIONS)
        settling = asyncio.create_task(settler.run())
        for number in range(10):
            await settler.reserve_place()
            await settler.put(a_result(number)).wait()
            assert settler.failure is not None, "the run ends because of this failure"
        settler.finish()
        assert await settling

    asyncio.run(send_during_failure())
    assert numbers(groups) == list(range(10))


@pytest.mark.parametrize("failure", [StoreError("the disk is full; make room"), KeyError("a failure of ours")])
def test_if_every_commit_fails_the_settler_keeps_the_failure_and_no_task_waits_forever(failure: Exception) -> None:
    async def commit(_group: list[Result]) -> None:
        raise failure

    settler = Settler(commit, CONNECTIONS)
    assert not asyncio.run(send(settler, 3 * GROUP_SIZE))
    assert settler.failure is failure


def test_after_a_failed_commit_no_connection_that_waits_for_a_place_gets_a_place() -> None:
    may_fail = asyncio.Event()

    async def commit(_group: list[Result]) -> None:
        await may_fail.wait()
        raise StoreError("the disk is full; make room")

    async def fill_and_fail() -> list[bool]:
        settler = Settler(commit, CONNECTIONS)
        settling = asyncio.create_task(settler.run())
        for number in range(GROUP_SIZE + CONNECTIONS):
            assert await settler.reserve_place()
            settler.put(a_result(number))
        waiting = [asyncio.create_task(settler.reserve_place()) for _ in range(CONNECTIONS)]
        await asyncio.sleep(0)
        may_fail.set()
        found = await asyncio.gather(*waiting)
        settler.finish()
        assert not await settling
        return found

    assert asyncio.run(fill_and_fail()) == [False] * CONNECTIONS


def test_results_of_a_second_run_are_committed_before_it_ends() -> None:
    groups, commit = recording_commit()

    async def twice() -> None:
        settler = Settler(commit, CONNECTIONS)
        for first in (0, 2):
            settling = asyncio.create_task(settler.run())
            for number in (first, first + 1):
                await settler.reserve_place()
                settler.put(a_result(number))
                await asyncio.sleep(0.001)
            settler.finish()
            assert await settling

    asyncio.run(twice())
    assert numbers(groups) == [0, 1, 2, 3]
