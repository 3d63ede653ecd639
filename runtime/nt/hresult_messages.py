"""Texts of the HRESULTs of COM, as FormatMessage gives them for en-US (learn.microsoft.com, "COM Error Codes")."""

from __future__ import annotations

from functools import cache
from typing import Final

_TEXTS: Final = """\
8000000A The data necessary to complete this operation is not yet available.
8000000B The operation attempted to access data outside the valid range
8000000C A concurrent or interleaved operation changed the state of the object, invalidating this operation.
8000000D An illegal state change was requested.
8000000E A method was called at an unexpected time.
80004001 Not implemented
80004002 No such interface supported
80004003 Invalid pointer
80004004 Operation aborted
80004005 Unspecified error
8000FFFF Catastrophic failure
80010001 Call was rejected by callee.
80010002 Call was canceled by the message filter.
80010105 The server threw an exception.
80010106 Cannot change thread mode after it is set.
80010108 The object invoked has disconnected from its clients.
8001010E The application called an interface that was marshalled for a different thread.
80020001 Unknown interface.
80020003 Member not found.
80020004 Parameter not found.
80020005 Type mismatch.
80020006 Unknown name.
80020007 No named arguments.
80020008 Bad variable type.
80020009 Exception occurred.
8002000A Out of present range.
8002000B Invalid index.
8002000C Unknown language.
8002000D Memory is locked.
8002000E Invalid number of parameters.
8002000F Parameter not optional.
80020010 Invalid callee.
80020012 Division by zero.
80028018 Old format or invalid type library.
8002801D Library not registered.
8002802B Element not found.
80029C4A Error loading type library/DLL.
80030001 Unable to perform requested operation.
80030002 %1 could not be found.
80030003 The path %1 could not be found.
80030004 There are insufficient resources to open another file.
80030005 Access Denied.
80030006 Attempted an operation on an invalid object.
80030008 There is insufficient memory available to complete operation.
80030009 Invalid pointer error.
80030012 There are no more entries to return.
80030050 %1 already exists.
80030057 Invalid parameter error.
80030070 There is insufficient disk space to complete operation.
800300FB The file %1 is not a valid compound file.
80040110 Class does not support aggregation (or class object is remote)
80040111 ClassFactory cannot supply requested class
80040150 Could not read key from registry
80040154 Class not registered
80040155 Interface not registered
800401E3 Operation unavailable
800401E4 Invalid syntax
800401F0 CoInitialize has not been called.
800401F1 CoInitialize has already been called.
800401F3 Invalid class string
800401F5 Application not found
800401FD Object is not connected to server
80080005 Server execution failed
80090003 Bad Key.
80090005 Bad Data.
80090009 Invalid flags specified.
8009000B Key not valid for use in specified state.
8009000D Key does not exist.
8009000F Object already exists.
80090016 Keyset does not exist
80090020 An internal error occurred.
"""


@cache
def hresult_texts() -> dict[int, str]:
    """The texts by HRESULT as an unsigned number, without line ends."""
    lines = (line.partition(" ") for line in _TEXTS.splitlines())
    return {int(number, 16): text for number, _, text in lines}
