"""Status and error codes, their names and the mapping between them."""

from __future__ import annotations

import pytest

from runtime.nt import status as st


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (st.STATUS_SUCCESS, st.ERROR_SUCCESS),
        (st.STATUS_INVALID_HANDLE, st.ERROR_INVALID_HANDLE),
        (st.STATUS_OBJECT_TYPE_MISMATCH, st.ERROR_INVALID_HANDLE),
        (st.STATUS_OBJECT_NAME_NOT_FOUND, st.ERROR_FILE_NOT_FOUND),
        (st.STATUS_OBJECT_PATH_NOT_FOUND, st.ERROR_PATH_NOT_FOUND),
        (st.STATUS_OBJECT_NAME_COLLISION, st.ERROR_ALREADY_EXISTS),
        (st.STATUS_NO_MEMORY, st.ERROR_NOT_ENOUGH_MEMORY),
        (st.STATUS_BUFFER_OVERFLOW, st.ERROR_MORE_DATA),
        (st.STATUS_BUFFER_TOO_SMALL, st.ERROR_INSUFFICIENT_BUFFER),
        (st.STATUS_DELETE_PENDING, st.ERROR_ACCESS_DENIED),
        (st.STATUS_SHARING_VIOLATION, st.ERROR_SHARING_VIOLATION),
        (st.STATUS_DISK_FULL, st.ERROR_DISK_FULL),
        (st.STATUS_MUTANT_NOT_OWNED, st.ERROR_NOT_OWNER),
        (st.STATUS_SEMAPHORE_LIMIT_EXCEEDED, st.ERROR_TOO_MANY_POSTS),
        (st.STATUS_TIMEOUT, st.ERROR_TIMEOUT),
        (st.STATUS_PENDING, st.ERROR_IO_PENDING),
        (st.STATUS_END_OF_FILE, st.ERROR_HANDLE_EOF),
        (0xD0000022, st.ERROR_ACCESS_DENIED),
        (0xE0000001, 0xE0000001),
        (0xC00704C7, 1223),
        (0xC0FFFFFE, st.ERROR_MR_MID_NOT_FOUND),
        (-1073741790, st.ERROR_ACCESS_DENIED),
    ],
)
def test_ntstatus_becomes_the_documented_win32_error(status: int, error: int) -> None:
    assert st.nt_status_to_dos_error(status) == error


def test_names_are_found_for_signed_and_unsigned_codes() -> None:
    assert st.status_name(0xC0000005) == st.status_name(-1073741819) == "STATUS_ACCESS_VIOLATION"
    assert st.status_name(0) == "STATUS_SUCCESS"
    assert st.status_name(0xC0FFFFFE) == "0xC0FFFFFE"
    assert st.error_name(2) == "ERROR_FILE_NOT_FOUND"
    assert st.error_name(0) == "ERROR_SUCCESS"
    assert st.error_name(10054) == "WSAECONNRESET"
    assert st.error_name(60000) == "60000"


def test_exceptions_carry_their_codes() -> None:
    failure = st.NtError(-1073741790)
    assert (failure.status, failure.error) == (st.STATUS_ACCESS_DENIED, st.ERROR_ACCESS_DENIED)
    assert str(failure) == "STATUS_ACCESS_DENIED (0xC0000022)"
    assert str(st.Win32Error(122)) == "ERROR_INSUFFICIENT_BUFFER (122)"
