"""The standard streams of a process as others see them: what it wrote, and what its input is.

Output is kept only where somebody could look (`Machine.kept_output`), and only its last part. What a program writes to
a console is kept as the terminal got it, with what the console's other programs wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.memory.faults import MemoryFault
from runtime.nt.console_file import ConsoleOutputFile
from runtime.nt.file import FileObject
from runtime.nt.output import Output
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtime.nt.io_request import IoRequest
    from runtime.nt.process import Process


class StandardStreams:
    """What standard input, output and error of a process were when it started."""

    def __init__(self, process: Process, handles: Sequence[int]) -> None:
        """Note the streams behind the handles; keep what is written as the machine wants it."""
        limit = process.machine.kept_output
        self._files: dict[FileObject, Output] = {}
        self.input, *written = [_file_of(process, handle) for handle in handles]
        outputs: list[Output | None] = []
        for file in written:
            if not limit or file is None:
                outputs.append(Output(limit) if limit else None)
            elif isinstance(file, ConsoleOutputFile):
                if file.console.output is None:
                    file.console.output = Output(limit)
                outputs.append(file.console.output)
            else:
                if file not in self._files:
                    self._files[file] = Output(limit)
                outputs.append(self._files[file])
        self.output, self.error = outputs

    def wrote(self, file: FileObject, request: IoRequest) -> None:
        """The program wrote to a file, which may be one of the streams."""
        output = self._files.get(file)
        if output is not None:
            try:
                output.add(request.memory.read(request.buffer, request.information))
            except MemoryFault:
                return  # the program has taken its buffer away since


def _file_of(process: Process, handle: int) -> FileObject | None:
    try:
        return process.handles.get(handle, FileObject) if handle else None
    except NtError:
        return None
