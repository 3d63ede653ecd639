"""winuser.h: message queues and timers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from runtime.dlls.structure import Structure
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HWND,
    INT,
    LONG,
    LPARAM,
    LPCWSTR,
    LPVOID,
    LRESULT,
    PVOID,
    UINT,
    UINT_PTR,
    WPARAM,
    Out,
)
from runtime.dlls.user32.dll import user32
from runtime.dlls.user32.state import Window, queue_of, user_of, window_of
from runtime.nt.message_queue import WM_QUIT, WM_TIMER, Message, MessageQueue
from runtime.nt.reference import get_object
from runtime.nt.status import (
    ERROR_INVALID_PARAMETER,
    ERROR_INVALID_THREAD_ID,
    ERROR_NOT_ENOUGH_QUOTA,
    ERROR_TIMEOUT,
    STATUS_TIMEOUT,
    STATUS_USER_APC,
    Win32Error,
)
from runtime.nt.wait import Waitable, wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence
from runtime.nt.thread import Thread

GUI = "gui"
WM_KEYDOWN, WM_KEYUP, WM_CHAR, WM_SYSKEYDOWN, WM_SYSKEYUP, WM_SYSCHAR = 0x100, 0x101, 0x102, 0x104, 0x105, 0x106
PM_REMOVE = 1
INFINITE = 0xFFFFFFFF
HWND_BROADCAST = 0xFFFF
MWMO_WAITALL, MWMO_ALERTABLE, MWMO_INPUTAVAILABLE = 1, 2, 4


class MSG(Structure):
    """A message as programs see it."""

    hwnd: HWND
    message: UINT
    wParam: WPARAM
    lParam: LPARAM
    time: DWORD
    x: LONG
    y: LONG


def _store(thread: Thread, target: int, message: Message) -> None:
    queue_of(thread).last_time = message.time
    MSG(
        hwnd=message.window, message=message.number, wParam=message.wparam, lParam=message.lparam, time=message.time
    ).write(thread.process.memory, target)


async def call_window(thread: Thread, window: Window, number: int, wparam: int, lparam: int) -> int:
    """Call a window's procedure on this thread."""
    return await thread.call(window.procedure, window.handle, number, wparam, lparam)


async def answer_sent(thread: Thread, queue: MessageQueue) -> None:
    """Serve the messages other threads have sent to this one."""
    while queue.sent:
        sent = queue.sent.popleft()
        message = sent.message
        window = user_of(thread).windows.get(message.window)
        result = 0
        if window is not None:
            result = await call_window(thread, window, message.number, message.wparam, message.lparam)
        sent.answer(result)


async def _peek(thread: Thread, target: int, window: int, first: int, last: int, flags: int) -> int:
    queue = queue_of(thread)
    await answer_sent(thread, queue)
    message = queue.take(window, first, last, remove=bool(flags & PM_REMOVE))
    if message is None:
        return 0
    _store(thread, target, message)
    return 1


@user32.export(category=GUI)
async def PeekMessageW(
    thread: Thread, lpMsg: LPVOID, hWnd: HWND, wMsgFilterMin: UINT, wMsgFilterMax: UINT, wRemoveMsg: UINT
) -> BOOL:
    """Return the next message if there is one."""
    return await _peek(thread, lpMsg, hWnd, wMsgFilterMin, wMsgFilterMax, wRemoveMsg)


@user32.export(category=GUI)
async def PeekMessageA(
    thread: Thread, lpMsg: LPVOID, hWnd: HWND, wMsgFilterMin: UINT, wMsgFilterMax: UINT, wRemoveMsg: UINT
) -> BOOL:
    """Return the next message if there is one."""
    return await _peek(thread, lpMsg, hWnd, wMsgFilterMin, wMsgFilterMax, wRemoveMsg)


async def _get(thread: Thread, target: int, window: int, first: int, last: int) -> int:
    queue = queue_of(thread)
    if window:
        window_of(thread, window)
    while True:
        await answer_sent(thread, queue)
        message = queue.take(window, first, last, remove=True)
        if message is not None:
            _store(thread, target, message)
            return int(message.number != WM_QUIT)
        user_of(thread).idle.set()
        if queue.signalled(thread):
            # Only messages that the filter does not want: look again when something new comes.
            arrived = _Arrival(queue)
            await wait_for(thread, [arrived])
        else:
            await wait_for(thread, [queue])


