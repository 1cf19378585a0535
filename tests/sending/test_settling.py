"""Results are committed in groups: few are ever open, none is lost, and a store that fails stops the mail."""

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
from notifier.sending.settling import GROUP, Settler
from notifier.store.outbox import Claim

LANES = 4
NOW = datetime(2026, 7, 6, 8, tzinfo=UTC)


def a_result(number: int) -> Result:
    claim = Claim(number, 1, None, "ann@example.org", "2026-07-06", f"<{number}@x>", "", "", NOW, 0, 0)
    return Result(TimedClaim(claim, NOW, is_probe=False), Outcome(DeliveryState.ACCEPTED, "250 ok"))


def numbers(groups: list[list[Result]]) -> list[int]:
    return [result.turn.claim.id for group in groups for result in group]


def kept() -> tuple[list[list[Result]], Callable[[list[Result]], Awaitable[None]]]:
    """What was committed, and how to commit."""
    groups: list[list[Result]] = []

    async def commit(group: list[Result]) -> None:
        groups.append(list(group))

    return groups, commit


async def send(settler: Settler, results: int) -> bool:
    """Bring so many results, as fast as there is room for them; whether all are committed."""
    settling = asyncio.create_task(settler.run())
    for number in range(results):
        await settler.room()
        settler.put(a_result(number))
    settler.finish()
    return await settling


def test_no_more_results_than_a_group_and_the_lanes_are_open_at_once() -> None:
    groups: list[list[Result]] = []

    async def commit(group: list[Result]) -> None:
        groups.append(list(group))
        await asyncio.sleep(0.001)

    assert asyncio.run(send(Settler(commit, LANES), 1000))
    assert numbers(groups) == list(range(1000)), "all, in order, once"
    assert max(map(len, groups)) <= GROUP + LANES
    assert len(groups) < 100, "those that come fast go together"


def test_a_lone_result_is_committed_without_waiting_for_others() -> None:
    groups, commit = kept()

    async def one_by_one() -> None:
        settler = Settler(commit, LANES)
        settling = asyncio.create_task(settler.run())
        for number in range(3):
            await settler.room()
            await settler.put(a_result(number)).wait()
            assert len(groups) == number + 1
        settler.finish()
        assert await settling

    asyncio.run(one_by_one())


def test_a_store_that_fails_for_a_moment_gets_all_results_in_the_end() -> None:
    groups: list[list[Result]] = []
    failing = [True]

    async def commit(group: list[Result]) -> None:
        if failing.pop() if failing else False:
            raise StoreError("the disk is full; make room")
        groups.append(list(group))

    async def in_two_parts() -> None:
        settler = Settler(commit, LANES)
        settling = asyncio.create_task(settler.run())
        for number in range(10):
            await settler.room()
            await settler.put(a_result(number)).wait()
            assert settler.failure is not None, "the run ends"
        settler.finish()
        assert await settling

    asyncio.run(in_two_parts())
    assert numbers(groups) == list(range(10))


@pytest.mark.parametrize("fault", [StoreError("the disk is full; make room"), KeyError("a fault of ours")])
def test_a_store_that_goes_on_failing_is_told_and_keeps_nobody_waiting(fault: Exception) -> None:
    async def commit(_group: list[Result]) -> None:
        raise fault

    settler = Settler(commit, LANES)
    assert not asyncio.run(send(settler, 3 * GROUP))
    assert settler.failure is fault


def test_results_of_a_second_run_are_committed_before_it_ends() -> None:
    groups, commit = kept()

    async def twice() -> None:
        settler = Settler(commit, LANES)
        for first in (0, 2):
            settling = asyncio.create_task(settler.run())
            for number in (first, first + 1):
                await settler.room()
                settler.put(a_result(number))
                await asyncio.sleep(0.001)
            settler.finish()
            assert await settling

    asyncio.run(twice())
    assert numbers(groups) == [0, 1, 2, 3]
