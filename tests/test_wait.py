"""Waiting: which wait ends when, in which order, and with what."""

from __future__ import annotations

import threading

import pytest
import trio
import trio.testing
from trio.testing import MockClock
from waiting import FakeThread, Results, drive

from runtime.nt import status as st
from runtime.nt.apc import UserApc
from runtime.nt.clock import Clock
from runtime.nt.event import Event
from runtime.nt.mutant import Mutant
from runtime.nt.object import SYNCHRONIZE
from runtime.nt.semaphore import Semaphore
from runtime.nt.status import NtError
from runtime.nt.wait import (
    LoopEvent,
    alert_thread,
    alert_thread_by_id,
    delay,
    queue_apc,
    wait_for,
    wait_for_alert_by_id,
)

SECOND = 10_000_000


@pytest.fixture
async def clock(autojump_clock: MockClock, nursery: trio.Nursery) -> Clock:
    clock = Clock(source=autojump_clock.current_time)
    nursery.start_soon(clock.run)
    return clock


@pytest.fixture
def results(nursery: trio.Nursery) -> Results:
    return Results(nursery)


def auto(state: bool = False) -> Event:
    return Event(manual_reset=False, initial_state=state)


def manual(state: bool = False) -> Event:
    return Event(manual_reset=True, initial_state=state)


def step(coroutine: object) -> int:
    """Run a coroutine that must not wait."""
    with pytest.raises(StopIteration) as stop:
        coroutine.send(None)  # type: ignore[attr-defined]
    value: int = stop.value.value
    return value


def test_satisfiable_wait_returns_without_a_loop() -> None:
    thread = FakeThread(Clock())
    event = auto(True)
    assert step(wait_for(thread, [event])) == st.STATUS_WAIT_0
    assert not event.is_set
    assert step(wait_for(thread, [event], timeout=0)) == st.STATUS_TIMEOUT


def test_wait_any_takes_the_lowest_index_and_leaves_the_rest() -> None:
    thread = FakeThread(Clock())
    first, second, third = auto(), auto(True), auto(True)
    assert step(wait_for(thread, [first, second, third])) == 1
    assert (second.is_set, third.is_set) == (False, True)


def test_wait_all_consumes_all_or_nothing() -> None:
    thread = FakeThread(Clock())
    first, second = auto(True), auto()
    assert step(wait_for(thread, [first, second], wait_all=True, timeout=0)) == st.STATUS_TIMEOUT
    assert first.is_set
    second.set()
    assert step(wait_for(thread, [first, second], wait_all=True)) == st.STATUS_WAIT_0
    assert not first.is_set
    assert not second.is_set


def test_bad_counts_and_duplicates_are_refused() -> None:
    thread = FakeThread(Clock())
    event = auto(True)
    for objects, wait_all, status in (
        ([], False, st.STATUS_INVALID_PARAMETER_1),
        ([event] * 65, False, st.STATUS_INVALID_PARAMETER_1),
        ([event, event], True, st.STATUS_INVALID_PARAMETER_MIX),
    ):
        with pytest.raises(NtError) as error:
            wait_for(thread, objects, wait_all=wait_all).send(None)
        assert error.value.status == status
    assert step(wait_for(thread, [event, event])) == 0


async def test_auto_reset_event_wakes_exactly_one_waiter_in_order_of_arrival(clock: Clock, results: Results) -> None:
    event = auto()
    threads = [FakeThread(clock, str(n)) for n in range(3)]
    for thread in threads:
        await results.start(thread.name, lambda thread=thread: wait_for(thread, [event]))
    assert event.waiters == threads
    event.set()
    event.set()
    assert not event.is_set
    assert event.waiters == threads[2:]
    await trio.testing.wait_all_tasks_blocked()
    assert sorted(results.order) == [("0", 0), ("1", 0)]
    event.set()
    await trio.testing.wait_all_tasks_blocked()
    assert results.order[-1] == ("2", 0)
    assert not event.is_set


async def test_manual_reset_event_wakes_everybody_and_pulse_leaves_it_clear(clock: Clock, results: Results) -> None:
    event = manual()
    for name in "abc":
        await results.start(name, lambda name=name: wait_for(FakeThread(clock, name), [event]))
    event.pulse()
    assert not event.is_set
    await trio.testing.wait_all_tasks_blocked()
    assert sorted(results.order) == [("a", 0), ("b", 0), ("c", 0)]
    assert step(wait_for(FakeThread(clock), [event], timeout=0)) == st.STATUS_TIMEOUT


