"""Minidumps: a process as a file that debuggers open (minidumpapiset.h)."""

from runtime.nt.minidump.contents import DumpType, Parts, Selection, dump_parts
from runtime.nt.minidump.crash import CrashDump
from runtime.nt.minidump.write import DumpError, write_dump

__all__ = ["CrashDump", "DumpError", "DumpType", "Parts", "Selection", "dump_parts", "write_dump"]