class _Arrival(Waitable):
    """Signalled when a queue has got something it did not have."""

    object_type = MessageQueue.object_type

    def __init__(self, queue: MessageQueue) -> None:
        self._queue = queue
        self._had = self._count()
        self._waits = queue._waits = queue._waits if queue._waits is not None else {}

    def _count(self) -> tuple[int, int, bool, int]:
        queue = self._queue
        due = sum(timer.due for timer in queue.timers.values())
        return len(queue.posted), len(queue.sent), queue.quit is not None, due

    def signalled(self, thread: object) -> bool:
        """Whether the queue has changed."""
        return self._count() != self._had


@user32.export(category=GUI, fails=-1)
async def GetMessageW(
    thread: Thread, lpMsg: LPVOID, hWnd: HWND, wMsgFilterMin: UINT, wMsgFilterMax: UINT
) -> BOOL:
    """Wait for a message; 0 for WM_QUIT."""
    return await _get(thread, lpMsg, hWnd, wMsgFilterMin, wMsgFilterMax)


@user32.export(category=GUI, fails=-1)
async def GetMessageA(
    thread: Thread, lpMsg: LPVOID, hWnd: HWND, wMsgFilterMin: UINT, wMsgFilterMax: UINT
) -> BOOL:
    """Wait for a message; 0 for WM_QUIT."""
    return await _get(thread, lpMsg, hWnd, wMsgFilterMin, wMsgFilterMax)


@user32.export(category=GUI)
async def WaitMessage(thread: Thread) -> BOOL:
    """Wait until something new is in the queue."""
    user_of(thread).idle.set()
    await wait_for(thread, [queue_of(thread)])
    return 1


@user32.export(category=GUI)
def TranslateMessage(thread: Thread, lpMsg: LPVOID) -> BOOL:
    """Make a character message of a key that went down, as the US keyboard does with no other key down."""
    message = MSG.read(thread.process.memory, lpMsg)
    if message.message not in (WM_KEYDOWN, WM_KEYUP, WM_SYSKEYDOWN, WM_SYSKEYUP):
        return 0
    character = _characters().get(message.wParam & 0xFF)
    if character is not None and message.message in (WM_KEYDOWN, WM_SYSKEYDOWN):
        number = WM_CHAR if message.message == WM_KEYDOWN else WM_SYSCHAR
        queue_of(thread).post(message.hwnd, number, character, message.lParam)
    return 1


@cache
def _characters() -> dict[int, int]:
    """The character of each virtual key that has one."""
    keys = {8: 8, 9: 9, 13: 13, 27: 27, 32: 32}
    keys |= {key: key for key in b"0123456789"} | {key: key + 32 for key in range(ord("A"), ord("Z") + 1)}
    keys |= {0x60 + digit: ord("0") + digit for digit in range(10)}
    rows = {0x6A: "*+", 0x6D: "-./", 0xBA: ";=,-./`", 0xDB: "[\\]'"}
    return keys | {first + at: ord(key) for first, row in rows.items() for at, key in enumerate(row)}


async def _dispatch(thread: Thread, address: int) -> int:
    message = MSG.read(thread.process.memory, address)
    if message.message == WM_TIMER and message.lParam:
        now = thread.clock.ticks() // 10_000 & 0xFFFFFFFF
        procedure = message.lParam & 0xFFFFFFFFFFFFFFFF
        return await thread.call(procedure, message.hwnd, WM_TIMER, message.wParam, now)
    if not message.hwnd:
        return 0
    window = window_of(thread, message.hwnd)
    lparam = message.lParam & 0xFFFFFFFFFFFFFFFF
    return await call_window(thread, window, message.message, message.wParam, lparam)


@user32.export(category=GUI)
async def DispatchMessageW(thread: Thread, lpMsg: LPVOID) -> LRESULT:
    """Give a message to its window's procedure."""
    return await _dispatch(thread, lpMsg)


@user32.export(category=GUI)
async def DispatchMessageA(thread: Thread, lpMsg: LPVOID) -> LRESULT:
    """Give a message to its window's procedure."""
    return await _dispatch(thread, lpMsg)


@user32.export(category=GUI)
def PostQuitMessage(thread: Thread, nExitCode: INT) -> None:
    """Have GetMessage return 0 once the queue is empty."""
    queue_of(thread).post_quit(nExitCode)


def _post_to_thread(thread: Thread, target: int, number: int, wparam: int, lparam: int) -> int:
    queue = queue_of(thread) if target == thread.id else user_of(thread).queues.get(target)
    if queue is None:
        raise Win32Error(ERROR_INVALID_THREAD_ID)
    if not queue.post(0, number, wparam, lparam):
        raise Win32Error(ERROR_NOT_ENOUGH_QUOTA)
    return 1


@user32.export(category=GUI)
def PostThreadMessageW(thread: Thread, idThread: DWORD, Msg: UINT, wParam: WPARAM, lParam: LPARAM) -> BOOL:
    """Post a message to a thread of this process that has a queue."""
    return _post_to_thread(thread, idThread, Msg, wParam, lParam)


