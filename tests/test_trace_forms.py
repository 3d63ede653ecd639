"""The two ways to a line of JSON, by an event and without one, say the same to the byte."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import Compiler

import runtime.trace.trace as tracing
from runtime.config import Drive, MachineConfig, Trace
from runtime.machine import open_machine
from runtime.trace.events import encode

if TYPE_CHECKING:
    from runtime.trace.making import Record


SOURCE = r"""
#include <winsock2.h>
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static DWORD WINAPI worker(void *argument) { SetEvent(argument); return 9; }

int main(void)
{
    wchar_t path[MAX_PATH], folder[MAX_PATH];
    char text[256], zeros[100] = {0}, *copy;
    DWORD count, type, size = sizeof text, mode;
    HKEY key;
    WIN32_FIND_DATAW found;
    SYSTEMTIME now;
    FILETIME stamp;
    LARGE_INTEGER big;
    MEMORY_BASIC_INFORMATION region;
    CRITICAL_SECTION section;
    CreateFileW(L"no such file \x4e2d \"quoted\"\n\xd800", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                FILE_ATTRIBUTE_NORMAL, NULL);
    CreateFileW(NULL, 0x12345678, 0xFF, NULL, 99, 0xFFFFFFFF, (HANDLE)-1);
    HANDLE file = CreateFileA("out.txt", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL,
                              NULL);
    for (int i = 0; i < 300; i++) WriteFile(file, text, i % 50, &count, NULL);
    WriteFile(file, "hello \x01\xff\"\\\n", 11, &count, NULL);
    WriteFile(file, zeros, sizeof zeros, &count, NULL);
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    SetFilePointerEx(file, (LARGE_INTEGER){.QuadPart = -1}, &big, FILE_BEGIN);
    ReadFile(file, text, sizeof text, &count, NULL);
    ReadFile(file, (void *)0x10, 10, &count, NULL);
    ReadFile((HANDLE)0x1234, text, 10, &count, NULL);
    GetFileSizeEx(file, &big);
    GetFileTime(file, &stamp, NULL, NULL);
    GetFileInformationByHandle(file, (void *)text);
    CloseHandle(file);
    CloseHandle(file);
    HANDLE search = FindFirstFileW(L"*", &found);
    while (FindNextFileW(search, &found)) {}
    FindClose(search);
    GetTempPathW(MAX_PATH, folder);
    GetTempFileNameW(folder, L"abc", 0, path);
    DeleteFileW(path);
    GetFullPathNameW(L"..\\x.txt", MAX_PATH, path, NULL);
    GetCurrentDirectoryW(MAX_PATH, path);
    SetCurrentDirectoryW(L"C:\\nowhere");
    CreateDirectoryW(L"sub", NULL);
    MoveFileExW(L"out.txt", L"sub\\in.txt", MOVEFILE_REPLACE_EXISTING);
    GetFileAttributesW(L"sub\\in.txt");
    SetEnvironmentVariableW(L"NAME", L"value with spaces");
    GetEnvironmentVariableW(L"NAME", path, MAX_PATH);
    ExpandEnvironmentStringsW(L"%NAME%;%NONE%", path, MAX_PATH);
    RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", 0, KEY_READ, &key);
    RegQueryValueExA(key, "CurrentBuild", NULL, &type, (BYTE *)text, &size);
    size = 1;
    RegQueryValueExW(key, L"ProductName", NULL, &type, (BYTE *)text, &size);
    RegQueryValueExW(key, L"none at all", NULL, NULL, NULL, NULL);
    for (int i = 0; i < 5; i++) { count = MAX_PATH; RegEnumValueW(key, i, path, &count, NULL, &type, NULL, NULL); }
    RegCloseKey(key);
    RegCreateKeyExW(HKEY_CURRENT_USER, L"Software\\Forms", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, &type);
    RegSetValueExW(key, L"number", 0, REG_DWORD, (BYTE *)&count, 4);
    RegSetValueExW(key, L"", 0, REG_SZ, (BYTE *)L"text", 10);
    RegDeleteValueW(key, L"number");
    RegCloseKey(key);
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, L"Local\\forms");
    HANDLE thread = CreateThread(NULL, 0, worker, event, 0, &count);
    HANDLE both[2] = {event, thread};
    WaitForMultipleObjects(2, both, TRUE, INFINITE);
    GetExitCodeThread(thread, &count);
    WaitForSingleObject((HANDLE)0x7777, 0);
    ReleaseMutex(CreateMutexA(NULL, FALSE, "forms mutex"));
    ReleaseSemaphore(CreateSemaphoreW(NULL, 1, 5, NULL), 1, (LONG *)&count);
    Sleep(1);
    SleepEx(0, TRUE);
    InitializeCriticalSection(&section);
    EnterCriticalSection(&section);
    LeaveCriticalSection(&section);
    void *memory = VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    VirtualProtect(memory, 4096, PAGE_EXECUTE_READ, &count);
    VirtualQuery(memory, &region, sizeof region);
    VirtualFree(memory, 0, MEM_RELEASE);
    HANDLE mapping = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, NULL);
    UnmapViewOfFile(MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, 0));
    HeapFree(GetProcessHeap(), 0, HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, 10));
    GetSystemTime(&now);
    GetLocalTime(&now);
    SystemTimeToFileTime(&now, &stamp);
    QueryPerformanceCounter(&big);
    GetTickCount64();
    GetModuleFileNameW(NULL, path, MAX_PATH);
    GetProcAddress(LoadLibraryW(L"kernel32.dll"), "no such function");
    LoadLibraryW(L"none.dll");
    GetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), &mode);
    WriteConsoleW(GetStdHandle(STD_OUTPUT_HANDLE), L"x\n", 2, &count, NULL);
    MultiByteToWideChar(CP_UTF8, 0, "\xc3\xa9", -1, path, MAX_PATH);
    WideCharToMultiByte(CP_ACP, 0, L"text", -1, text, sizeof text, NULL, NULL);
    GetLocaleInfoW(LOCALE_USER_DEFAULT, LOCALE_SDECIMAL, path, MAX_PATH);
    FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM, NULL, 2, 0, path, MAX_PATH, NULL);
    WSADATA data;
    WSAStartup(0x202, &data);
    closesocket(socket(AF_INET, SOCK_STREAM, 0));
    OpenProcess(PROCESS_ALL_ACCESS, FALSE, 0x7FFFFFFF);
    OutputDebugStringA("debug \t text");
    copy = _strdup("copied");
    snprintf(text, sizeof text, "%s %d", copy, 5);
    free(copy);
    time(NULL);
    puts("out");
    return 3;
}
"""

async def test_lines_made_without_events_are_those_of_the_events(
    compile_c: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, str]] = []
    lines = tracing.lines_of

    def both(records: list[Record]) -> list[str]:
        for make, facts in records:
            if make[1] is not None:
                # Twice: the second time from what is kept of the first.
                for _ in range(2):
                    event = make[0](*facts)
                    assert event is not None
                    made.append((make[1](*facts), encode(event).decode()))
        return lines(records)

    monkeypatch.setattr(tracing, "lines_of", both)
    program = compile_c(SOURCE, "-ladvapi32", "-lws2_32", name="forms.exe")
    # The C runtime and the heap are code of the guest, and traced because a rule names them.
    trace = Trace(enabled=True, output=tmp_path / "trace.jsonl", format="json", patterns=("*!*",))
    config = MachineConfig(folder=tmp_path / "machine", drives={"Z": Drive(program.parent)}, trace=trace)
    output = os.open(tmp_path / "output", os.O_WRONLY | os.O_CREAT)
    async with open_machine(config) as machine:
        process = await machine.spawn(program, [], cwd="C:\\", stdout=output)
        assert await process.wait() == 3
    os.close(output)
    functions = {line.split('"function":"', 1)[1].split('"', 1)[0] for line, _ in made}
    assert len(functions) > 100
    assert [short for short, long in made if short != long] == []
