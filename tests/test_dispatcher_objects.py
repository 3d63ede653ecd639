"""Timers, keyed events, completion ports and the clocks that drive them."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from trio.testing import MockClock
from waiting import FakeThread, Results

from runtime.nt import status as st
from runtime.nt.clock import Clock, DeterministicClock, VirtualClock, shared_user_data_time
from runtime.nt.completion import CompletionEntry, IoCompletion, WaitCompletionPacket
from runtime.nt.event import Event
from runtime.nt.keyed_event import KeyedEvent
from runtime.nt.mutant import Mutant
from runtime.nt.status import NtError
from runtime.nt.timer import Timer
from runtime.nt.wait import delay, wait_for

SECOND = 10_000_000
MILLISECOND = 10_000


@pytest.fixture
async def clock(autojump_clock: MockClock, nursery: trio.Nursery) -> Clock:
    clock = Clock(source=autojump_clock.current_time)
    nursery.start_soon(clock.run)
    return clock


@pytest.fixture
def results(nursery: trio.Nursery) -> Results:
    return Results(nursery)


async def test_timer_is_signalled_when_due_and_reset_by_setting(autojump_clock: MockClock, clock: Clock) -> None:
    timer = Timer(clock, manual_reset=True)
    thread = FakeThread(clock)
    assert timer.set(-2 * SECOND) is False
    assert timer.remaining == 2 * SECOND
    assert await wait_for(thread, [timer], timeout=-SECOND) == st.STATUS_TIMEOUT
    assert await wait_for(thread, [timer], timeout=-2 * SECOND) == st.STATUS_WAIT_0
    assert timer.is_set
    assert timer.set(clock.now() + SECOND) is True
    assert not timer.is_set
    assert await wait_for(thread, [timer]) == st.STATUS_WAIT_0
    assert clock.ticks() == pytest.approx(3 * SECOND, abs=MILLISECOND)


async def test_synchronization_timer_with_a_period_releases_one_waiter_each_time(
    autojump_clock: MockClock, clock: Clock
) -> None:
    timer = Timer(clock, manual_reset=False)
    thread = FakeThread(clock)
    timer.set(-SECOND, 500)
    times = []
    for _ in range(3):
        assert await wait_for(thread, [timer]) == st.STATUS_WAIT_0
        times.append(round(clock.ticks() / SECOND, 2))
    assert times == [1.0, 1.5, 2.0]
    timer.cancel()
    assert await wait_for(thread, [timer], timeout=-10 * SECOND) == st.STATUS_TIMEOUT


async def test_timer_apc_goes_to_the_thread_that_set_it_and_is_taken_back_by_cancel(
    autojump_clock: MockClock, clock: Clock
) -> None:
    timer = Timer(clock, manual_reset=False)
    thread = FakeThread(clock)
    timer.set(-SECOND, 1000, thread=thread, routine=0x401000, context=7)
    assert await delay(thread, -10 * SECOND, alertable=True) == st.STATUS_USER_APC
    apc = thread.apcs[0]
    assert (apc.routine, apc.argument1) == (0x401000, 7)
    assert apc.argument3 << 32 | apc.argument2 == clock.now()
    assert await delay(thread, -5 * SECOND) == st.STATUS_SUCCESS
    assert len(thread.apcs) == 1
    timer.cancel()
    assert not thread.apcs
    assert not timer.running


async def test_a_timer_in_the_past_is_signalled_at_once(clock: Clock) -> None:
    timer = Timer(clock, manual_reset=False)
    timer.set(0)
    assert await wait_for(FakeThread(clock), [timer], timeout=0) == st.STATUS_WAIT_0


async def test_keyed_event_pairs_waiters_and_releasers_by_key_and_process(clock: Clock, results: Results) -> None:
    event = KeyedEvent()
    threads = [FakeThread(clock, str(n)) for n in range(4)]
    await results.start("w1", lambda: event.wait(threads[0], 1, 0x10))
    await results.start("w2", lambda: event.wait(threads[1], 1, 0x10))
    assert await event.release(threads[3], 2, 0x10, timeout=0) == st.STATUS_TIMEOUT
    assert await event.release(threads[3], 1, 0x20, timeout=0) == st.STATUS_TIMEOUT
    assert await event.release(threads[3], 1, 0x10) == st.STATUS_SUCCESS
    await trio.testing.wait_all_tasks_blocked()
    assert results.order == [("w1", 0)]
    await results.start("r", lambda: event.release(threads[2], 1, 0x20))
    assert await event.wait(threads[3], 1, 0x20) == st.STATUS_SUCCESS
    await trio.testing.wait_all_tasks_blocked()
    assert results.order == [("w1", 0), ("r", 0)]
    with pytest.raises(NtError) as error:
        await event.wait(threads[3], 1, 0x11)
    assert error.value.status == st.STATUS_INVALID_PARAMETER_1
    results.scopes["w2"].cancel()
    await trio.testing.wait_all_tasks_blocked()
    assert event.state()["waiting"] == 0


async def test_completions_are_first_in_first_out_and_threads_last_in_first_out(clock: Clock) -> None:
    port = IoCompletion()
    thread = FakeThread(clock)
    for number in range(3):
        port.post(number, 0x100, 0, 42)
    status, entries = await port.remove(thread, 2)
    assert (status, [entry.key for entry in entries]) == (0, [0, 1])
    assert (await port.remove(thread, 5))[1][0].key == 2
    assert await port.remove(thread, timeout=0) == (st.STATUS_TIMEOUT, [])
    taken = []

    async def worker(name: str) -> None:
        _, found = await port.remove(FakeThread(clock, name))
        taken.append((name, found[0].key))

    async with trio.open_nursery() as nursery:
        for name in "ab":
            nursery.start_soon(worker, name)
            await trio.testing.wait_all_tasks_blocked()
        port.post(7, 0, 0, 0)
        await trio.testing.wait_all_tasks_blocked()
        assert taken == [("b", 7)]
        port.post(8, 0, 0, 0)
    assert taken[1] == ("a", 8)


async def test_completion_handed_to_a_thread_that_dies_is_not_lost(clock: Clock) -> None:
    port = IoCompletion()
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(port.remove, FakeThread(clock))
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
            port.post(7, 0, 0, 0)
    assert [entry.key for entry in port.entries] == [7]


async def test_wait_packet_posts_once_when_its_object_is_signalled(clock: Clock) -> None:
    port, packet, thread = IoCompletion(), WaitCompletionPacket(), FakeThread(clock)
    event = Event(manual_reset=False)
    entry = CompletionEntry(1, 2, 3, 4)
    assert packet.associate(thread, port, event, entry) is False
    with pytest.raises(NtError) as error:
        packet.associate(thread, port, event, entry)
    assert error.value.status == st.STATUS_INVALID_PARAMETER_1
    event.set()
    assert not event.is_set
    assert list(port.entries) == [entry]
    assert packet.cancel(remove_signalled=False) == st.STATUS_PENDING
    assert (await port.remove(thread))[1] == [entry]
    assert packet.cancel(remove_signalled=True) == st.STATUS_CANCELLED
    event.set()
    assert packet.associate(thread, port, event, entry) is True
    assert packet.cancel(remove_signalled=True) == st.STATUS_SUCCESS
    assert not port.entries
    assert packet.associate(thread, port, event, entry) is False
    assert packet.cancel(remove_signalled=False) == st.STATUS_SUCCESS
    assert event.waiters == []
    assert clock.sleepers == 0
    with pytest.raises(NtError) as error:
        packet.associate(thread, port, Mutant(), entry)
    assert error.value.status == st.STATUS_INVALID_PARAMETER_3


async def test_virtual_clock_skips_time_only_while_every_thread_sleeps(nursery: trio.Nursery) -> None:
    clock = VirtualClock(source=lambda: 0.0)
    nursery.start_soon(clock.run)
    first, second = FakeThread(clock), FakeThread(clock)
    nursery.start_soon(delay, first, -3600 * SECOND)
    await trio.testing.wait_all_tasks_blocked()
    assert clock.ticks() == 0
    assert await delay(second, -60 * SECOND) == st.STATUS_SUCCESS
    assert clock.ticks() == 60 * SECOND
    await trio.testing.wait_all_tasks_blocked()
    assert clock.ticks() == 60 * SECOND
    second.end()
    await trio.testing.wait_all_tasks_blocked()
    assert clock.ticks() == 3600 * SECOND
    assert clock.tick_count() == 3_600_000


async def test_deterministic_clock_moves_by_charges_and_skips_alone(nursery: trio.Nursery) -> None:
    clock = DeterministicClock()
    nursery.start_soon(clock.run)
    thread = FakeThread(clock)
    timer = Timer(clock, manual_reset=True)
    timer.set(-5)
    clock.charge(10)
    assert await wait_for(thread, [timer]) == 0
    assert clock.ticks() == 10
    assert await delay(thread, -90) == st.STATUS_SUCCESS
    assert clock.ticks() == 100


async def test_alarms_fire_in_order_and_cancelled_ones_not(autojump_clock: MockClock, clock: Clock) -> None:
    fired: list[int] = []
    alarms = [clock.schedule(due * SECOND, lambda due=due: fired.append(due)) for due in (3, 1, 2)]
    alarms[1].cancel()
    alarms[1].cancel()
    await trio.sleep(5)
    assert fired == [2, 3]
    for _ in range(1000):
        clock.schedule(100 * SECOND, lambda: None).cancel()
    assert len(clock._heap) < 200


def test_system_time_can_be_set_and_ticks_stay() -> None:
    clock = Clock(source=lambda: 1.0, boot=1000)
    assert (clock.now(), clock.ticks()) == (1000, 0)
    clock.set_system_time(5000)
    assert (clock.now(), clock.ticks()) == (5000, 0)


def test_shared_data_time_fields_can_be_read_without_tearing() -> None:
    clock = Clock(source=lambda: 0.0, boot=0x01DA_0000_1234_5678)
    fields = dict(shared_user_data_time(clock, bias=-36_000_000_000))
    assert fields[0x14] == bytes.fromhex("78563412 0000da01 0000da01")
    assert fields[0x20][4:8] == fields[0x20][8:12]