@user32.export(category=GUI)
def PostThreadMessageA(thread: Thread, idThread: DWORD, Msg: UINT, wParam: WPARAM, lParam: LPARAM) -> BOOL:
    """Post a message to a thread of this process that has a queue."""
    return _post_to_thread(thread, idThread, Msg, wParam, lParam)


def _post(thread: Thread, handle: int, number: int, wparam: int, lparam: int) -> int:
    if not handle:
        return _post_to_thread(thread, thread.id, number, wparam, lparam)
    targets: Sequence[Window]
    if handle == HWND_BROADCAST:
        targets = [window for window in user_of(thread).windows.values() if not window.parent]
    else:
        targets = [window_of(thread, handle)]
    for window in targets:
        queue = user_of(thread).queues.get(window.thread_id)
        if queue is None or not queue.post(window.handle, number, wparam, lparam):
            raise Win32Error(ERROR_NOT_ENOUGH_QUOTA)
    return 1


@user32.export(category=GUI)
def PostMessageW(thread: Thread, hWnd: HWND, Msg: UINT, wParam: WPARAM, lParam: LPARAM) -> BOOL:
    """Post a message to a window."""
    return _post(thread, hWnd, Msg, wParam, lParam)


@user32.export(category=GUI)
def PostMessageA(thread: Thread, hWnd: HWND, Msg: UINT, wParam: WPARAM, lParam: LPARAM) -> BOOL:
    """Post a message to a window."""
    return _post(thread, hWnd, Msg, wParam, lParam)


async def send(
    thread: Thread, handle: int, number: int, wparam: int, lparam: int, timeout: int | None = None
) -> int:
    """Have a window's procedure answer a message: called here, or by the thread that owns the window.

    `timeout` is in milliseconds. Raises Win32Error(ERROR_TIMEOUT).
    """
    window = window_of(thread, handle)
    wparam, lparam = wparam & 0xFFFFFFFFFFFFFFFF, lparam & 0xFFFFFFFFFFFFFFFF
    if window.thread_id == thread.id:
        return await call_window(thread, window, number, wparam, lparam)
    queue = user_of(thread).queues.get(window.thread_id)
    if queue is None:
        return 0
    sent = queue.send(handle, number, wparam, lparam)
    due = None if timeout is None else -timeout * 10_000
    own = queue_of(thread)
    while not sent.done.is_set:
        # A thread that waits for an answer still answers what is sent to it.
        await answer_sent(thread, own)
        if await wait_for(thread, [sent.done, own], timeout=due) == STATUS_TIMEOUT:
            raise Win32Error(ERROR_TIMEOUT)
        if not own.sent and not sent.done.is_set:
            await wait_for(thread, [sent.done], timeout=due)
    return sent.result


@user32.export(category=GUI)
async def SendMessageW(thread: Thread, hWnd: HWND, Msg: UINT, wParam: WPARAM, lParam: LPARAM) -> LRESULT:
    """Send a message and return the answer."""
    return await send(thread, hWnd, Msg, wParam, lParam)


@user32.export(category=GUI)
async def SendMessageA(thread: Thread, hWnd: HWND, Msg: UINT, wParam: WPARAM, lParam: LPARAM) -> LRESULT:
    """Send a message and return the answer."""
    return await send(thread, hWnd, Msg, wParam, lParam)


@user32.export(category=GUI)
async def SendMessageTimeoutW(
    thread: Thread, hWnd: HWND, Msg: UINT, wParam: WPARAM, lParam: LPARAM, fuFlags: UINT, uTimeout: UINT,
    lpdwResult: Out[UINT_PTR],
) -> LRESULT:  # fmt: skip
    """Send a message and wait for the answer for a limited time; to all windows (HWND_BROADCAST), too."""
    if hWnd == HWND_BROADCAST:
        for window in tuple(user_of(thread).windows.values()):
            if not window.parent and window.handle in user_of(thread).windows:
                await send(thread, window.handle, Msg, wParam, lParam, uTimeout)
        lpdwResult.put(0)
        return 1
    result = await send(thread, hWnd, Msg, wParam, lParam, uTimeout)
    lpdwResult.put(result)
    return 1


@user32.export(category=GUI)
async def CallWindowProcW(
    thread: Thread, lpPrevWndFunc: PVOID, hWnd: HWND, Msg: UINT, wParam: WPARAM, lParam: LPARAM
) -> LRESULT:
    """Call a window procedure."""
    return await thread.call(lpPrevWndFunc, hWnd, Msg, wParam, lParam & 0xFFFFFFFFFFFFFFFF)