async def test_setting_twice_before_the_waiter_runs_keeps_the_second_signal(clock: Clock, results: Results) -> None:
    event = auto()
    await results.start("a", lambda: wait_for(FakeThread(clock), [event]))
    event.set()
    event.set()
    assert event.is_set


async def test_wait_all_is_decided_when_the_last_object_is_set(clock: Clock, results: Results) -> None:
    first, second = auto(), auto()
    await results.start("all", lambda: wait_for(FakeThread(clock), [first, second], wait_all=True))
    first.set()
    assert first.is_set
    await results.start("thief", lambda: wait_for(FakeThread(clock), [first]))
    assert results.order == [("thief", 0)]
    second.set()
    assert second.is_set
    first.set()
    await trio.testing.wait_all_tasks_blocked()
    assert results.order == [("thief", 0), ("all", 0)]
    assert not first.is_set
    assert not second.is_set


async def test_wait_all_in_front_does_not_hold_up_those_behind(clock: Clock, results: Results) -> None:
    first, second = auto(), auto()
    await results.start("all", lambda: wait_for(FakeThread(clock), [first, second], wait_all=True))
    await results.start("one", lambda: wait_for(FakeThread(clock), [first]))
    first.set()
    await trio.testing.wait_all_tasks_blocked()
    assert results.order == [("one", 0)]
    assert not first.is_set


async def test_same_object_twice_reports_its_first_index(clock: Clock, results: Results) -> None:
    first, second = auto(), auto()
    await results.start("a", lambda: wait_for(FakeThread(clock), [first, second, second]))
    second.set()
    await trio.testing.wait_all_tasks_blocked()
    assert results.order == [("a", 1)]


async def test_semaphore_release_wakes_as_many_as_it_has_units(clock: Clock, results: Results) -> None:
    semaphore = Semaphore(0, 5)
    for name in "abc":
        await results.start(name, lambda name=name: wait_for(FakeThread(clock, name), [semaphore]))
    assert semaphore.release(2) == 0
    await trio.testing.wait_all_tasks_blocked()
    assert sorted(results.order) == [("a", 0), ("b", 0)]
    assert semaphore.release(3) == 0
    assert semaphore.count == 2
    with pytest.raises(NtError) as error:
        semaphore.release(4)
    assert error.value.status == st.STATUS_SEMAPHORE_LIMIT_EXCEEDED
    assert semaphore.count == 2


async def test_mutex_recursion_ownership_and_release(clock: Clock, results: Results) -> None:
    owner, other = FakeThread(clock, "owner"), FakeThread(clock, "other")
    mutex = Mutant(owner)
    assert await wait_for(owner, [mutex]) == st.STATUS_WAIT_0
    with pytest.raises(NtError) as error:
        mutex.release(other)
    assert error.value.status == st.STATUS_MUTANT_NOT_OWNED
    await results.start("other", lambda: wait_for(other, [mutex]))
    assert mutex.release(owner) == -1
    await trio.testing.wait_all_tasks_blocked()
    assert results.order == []
    assert mutex.release(owner) == 0
    assert mutex.owner is other
    await trio.testing.wait_all_tasks_blocked()
    assert results.order == [("other", 0)]
    assert (list(owner.owned), list(other.owned)) == ([], [mutex])


async def test_abandoned_mutex_is_reported_once_with_its_index(clock: Clock, results: Results) -> None:
    owner, heir, late = (FakeThread(clock, name) for name in ("owner", "heir", "late"))
    mutex = Mutant(owner)
    await wait_for(owner, [mutex])
    await results.start("heir", lambda: wait_for(heir, [auto(), mutex]))
    owner.end()
    await trio.testing.wait_all_tasks_blocked()
    assert results.order == [("heir", st.STATUS_ABANDONED_WAIT_0 + 1)]
    assert mutex.count == 0
    mutex.release(heir)
    assert await wait_for(late, [mutex]) == st.STATUS_WAIT_0


