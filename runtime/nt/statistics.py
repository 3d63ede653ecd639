"""What a machine counts while it runs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from runtime.trace.tally import Tally

if TYPE_CHECKING:
    from runtime.dlls.export import Export
    from runtime.machine import Machine


class CallStatistics:
    """Calls by function since the machine booted: those that reach the machine, not those that stay in guest code."""

    def __init__(self) -> None:
        self._exports: dict[Export, Tally] = {}
        self._missing: dict[tuple[str, str], Tally] = {}

    def of(self, export: Export) -> Tally:
        """Where the calls of an export are counted."""
        return self._exports.setdefault(export, Tally())

    def of_missing(self, module: str, function: str) -> Tally:
        """Where the calls of a function that does not exist are counted."""
        return self._missing.setdefault((module.lower(), function), Tally())

    def by_function(self) -> Counter[str]:
        """Calls by `dll!function`, without those that are 0."""
        found: Counter[str] = Counter()
        for export, calls in self._exports.items():
            found[f"{export.dll.name.lower()}!{export.name}"] += calls.count
        for (module, function), calls in self._missing.items():
            found[f"{module}!{function}"] += calls.count
        return +found

    def by_category(self) -> Counter[str]:
        """Calls by category; those of missing functions have the category `missing`."""
        found: Counter[str] = Counter()
        for export, calls in self._exports.items():
            found[export.category] += calls.count
        found["missing"] += sum(calls.count for calls in self._missing.values())
        return +found


Facts = dict[str, "str | int | bool | None"]


def machine_statistics(machine: Machine) -> Facts:
    """What there is and what has happened, by names that stay. The lock is held."""
    processes = list(machine.processes.values())
    spool = machine.trace.spool
    found: Facts = {
        "uptime": f"{machine.clock.ticks() / 10_000_000:.2f}",
        "processes": len(processes),
        "ended_processes": len(machine.ended_processes),
        "threads": len(machine.threads),
        "committed": sum(process.memory.committed for process in processes),
    }
    found |= {f"committed_{process.pid}": process.memory.committed for process in processes}
    kinds = Counter(entry.item.object_type.name for process in processes for _, entry in process.handles)
    found["handles"] = kinds.total()
    found |= _sorted("handles_", kinds)
    events = Counter({category: calls.count for category, calls in machine.trace.events_by_category.items()})
    found["events"] = events.total()
    found |= _sorted("events_", +events)
    found |= {
        "trace_bytes": spool.json.end if spool is not None else 0,
        "trace_dropped": machine.trace.dropped,
        "trace_failure": str(spool.failure) if spool is not None and spool.failure else None,
        "registry_failure": str(machine.registry.tree.store.error or "") or None,
    }
    categories = machine.calls.by_category()
    found["calls"] = categories.total()
    return found | _sorted("calls_", categories)


def _sorted(prefix: str, counts: Counter[str]) -> Facts:
    return {f"{prefix}{name}": counts[name] for name in sorted(counts)}


def function_statistics(machine: Machine) -> Facts:
    """Calls by function, as `dll!function`. The lock is held."""
    return _sorted("", machine.calls.by_function())
