"""The Unicorn engine: `runtime.cpu.engine` over libunicorn's C interface.

Unicorn's Python wrapper costs 8 µs a hook; raw ctypes callbacks and registers read straight from the CPU state in
memory cost 0.3 µs. The state's place is found through the `uc_struct` and verified with known register values when an
engine is made, so that another build of Unicorn is refused instead of misread.

The guest runs in ring 3 under page tables of our own (`runtime.cpu.paging`).
"""

from __future__ import annotations

import ctypes
import struct
import threading
from ctypes import byref, c_char, c_int, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Final

import unicorn.x86_const as x86
from unicorn import unicorn_const as const

from runtime.cpu import native
from runtime.cpu.context import DR7_ENABLE, DR7_FIXED, ENV_IN_CONTEXT, UnicornContext
from runtime.cpu.engine import Access, Context, EngineError, Gpr, Handlers
from runtime.cpu.libunicorn import (
    CLOCK_MONOTONIC,
    SIGEV_THREAD,
    InterruptCallback,
    MemoryManagementRegister,
    ModelSpecificRegister,
    OutCallback,
    SignalEvent,
    SyscallCallback,
    TimerSpec,
    Timespec,
    check,
    libc,
    open_library,
)
from runtime.cpu.paging import NO_EXECUTE, PRESENT, WRITABLE, PageTable
from runtime.cpu.physical import PhysicalMemory

_UC_ARCH_X86: Final = 4
_UC_MODE_64: Final = 8
_TLB_FLUSH: Final = const.UC_CTL_TLB_FLUSH | 1 << 30
_TB_FLUSH: Final = const.UC_CTL_TB_FLUSH | 1 << 30
_REMOVE_CACHE: Final = const.UC_CTL_TB_REMOVE_CACHE | 2 << 26 | 1 << 30
_TCG_BUFFER_SIZE: Final = const.UC_CTL_TCG_BUFFER_SIZE | 1 << 26 | 1 << 30
_CODE_BUFFER: Final = 256 << 20

# Offsets in Unicorn 2.1.4's structures, verified by `_verify`.
_CPU_IN_UC: Final = 440
_ENV_IN_CPU: Final = 35408
_RIP_IN_ENV: Final = 128
_ERROR_CODE_IN_ENV: Final = 5384
_IS_INTERRUPT_IN_ENV: Final = 5388
_DR6_IN_ENV: Final = 5448
_OLD_EXCEPTION_IN_ENV: Final = 5496

_KERNEL: Final = 0xFFFF_8000_0000_0000
_ENTRY: Final = _KERNEL + 0x800
_PROBE: Final = (
    bytes.fromhex("0f ae 15 f9 00 00 00"),  # LDMXCSR [entry + 0x100]
    bytes.fromhex("d9 e8"),  # FLD1
    bytes.fromhex("d9 e8"),
    bytes.fromhex("de c1"),  # FADDP
    bytes.fromhex("d9 2d f1 00 00 00"),  # FLDCW [entry + 0x104]
    bytes.fromhex("66 0f 3a 62 c0 48"),  # PCMPISTRM XMM0, XMM0, 0x48
    bytes.fromhex("0f 01 d1"),  # XSETBV
    bytes.fromhex("db e3"),  # FNINIT
    bytes.fromhex("48 cf"),  # IRETQ
)
_PROBE_VALUES: Final = struct.pack("<IH", 0x9FA5, 0x57F)
"""MXCSR and x87 control word that the probe loads."""
_TWO: Final = bytes.fromhex("00 00 00 00 00 00 00 80 00 40")
_KERNEL_STACK: Final = _KERNEL + 0xF00
_GDT: Final = (
    0,
    0,
    0x00AF9B000000FFFF,
    0x00CF93000000FFFF,
    0x00CFFB000000FFFF,
    0x00CFF3000000FFFF,
    0x00AFFB000000FFFF,
    0,
    0,
    0,
    0x00CFF3000000FFFF,
)
_CS64, _SS, _FS, _DS = 0x33, 0x2B, 0x53, 0x2B
_INITIAL_FLAGS: Final = 0x202
_FIRST_RIP: Final = 0x10000
_FIRST_GROWTH: Final = 16
"""libunicorn's TLB grows only when it is flushed: done at this many page faults and at every doubling of them."""
_TIMER_GRACE: Final = 1.0
"""Seconds until the memory of a closed engine is released."""
_STOP_AGAIN: Final = 10_000_000
"""Nanoseconds after which the slice timer runs out again."""
_DISARMED: Final = TimerSpec()
_TRAP_SIZE: Final = 2
"""Bytes of OUT imm8, AL and of SYSCALL."""
_CR4_FSGSBASE: Final = 1 << 16
_CR4_OSXSAVE: Final = 1 << 18
_XCR0: Final = 3
"""XSAVE handles x87 and SSE; there is no AVX."""
_HOOK_INSERT_IN_UC: Final = 0x7F0
_FIRST_JUMP_BUFFER: Final = 200
_JUMP_BUFFERS: Final = 64 * _FIRST_JUMP_BUFFER
_LONGEST_INSTRUCTION: Final = 15
_MAGIC: Final = tuple(0x5CA1AB1E_00000000 + 0x1111 * index for index in range(16))