@user32.export(category=GUI)
async def CallWindowProcA(
    thread: Thread, lpPrevWndFunc: PVOID, hWnd: HWND, Msg: UINT, wParam: WPARAM, lParam: LPARAM
) -> LRESULT:
    """Call a window procedure."""
    return await thread.call(lpPrevWndFunc, hWnd, Msg, wParam, lParam & 0xFFFFFFFFFFFFFFFF)


@user32.export(category=GUI)
def RegisterWindowMessageW(thread: Thread, lpString: LPCWSTR) -> UINT:
    """Return a number for a message name, the same for the same name."""
    if not lpString:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return user_of(thread).registered_message(lpString)


@user32.export(category=GUI)
def RegisterClipboardFormatW(thread: Thread, lpszFormat: LPCWSTR) -> UINT:
    """Return a number for a clipboard format, the same for the same name."""
    if not lpszFormat:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return user_of(thread).registered_message(lpszFormat)


@user32.export(category=GUI)
def GetMessageTime(thread: Thread) -> LONG:
    """Return when the last message was posted, in milliseconds since boot."""
    return queue_of(thread).last_time


@user32.export(category=GUI)
def GetMessagePos(thread: Thread) -> DWORD:
    """Return where the pointer was at the last message."""
    return 0


@user32.export(category=GUI)
def GetQueueStatus(thread: Thread, flags: UINT) -> DWORD:
    """Return what kinds of message are in the queue, in both words."""
    queue = queue_of(thread)
    found = (0x8 if queue.posted or queue.quit is not None else 0) | (0x40 if queue.sent else 0)
    found |= 0x10 if any(timer.due for timer in queue.timers.values()) else 0
    found &= flags
    return found | found << 16


@user32.export(category=GUI)
def CallMsgFilterA(thread: Thread, lpMsg: LPVOID, nCode: INT) -> BOOL:
    """Pass a message to filter hooks: there are none."""
    return 0


@user32.export(category=GUI)
def CallMsgFilterW(thread: Thread, lpMsg: LPVOID, nCode: INT) -> BOOL:
    """Pass a message to filter hooks: there are none."""
    return 0


# Timers


@user32.export(category=GUI)
def SetTimer(thread: Thread, hWnd: HWND, nIDEvent: UINT_PTR, uElapse: UINT, lpTimerFunc: PVOID) -> UINT_PTR:
    """Start a timer that posts WM_TIMER."""
    if hWnd:
        window_of(thread, hWnd)
    return queue_of(thread).set_timer(hWnd, nIDEvent, uElapse, lpTimerFunc)


@user32.export(category=GUI)
def KillTimer(thread: Thread, hWnd: HWND, uIDEvent: UINT_PTR) -> BOOL:
    """Stop a timer."""
    if not queue_of(thread).kill_timer(hWnd, uIDEvent):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return 1


# Waiting


async def _wait(
    thread: Thread, count: int, handles: int, wait_all: bool, milliseconds: int, alertable: bool
) -> int:
    """Wait for objects or a message; the queue counts as one object behind the others."""
    memory = thread.process.memory
    if count > 63:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    items: list[Waitable] = [
        get_object(thread, memory.read_pointer(handles + memory.pointer_size * index), Waitable, 0x100000)
        for index in range(count)
    ]
    items.append(queue_of(thread))
    timeout = None if milliseconds == INFINITE else -milliseconds * 10_000
    result = await wait_for(thread, items, wait_all=wait_all, alertable=alertable, timeout=timeout)
    return {STATUS_TIMEOUT: 258, STATUS_USER_APC: 192}.get(result, result)


@user32.export(category=GUI, fails=0xFFFFFFFF)
async def MsgWaitForMultipleObjects(
    thread: Thread, nCount: DWORD, pHandles: LPVOID, fWaitAll: BOOL, dwMilliseconds: DWORD, dwWakeMask: DWORD
) -> DWORD:
    """Wait for objects or messages."""
    return await _wait(thread, nCount, pHandles, bool(fWaitAll), dwMilliseconds, False)


@user32.export(category=GUI, fails=0xFFFFFFFF)
async def MsgWaitForMultipleObjectsEx(
    thread: Thread, nCount: DWORD, pHandles: LPVOID, dwMilliseconds: DWORD, dwWakeMask: DWORD, dwFlags: DWORD
) -> DWORD:
    """Wait for objects or messages."""
    return await _wait(
        thread, nCount, pHandles, bool(dwFlags & MWMO_WAITALL), dwMilliseconds, bool(dwFlags & MWMO_ALERTABLE)
    )


RegisterWindowMessageA = user32.ansi(RegisterWindowMessageW)
RegisterClipboardFormatA = user32.ansi(RegisterClipboardFormatW)