async def test_wait_all_reports_an_abandoned_mutex_without_index(clock: Clock) -> None:
    owner, heir = FakeThread(clock), FakeThread(clock)
    mutex = Mutant(owner)
    owner.end()
    assert await wait_for(heir, [auto(True), mutex], wait_all=True) == st.STATUS_ABANDONED_WAIT_0


async def test_timeouts_relative_and_absolute(autojump_clock: MockClock, clock: Clock) -> None:
    thread = FakeThread(clock)
    begin = clock.ticks()
    assert await wait_for(thread, [auto()], timeout=-2 * SECOND) == st.STATUS_TIMEOUT
    assert clock.ticks() - begin == pytest.approx(2 * SECOND, abs=SECOND // 1000)
    assert await wait_for(thread, [auto()], timeout=clock.now() + SECOND) == st.STATUS_TIMEOUT
    assert clock.ticks() - begin == pytest.approx(3 * SECOND, abs=SECOND // 1000)
    assert await wait_for(thread, [auto()], timeout=clock.now() - SECOND) == st.STATUS_TIMEOUT
    assert await delay(thread, -SECOND) == st.STATUS_SUCCESS
    assert clock.ticks() - begin == pytest.approx(4 * SECOND, abs=SECOND // 1000)


async def test_a_wait_that_timed_out_takes_nothing_later(autojump_clock: MockClock, clock: Clock) -> None:
    event = auto()
    assert await wait_for(FakeThread(clock), [event], timeout=-SECOND) == st.STATUS_TIMEOUT
    assert event.waiters == []
    event.set()
    assert event.is_set


async def test_terminated_thread_leaves_every_queue(clock: Clock, results: Results) -> None:
    first, second = auto(), auto()
    await results.start("victim", lambda: wait_for(FakeThread(clock), [first, second], timeout=-SECOND))
    await results.start("next", lambda: wait_for(FakeThread(clock), [first]))
    results.scopes["victim"].cancel()
    # Cancelled but not resumed yet: what comes now must go to the next one.
    first.set()
    await trio.testing.wait_all_tasks_blocked()
    assert results.order == [("next", 0)]
    assert first.waiters == second.waiters == []
    assert clock.next_due() is None
    assert clock.sleepers == 0


async def test_apc_ends_an_alertable_wait_only(clock: Clock, results: Results) -> None:
    event = auto()
    deaf, alertable = FakeThread(clock, "deaf"), FakeThread(clock, "alertable")
    await results.start("deaf", lambda: wait_for(deaf, [event]))
    await results.start("alertable", lambda: wait_for(alertable, [event], alertable=True))
    for thread in (deaf, alertable):
        queue_apc(thread, UserApc(0x1000))
    await trio.testing.wait_all_tasks_blocked()
    assert results.order == [("alertable", st.STATUS_USER_APC)]
    assert (deaf.deliver_apcs, alertable.deliver_apcs) == (False, True)
    event.set()
    await trio.testing.wait_all_tasks_blocked()
    assert results.order[-1] == ("deaf", 0)


async def test_pending_apc_is_seen_after_signalled_objects_and_before_the_timeout(clock: Clock) -> None:
    thread = FakeThread(clock)
    queue_apc(thread, UserApc(0x1000))
    assert await wait_for(thread, [auto(True)], alertable=True) == st.STATUS_WAIT_0
    assert await wait_for(thread, [auto()], alertable=False, timeout=0) == st.STATUS_TIMEOUT
    assert await wait_for(thread, [auto()], alertable=True, timeout=0) == st.STATUS_USER_APC
    assert await delay(thread, 0, alertable=True) == st.STATUS_USER_APC
    assert len(thread.apcs) == 1


async def test_special_apc_interrupts_any_wait(clock: Clock, results: Results) -> None:
    thread = FakeThread(clock)
    await results.start("a", lambda: wait_for(thread, [auto()]))
    queue_apc(thread, UserApc(0x1000, special=True))
    await trio.testing.wait_all_tasks_blocked()
    assert results.order == [("a", st.STATUS_USER_APC)]


async def test_alerts_are_remembered_and_consumed(autojump_clock: MockClock, clock: Clock, results: Results) -> None:
    thread = FakeThread(clock)
    alert_thread(thread)
    assert await delay(thread, -SECOND, alertable=False) == st.STATUS_SUCCESS
    assert await delay(thread, -SECOND, alertable=True) == st.STATUS_ALERTED
    assert await delay(thread, -SECOND, alertable=True) == st.STATUS_SUCCESS
    await results.start("a", lambda: delay(thread, None, alertable=True))
    alert_thread(thread)
    await trio.testing.wait_all_tasks_blocked()
    assert results.order == [("a", st.STATUS_ALERTED)]


async def test_alert_by_thread_id_is_a_single_permit(autojump_clock: MockClock, clock: Clock, results: Results) -> None:
    thread = FakeThread(clock)
    alert_thread_by_id(thread)
    alert_thread_by_id(thread)
    assert await wait_for_alert_by_id(thread, None) == st.STATUS_ALERTED
    assert await wait_for_alert_by_id(thread, -SECOND) == st.STATUS_TIMEOUT
    await results.start("a", lambda: wait_for_alert_by_id(thread, None))
    alert_thread(thread)
    alert_thread_by_id(thread)
    await trio.testing.wait_all_tasks_blocked()
    assert results.order == [("a", st.STATUS_ALERTED)]
    assert not thread.alerted_by_id


async def test_ended_thread_satisfies_its_waiters_for_ever(clock: Clock, results: Results) -> None:
    thread = FakeThread(clock)
    await results.start("a", lambda: wait_for(FakeThread(clock), [thread]))
    thread.end()
    await trio.testing.wait_all_tasks_blocked()
    assert results.order == [("a", 0)]
    assert await wait_for(FakeThread(clock), [thread]) == 0


async def test_loop_event_wakes_all_and_can_be_cleared(nursery: trio.Nursery) -> None:
    event = LoopEvent()
    woken = []

    async def waiter(name: str) -> None:
        await event.wait()
        woken.append(name)

    for name in "ab":
        nursery.start_soon(waiter, name)
    await trio.testing.wait_all_tasks_blocked()
    assert woken == []
    await trio.to_thread.run_sync(event.set)
    await trio.testing.wait_all_tasks_blocked()
    assert sorted(woken) == ["a", "b"]
    event.clear()
    with trio.move_on_after(0) as scope:
        await event.wait()
    assert scope.cancelled_caught


async def test_two_worker_threads_hand_over_through_events_without_losing_one() -> None:
    lock = threading.Lock()
    clock = Clock(lock)
    ping, pong = auto(), auto()
    rounds = 200

    async def play(thread: FakeThread, mine: Event, other: Event) -> None:
        for _ in range(rounds):
            assert await drive(wait_for(thread, [mine]), lock) == 0

            def answer() -> None:
                with lock:
                    other.set()

            await trio.to_thread.run_sync(answer)

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(play, FakeThread(clock), ping, pong)
            nursery.start_soon(play, FakeThread(clock), pong, ping)
            with lock:
                ping.set()
    assert ping.is_set
    assert not pong.is_set
    assert clock.sleepers == 0


def test_closing_a_coroutine_that_waits_on_the_worker_leaves_every_queue() -> None:
    clock = Clock()
    thread, first, second = FakeThread(clock), auto(), auto()
    coroutine = wait_for(thread, [first, second], timeout=-SECOND)
    wait = coroutine.send(None)
    assert thread.wait is wait
    assert first.waiters == [thread]
    coroutine.close()
    assert first.waiters == second.waiters == []
    assert (thread.wait, clock.sleepers, clock.next_due()) == (None, 0, None)
    first.set()
    assert first.is_set


def test_a_wait_on_the_worker_is_resumed_once_by_whoever_decides_it() -> None:
    thread, event = FakeThread(Clock()), auto()
    coroutine = wait_for(thread, [event])
    wait = coroutine.send(None)
    resumed: list[int] = []
    wait.resume = lambda: resumed.append(wait.result)
    event.set()
    wait.finish(st.STATUS_TIMEOUT)
    assert (resumed, event.is_set) == ([0], False)
    assert step(coroutine) == st.STATUS_WAIT_0


def test_rights_of_the_waitable_types() -> None:
    for kind in (Event, Mutant, Semaphore):
        assert kind.object_type.all & SYNCHRONIZE
        assert kind.object_type.grant(0x02000000) == kind.object_type.all