_GPR_IDS: Final = (
    x86.UC_X86_REG_RAX,
    x86.UC_X86_REG_RCX,
    x86.UC_X86_REG_RDX,
    x86.UC_X86_REG_RBX,
    x86.UC_X86_REG_RSP,
    x86.UC_X86_REG_RBP,
    x86.UC_X86_REG_RSI,
    x86.UC_X86_REG_RDI,
    *range(x86.UC_X86_REG_R8, x86.UC_X86_REG_R8 + 8),
)


class UnicornEngine:
    """A virtual processor on libunicorn; see `runtime.cpu.engine.Engine`."""

    parallel = False

    def __init__(self, memory: PhysicalMemory, page_table: PageTable, handlers: Handlers) -> None:
        """Raises EngineError when libunicorn is not the build whose structures are known here."""
        self.page_table = page_table
        self._library = open_library()
        self._memory = memory
        self._handlers = handlers
        self._current: UnicornContext | None = None
        self._failure: BaseException | None = None
        self._ready = False
        self._runner: int | None = None
        """The OS thread that runs the engine; libunicorn's caches may be touched by no other."""
        self._running = False
        """Whether a `run` is on its way into, in or out of Unicorn."""
        self._kicked = False
        """Whether that `run`, or else the next one, is to return."""
        self._timer_armed = False
        self._stale_translations = False
        self._stale_code = False
        self._advance = 0
        """Bytes between the RIP that Unicorn shows in a hook and the next instruction."""
        self._faults = 0
        self._armed: UnicornContext | None = None
        """The context whose debug registers are in force."""
        self._jumps = (c_char * native.JUMPS_SIZE)()
        self._lost = native.LostPages()
        self._lost_place = byref(self._lost)
        self._uc = c_void_p()
        check(self._library.uc_open(_UC_ARCH_X86, _UC_MODE_64, byref(self._uc)), "start")
        self._library.uc_ctl(self._uc, c_uint32(_TCG_BUFFER_SIZE), c_uint32(_CODE_BUFFER))
        size = memory.size
        check(self._library.uc_mem_map_ptr(self._uc, 0, size, const.UC_PROT_ALL, memory.base), "map memory")
        self._env = self._find_state()
        self._registers = memoryview((c_uint64 * 17).from_address(self._env)).cast("B").cast("Q")
        self._error_code = c_uint32.from_address(self._env + _ERROR_CODE_IN_ENV)
        self._debug_status = c_uint64.from_address(self._env + _DR6_IN_ENV)
        self._is_interrupt = c_uint32.from_address(self._env + _IS_INTERRUPT_IN_ENV)
        self._old_exception = ctypes.c_int32.from_address(self._env + _OLD_EXCEPTION_IN_ENV)
        self._switching = threading.Lock()
        """Held while the current context changes: contexts are closed on other OS threads than the one that runs."""
        self._callbacks = self._add_hooks()
        self._enter_ring3()
        self._first_moment = self._snapshot()
        self._stop_between_blocks_only()
        self._settle()
        self._timer = self._create_timer()

    def _find_state(self) -> int:
        for register, value in zip(_GPR_IDS, _MAGIC, strict=True):
            self._library.uc_reg_write(self._uc, register, byref(c_uint64(value)))
        assert self._uc.value is not None
        env = c_uint64.from_address(self._uc.value + _CPU_IN_UC).value + _ENV_IN_CPU
        saved = c_void_p()
        check(self._library.uc_context_alloc(self._uc, byref(saved)), "allocate a context")
        self._library.uc_context_save(self._uc, saved)
        assert saved.value is not None
        words = (c_uint64 * 16).from_address(saved.value + ENV_IN_CONTEXT)
        known = tuple(words) == _MAGIC and _readable(env) and tuple((c_uint64 * 16).from_address(env)) == _MAGIC
        self._library.uc_context_free(saved)
        if not known:
            version = ".".join(str(part) for part in const.__dict__.get("UC_VERSION", ())) or "this build"
            raise EngineError(f"Unicorn 2.1.4 is required: the CPU state of {version} is laid out differently")
        for register in _GPR_IDS:
            self._library.uc_reg_write(self._uc, register, byref(c_uint64(0)))
        return env

    def _stop_between_blocks_only(self) -> None:
        """Make stops come between instructions.

        Translated code looks for a stop request after every memory access as well, and then leaves the instruction
        half done with RIP still on it: `add [rcx], eax` adds twice when its thread goes on. The structure has a switch
        against that (made for ARM's IT blocks); it lies behind 'hook_insert' and 'first_tb', before 'init_done' and
        the jump buffers of nested runs. The look at the head of each block stays.
        """
        assert self._uc.value is not None
        place = self._uc.value + _HOOK_INSERT_IN_UC
        state = ctypes.string_at(place, 8 + _JUMP_BUFFERS + 4)
        unused = state[8 + _FIRST_JUMP_BUFFER :]
        if state[0] or state[1] > 1 or state[2:8] != b"\0\1\0\0\0\0" or any(unused):
            raise EngineError("Unicorn 2.1.4 is required: the engine's state is laid out differently")
        ctypes.c_uint8.from_address(place + 2).value = 1
        self._library.uc_ctl(self._uc, c_uint32(_TB_FLUSH))

    def _settle(self) -> None:
        """Let the first start in ring 3 be one of no consequence.

        It takes away the hook that counted the instruction of `_enter_ring3`, with a look at that page, which faults
        behind our back; the first exception of the guest would then arrive as a double fault.
        """
        self._ready = False
        self._library.uc_emu_start(self._uc, _FIRST_RIP, 0, 0, 0)
        self._ready = True
        self._old_exception.value = -1

    def _set(self, register: int, value: int) -> None:
        check(self._library.uc_reg_write(self._uc, register, byref(c_uint64(value))), "write a register")

    def _enter_ring3(self) -> None:
        """Run one IRETQ: writing CS and SS alone would leave the privilege level at 0."""
        frame = self._memory.allocate()
        self._kernel_frame = frame
        data = self._memory.bytes
        data[frame : frame + 8 * len(_GDT)] = struct.pack(f"<{len(_GDT)}Q", *_GDT)
        entry = b"".join(_PROBE)
        data[frame + 0x800 : frame + 0x800 + len(entry)] = entry
        data[frame + 0x900 : frame + 0x900 + len(_PROBE_VALUES)] = _PROBE_VALUES
        data[frame + 0xF00 : frame + 0xF28] = struct.pack("<5Q", _FIRST_RIP, _CS64, _INITIAL_FLAGS, 0, _SS)
        self.page_table.set(_KERNEL, frame, PRESENT | WRITABLE)
        gdt = MemoryManagementRegister(0, _KERNEL, 8 * len(_GDT) - 1, 0)
        check(self._library.uc_reg_write(self._uc, x86.UC_X86_REG_GDTR, byref(gdt)), "set GDTR")
        efer = ModelSpecificRegister(0xC0000080, 0xD01)
        check(self._library.uc_reg_write(self._uc, x86.UC_X86_REG_MSR, byref(efer)), "set EFER")
        self._set(x86.UC_X86_REG_CR4, 0x6A0 | _CR4_FSGSBASE | _CR4_OSXSAVE)
        self._set(x86.UC_X86_REG_CR3, self.page_table.root)
        self._set(x86.UC_X86_REG_CR0, 0x80010033)
        self._set(x86.UC_X86_REG_RSP, _KERNEL_STACK)
        self._probe()
        for register, selector in ((x86.UC_X86_REG_DS, _DS), (x86.UC_X86_REG_ES, _DS), (x86.UC_X86_REG_FS, _FS),
                                   (x86.UC_X86_REG_GS, _DS)):  # fmt: skip
            self._set(register, selector)
        self._set(x86.UC_X86_REG_RSP, 0)
        check(self._library.uc_reg_write(self._uc, x86.UC_X86_REG_MXCSR, byref(c_uint32(0x1F80))), "set MXCSR")
        self._set(x86.UC_X86_REG_FPCW, 0x27F)
        self._old_exception.value = -1
        self._ready = True

    def _probe(self) -> None:
        """Run the instructions of `_PROBE`: each native replacement must see the state where libunicorn has it."""
        address = _ENTRY
        for instruction in _PROBE[:-3]:
            check(self._library.uc_emu_start(self._uc, address, 0, 0, 1), "run the probe")
            address += len(instruction)
        mxcsr, control = c_uint32(), ctypes.c_uint16()
        top, vector = (c_char * 16)(), (c_char * 16)()
        for register, target in ((x86.UC_X86_REG_MXCSR, mxcsr), (x86.UC_X86_REG_FPCW, control),
                                 (x86.UC_X86_REG_ST0, top), (x86.UC_X86_REG_XMM0, vector)):  # fmt: skip
            check(self._library.uc_reg_read(self._uc, register, byref(target)), "read a register")
        seen = (struct.pack("<IH", mxcsr.value, control.value), top.raw[:10], vector.raw)
        if native.state_of_last_ldmxcsr() not in (None, self._env) or seen != (_PROBE_VALUES, _TWO, b"\xff" * 16):
            raise EngineError(
                "libunicorn does not use the engine's native part: another version, or loaded before runtime.cpu"
            )
        self._set(x86.UC_X86_REG_RAX, _XCR0)
        for instruction in _PROBE[-3:]:
            check(self._library.uc_emu_start(self._uc, address, 0, 0, 1), "enter ring 3")
            address += len(instruction)
        self._set(x86.UC_X86_REG_RAX, 0)
        check(self._library.uc_reg_write(self._uc, x86.UC_X86_REG_XMM0, (c_char * 16)()), "write a register")

    def _snapshot(self) -> bytes:
        """Return the engine's state as uc_context_save stores it."""
        saved = c_void_p()
        check(self._library.uc_context_alloc(self._uc, byref(saved)), "allocate a context")
        check(self._library.uc_context_save(self._uc, saved), "save a context")
        assert saved.value is not None
        data = ctypes.string_at(saved.value, self._library.uc_context_size(self._uc))
        self._library.uc_context_free(saved)
        return data

    def _create_timer(self) -> c_void_p:
        event = SignalEvent()
        event.value = self._uc.value
        event.notify = SIGEV_THREAD
        event.function = ctypes.cast(self._library.uc_emu_stop, c_void_p).value
        timer = c_void_p()
        if libc().timer_create(CLOCK_MONOTONIC, byref(event), byref(timer)):
            raise EngineError("the host refuses a timer")
        return timer

    def _add_hooks(self) -> tuple[object, ...]:
        handlers, registers, stop, uc = self._handlers, self._registers, self._library.uc_emu_stop, self._uc
        on_trap, on_syscall = handlers.on_trap, handlers.on_syscall
        rax = int(Gpr.RAX)

        def trap(_uc: int, _port: int, _size: int, _value: int, _data: int) -> None:
            self._advance = _TRAP_SIZE
            if self._stale_translations:
                self._catch_up()
            try:
                if on_trap(registers[rax] & 0xFFFFFFFF):
                    return
            except BaseException as error:
                self._failure = error
            finally:
                self._advance = 0
            stop(uc)

        def syscall(_uc: int, _data: int) -> None:
            self._advance = _TRAP_SIZE
            if self._stale_translations:
                self._catch_up()
            try:
                if on_syscall(registers[rax] & 0xFFFFFFFF):
                    return
            except BaseException as error:
                self._failure = error
            finally:
                self._advance = 0
            stop(uc)

        def interrupt(_uc: int, vector: int, _data: int) -> None:
            self._old_exception.value = -1
            if self._stale_translations:
                self._catch_up()
            try:
                if self._interrupt(vector):
                    return
            except BaseException as error:
                self._failure = error
            stop(uc)

        callbacks = (OutCallback(trap), SyscallCallback(syscall), InterruptCallback(interrupt))
        add, handle = self._library.uc_hook_add, c_size_t()
        everywhere = (c_void_p(0), c_uint64(1), c_uint64(0))
        instruction, interrupts = c_int(const.UC_HOOK_INSN), c_int(const.UC_HOOK_INTR)
        check(add(uc, byref(handle), instruction, callbacks[0], *everywhere, c_int(x86.UC_X86_INS_OUT)), "hook OUT")
        service = c_int(x86.UC_X86_INS_SYSCALL)
        check(add(uc, byref(handle), instruction, callbacks[1], *everywhere, service), "hook SYSCALL")
        check(add(uc, byref(handle), interrupts, callbacks[2], *everywhere), "hook interrupts")
        return callbacks

    def _interrupt(self, vector: int) -> bool:
        if not self._ready:
            return False  # emu_start with a count probes the page before `until`; `_settle` fetches from nowhere
        error = self._error_code.value
        if vector == 14:
            self._faults += 1
            if not self._faults & self._faults - 1 and self._faults >= _FIRST_GROWTH:
                self._library.uc_ctl(self._uc, c_uint32(_TLB_FLUSH))
            address = c_uint64()
            self._library.uc_reg_read(self._uc, x86.UC_X86_REG_CR2, byref(address))
            access = Access.EXECUTE if error & 16 else Access.WRITE if error & 2 else Access.READ
            return self._handlers.on_page_fault(address.value, access, bool(error & 1))
        if vector == 8:
            # A fault while fetching is raised twice and arrives as a double fault, without the page fault's error
            # code. Where it was a write after all, the repeated instruction faults once more and says so.
            fault = c_uint64()
            self._library.uc_reg_read(self._uc, x86.UC_X86_REG_CR2, byref(fault))
            fetch = 0 <= fault.value - int(self._registers[16]) < _LONGEST_INSTRUCTION
            access = Access.EXECUTE if fetch else Access.READ
            present = bool(self.page_table.entry(fault.value) & PRESENT)
            return self._handlers.on_page_fault(fault.value, access, present)
        if self._is_interrupt.value:
            return self._handlers.on_interrupt(vector)
        return self._handlers.on_exception(vector, error)

    def new_context(self) -> UnicornContext:
        """Return a context in ring 3; its registers are those of the engine's first moment in ring 3."""
        return UnicornContext(self)

    def _set_debug(self, register: int, value: int) -> None:
        self._library.helper_set_dr_x86_64(c_void_p(self._env), c_int(register), c_uint64(value))

    def _arm(self, context: UnicornContext) -> None:
        """Put the context's breakpoints in force, if it has any."""
        context._debug_changed = False
        if not context._debug[5] & DR7_ENABLE:
            return
        for register, value in zip((0, 1, 2, 3, 6, 7), context._debug, strict=True):
            self._set_debug(register, value)
        self._armed = context
        self._library.uc_ctl(self._uc, c_uint32(_TLB_FLUSH))  # its entries say which pages have data breakpoints

    def _disarm(self) -> None:
        """Take away the breakpoints of the context that has some; a saved state must not hold them."""
        if self._armed is not None:
            self._armed.get_debug()
            self._armed = None
            self._set_debug(7, DR7_FIXED)
            self._library.uc_ctl(self._uc, c_uint32(_TLB_FLUSH))

    def _save(self, context: UnicornContext) -> None:
        self._disarm()
        self._library.uc_context_save(self._uc, context._handle)
        context.registers = context._saved

    def put_down(self, context: UnicornContext) -> None:
        """Save the registers of a context that runs no more, if the engine holds them."""
        with self._switching:
            if self._current is context:
                self._save(context)
                self._current = None

    def run(self, context: Context) -> None:
        """Run until a handler declines to go on or `kick` is called. Raises EngineError when Unicorn gives up."""
        assert isinstance(context, UnicornContext)
        if self._current is not context:
            with self._switching:
                if self._current is not None:
                    self._save(self._current)
                self._library.uc_context_restore(self._uc, context._handle)
                self._current = context
                context.registers = self._registers
                if context._debug[5] & DR7_ENABLE:
                    context._debug_changed = True
        if context._debug_changed:
            self._disarm()
            self._arm(context)
        # In this order, and the other way round in `kick`: one of the two sees the other.
        self._running = True
        if self._kicked:
            self._running = self._kicked = False
            return
        rip = context._rip if context._rip is not None else int(self._registers[16])
        context._rip = None
        self._runner = threading.get_ident()
        if self._stale_code:
            self._stale_code = False
            self._library.uc_ctl(self._uc, c_uint32(_TB_FLUSH))
            self._stale_translations = True
        if self._stale_translations:
            self._catch_up()
        self._old_exception.value = -1
        if native.LIBRARY is not None:
            error = native.LIBRARY.winfs_run(self._uc, rip, self._lost_place, self._jumps)
        else:
            error = self._library.uc_emu_start(self._uc, rip, 0, 0, 0)
        self._running = self._kicked = False
        if self._timer_armed:
            self._timer_armed = False
            libc().timer_settime(self._timer, 0, byref(_DISARMED), None)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if error:
            self._report(error)
        if self._lost.count:
            self._handlers.on_lost_pages([page - self._memory.base for page in self._lost.take()])

    def _report(self, error: int) -> None:
        if error == const.UC_ERR_INSN_INVALID:
            self._handlers.on_exception(6, 0)
            return
        check(error, f"run at {int(self._registers[16]):#x}")

    def kick(self) -> None:
        """Make a running or the next `run` return soon."""
        if self._uc.value is not None:
            self._kicked = True
            if self._running:
                self._library.uc_emu_stop(self._uc)
                self.kick_after(0.001)

    def kick_after(self, seconds: float) -> None:
        """Arm the slice timer. It goes on until a `run` returns: Unicorn forgets a stop that comes before it runs."""
        if self._uc.value is None:
            return
        spec = TimerSpec(Timespec(0, _STOP_AGAIN), Timespec(int(seconds), int(seconds % 1 * 1e9)))
        libc().timer_settime(self._timer, 0, byref(spec), None)
        self._timer_armed = True  # last: a run that returns meanwhile must not leave it armed unseen

    def flush(self) -> None:
        """Forget cached translations: at once on the thread that runs the engine, else as soon as it looks up."""
        if self._runner in (None, threading.get_ident()):
            self._library.uc_ctl(self._uc, c_uint32(_TLB_FLUSH))
        else:
            self._stale_translations = True
            self.kick()

    def _catch_up(self) -> None:
        """Do what other OS threads asked for while the engine ran; the engine stands still or is in a hook."""
        self._stale_translations = False
        self._library.uc_ctl(self._uc, c_uint32(_TLB_FLUSH))

    def code_changed(self, address: int, size: int) -> None:
        """Forget decoded code in a virtual range; pages that cannot be executed have none."""
        if self._runner not in (None, threading.get_ident()):
            self._stale_code = True
            self.kick()
            return
        for page in range(address & ~0xFFF, address + size, 0x1000):
            entry = self.page_table.entry(page)
            if entry & PRESENT and not entry & NO_EXECUTE:
                self._library.uc_ctl(self._uc, c_uint32(_REMOVE_CACHE), c_uint64(page), c_uint64(page + 0x1000))

    def close(self) -> None:
        """Release the engine."""
        if self._uc.value is not None:
            if self._current is not None:
                self.put_down(self._current)
            libc().timer_delete(self._timer)
            # A slice timer that has just run out may still be on its way to uc_emu_stop, on a thread of libc's own.
            release = threading.Timer(_TIMER_GRACE, self._library.uc_close, (self._uc,))
            release.daemon = True
            release.start()
            self._uc = c_void_p()
            self._memory.free(self._kernel_frame)


def _readable(address: int) -> bool:
    """Whether the host process may read 128 bytes at `address` (a wild pointer must not crash the check)."""
    with open("/proc/self/maps") as maps:
        for line in maps:
            span, mode = line.split(" ", 2)[:2]
            low, high = (int(part, 16) for part in span.split("-"))
            if low <= address and address + 128 <= high:
                return "r" in mode
    return False
