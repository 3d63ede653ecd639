"""Loading libraries on behalf of a running program: LdrLoadDll and LoadLibrary share this."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runtime.loader.module import Module
from runtime.loader.pe import BaseTakenError, ImageError, WrongMachineError
from runtime.nt import status as st
from runtime.nt.resources import forget_language_files
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.nt.data_files import DataFile
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread


async def load_module(thread: Thread, name: str, flags: int) -> Module:
    """Load a DLL and run its initializers.

    Raises NtError: STATUS_DLL_NOT_FOUND, STATUS_INVALID_IMAGE_FORMAT, STATUS_CONFLICTING_ADDRESSES,
    STATUS_DLL_INIT_FAILED, the code of an exception in DllMain.
    """
    loader = thread.process.loader
    with _image_errors(thread.process):
        module = loader.load(name, flags)
    try:
        await loader.run_initializers(thread, 0)
    except NtError:
        await loader.free(thread, module)
        raise
    return module


def load_as_data(thread: Thread, name: str, flags: int) -> DataFile:
    """Map a file for its resources: nothing of it runs.

    Raises NtError: STATUS_OBJECT_NAME_NOT_FOUND, STATUS_INVALID_IMAGE_FORMAT, STATUS_SHARING_VIOLATION.
    """
    try:
        return thread.process.data_files.load(name, flags)
    except ImageError:
        raise NtError(st.STATUS_INVALID_IMAGE_FORMAT) from None
    except NtError as error:
        raise NtError(
            st.STATUS_OBJECT_NAME_NOT_FOUND if error.status == st.STATUS_DLL_NOT_FOUND else error.status
        ) from None


async def free_library(thread: Thread, handle: int) -> None:
    """Give up a reference to a module or a data file. Raises NtError(STATUS_DLL_NOT_FOUND)."""
    process = thread.process
    if process.data_files.find(handle) is not None:
        forget_language_files(process, handle)
        process.data_files.free(handle)
        return
    module = process.loader.by_base(handle) if handle else None
    if module is None:
        raise NtError(st.STATUS_DLL_NOT_FOUND)
    await process.loader.free(thread, module)


@contextmanager
def _image_errors(process: Process) -> Iterator[None]:
    """Turn what is wrong with a file into the status that Windows has for it."""
    try:
        yield
    except WrongMachineError:
        raise NtError(st.STATUS_INVALID_IMAGE_FORMAT) from None
    except BaseTakenError as error:
        process.report(f"winfs: {error}")
        raise NtError(st.STATUS_CONFLICTING_ADDRESSES) from None
    except ImageError as error:
        process.report(f"winfs: {error}")
        raise NtError(st.STATUS_INVALID_IMAGE_FORMAT) from None


def find_module(process: Process, name: str) -> Module:
    """Return a loaded module by name. Raises NtError(STATUS_DLL_NOT_FOUND)."""
    module = process.loader.find(name)
    if module is None:
        raise NtError(st.STATUS_DLL_NOT_FOUND)
    return module


async def procedure(thread: Thread, base: int, name: str | int) -> int:
    """Return the address of an export; a DLL that a forwarder brings in is initialized first.

    Raises NtError: STATUS_DLL_NOT_FOUND, STATUS_ENTRYPOINT_NOT_FOUND or STATUS_ORDINAL_NOT_FOUND.
    """
    process = thread.process
    loader = process.loader
    module = loader.by_base(base)
    if module is None:
        raise NtError(st.STATUS_DLL_NOT_FOUND)
    loaded = len(loader.modules)
    address = loader.export(module, name)
    if len(loader.modules) > loaded:
        await loader.run_initializers(thread, 0)
    if address is None:
        raise NtError(st.STATUS_ENTRYPOINT_NOT_FOUND if isinstance(name, str) else st.STATUS_ORDINAL_NOT_FOUND)
    return process.import_thunk(module, name, address) if isinstance(name, str) else address
