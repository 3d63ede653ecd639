"""appmodel.h: what a program that is in no package is told."""

from __future__ import annotations

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import HANDLE, LONG, LPWSTR, PVOID, UINT, Out
from runtime.nt import status as st
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.thread import Thread

_QUERY_LIMITED = 0x1000
_NO_PACKAGE = 15700
"""APPMODEL_ERROR_NO_PACKAGE."""
_NO_APPLICATION = 15703
"""APPMODEL_ERROR_NO_APPLICATION."""


@kernel32.export("process")
def GetCurrentPackageFullName(thread: Thread, packageFullNameLength: PVOID, packageFullName: LPWSTR) -> LONG:
    return _NO_PACKAGE if packageFullNameLength else st.ERROR_INVALID_PARAMETER


@kernel32.export("process")
def GetCurrentPackageFamilyName(thread: Thread, packageFamilyNameLength: PVOID, packageFamilyName: LPWSTR) -> LONG:
    return _NO_PACKAGE if packageFamilyNameLength else st.ERROR_INVALID_PARAMETER


@kernel32.export("process")
def GetCurrentPackageId(thread: Thread, bufferLength: PVOID, buffer: PVOID) -> LONG:
    return _NO_PACKAGE if bufferLength else st.ERROR_INVALID_PARAMETER


@kernel32.export("process")
def GetCurrentPackageInfo(thread: Thread, flags: UINT, bufferLength: PVOID, buffer: PVOID, count: PVOID) -> LONG:
    return _NO_PACKAGE if bufferLength else st.ERROR_INVALID_PARAMETER


@kernel32.export("process")
def GetCurrentPackagePath(thread: Thread, pathLength: PVOID, path: LPWSTR) -> LONG:
    return _NO_PACKAGE if pathLength else st.ERROR_INVALID_PARAMETER


@kernel32.export("process")
def GetCurrentApplicationUserModelId(
    thread: Thread, applicationUserModelIdLength: PVOID, applicationUserModelId: LPWSTR
) -> LONG:
    return _NO_APPLICATION if applicationUserModelIdLength else st.ERROR_INVALID_PARAMETER


@kernel32.export("process")
def GetPackageFullName(
    thread: Thread, hProcess: HANDLE, packageFullNameLength: PVOID, packageFullName: LPWSTR
) -> LONG:
    """APPMODEL_ERROR_NO_PACKAGE, as for every program that was not installed as a package."""
    get_object(thread, hProcess, Process, _QUERY_LIMITED)
    return _NO_PACKAGE if packageFullNameLength else st.ERROR_INVALID_PARAMETER


@kernel32.export("process")
def GetPackageFamilyName(
    thread: Thread, hProcess: HANDLE, packageFamilyNameLength: PVOID, packageFamilyName: LPWSTR
) -> LONG:
    """APPMODEL_ERROR_NO_PACKAGE, as for every program that was not installed as a package."""
    get_object(thread, hProcess, Process, _QUERY_LIMITED)
    return _NO_PACKAGE if packageFamilyNameLength else st.ERROR_INVALID_PARAMETER


@kernel32.export("process")
def GetApplicationUserModelId(
    thread: Thread, hProcess: HANDLE, applicationUserModelIdLength: PVOID, applicationUserModelId: LPWSTR
) -> LONG:
    """APPMODEL_ERROR_NO_APPLICATION, as for every program that was not installed as a package."""
    get_object(thread, hProcess, Process, _QUERY_LIMITED)
    return _NO_APPLICATION if applicationUserModelIdLength else st.ERROR_INVALID_PARAMETER


@kernel32.export("process")
def AppPolicyGetProcessTerminationMethod(thread: Thread, processToken: HANDLE, policy: Out[LONG]) -> LONG:
    policy.set(0)  # AppPolicyProcessTerminationMethod_ExitProcess
    return st.ERROR_SUCCESS


@kernel32.export("process")
def AppPolicyGetThreadInitializationType(thread: Thread, processToken: HANDLE, policy: Out[LONG]) -> LONG:
    policy.set(0)  # AppPolicyThreadInitializationType_None
    return st.ERROR_SUCCESS


@kernel32.export("process")
def AppPolicyGetWindowingModel(thread: Thread, processToken: HANDLE, policy: Out[LONG]) -> LONG:
    policy.set(2)  # AppPolicyWindowingModel_ClassicDesktop
    return st.ERROR_SUCCESS


@kernel32.export("process")
def AppPolicyGetShowDeveloperDiagnostic(thread: Thread, processToken: HANDLE, policy: Out[LONG]) -> LONG:
    policy.set(1)  # AppPolicyShowDeveloperDiagnostic_ShowUI
    return st.ERROR_SUCCESS


@kernel32.export("process")
def AppPolicyGetCreateFileAccess(thread: Thread, processToken: HANDLE, policy: Out[LONG]) -> LONG:
    policy.set(0)  # AppPolicyCreateFileAccess_Full
    return st.ERROR_SUCCESS
