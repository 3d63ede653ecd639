"""Which of the caller's environment variables a program gets: those that are asked for."""

from __future__ import annotations

from conftest import Compiler, Runner

PROGRAM = r"""
#include <windows.h>
#include <stdio.h>
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        char value[64] = "-";
        GetEnvironmentVariableA(argv[i], value, sizeof value);
        printf("%s ", value);
    }
    return 0;
}
"""


def test_only_variables_that_are_asked_for_are_passed_on(compile_c: Compiler, winfs: Runner) -> None:
    caller = {"WINFS_ENV": "PASS*, ALSO", "PASSED": "1", "ALSO": "2", "NAMED": "3", "SECRET": "4"}
    names = ["PASSED", "ALSO", "NAMED", "SECRET", "ABSENT", "GIVEN"]
    done = winfs(
        "run", "--env", "NAMED", "--env", "ABSENT", "--env", "GIVEN=5", compile_c(PROGRAM), *names, env=caller
    )
    assert done.stdout == b"1 2 3 - - 5 "


def test_a_variable_without_a_name_is_refused(winfs: Runner) -> None:
    done = winfs("run", "--env", "=x", "program.exe")
    assert done.returncode == 2
    assert b"expected NAME=VALUE or NAME" in done.stderr
