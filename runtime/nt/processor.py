"""What the machine says its processor is: one set of facts for CPUID readers, the environment and the registry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Processor:
    """The processor of a machine. The defaults are those of the Unicorn engine's CPU model (Haswell)."""

    count: int = 1
    vendor: str = "GenuineIntel"
    family: int = 6
    model: int = 60
    stepping: int = 4
    name: str = "Intel Core Processor (Haswell)"
    megahertz: int = 2400

    @property
    def identifier(self) -> str:
        """`Intel64 Family 6 Model 60 Stepping 4`, as HARDWARE\\DESCRIPTION has it."""
        prefix = "AMD64" if self.vendor == "AuthenticAMD" else "Intel64"
        return f"{prefix} Family {self.family} Model {self.model} Stepping {self.stepping}"

    @property
    def revision(self) -> int:
        """wProcessorRevision: model in the high byte, stepping in the low one."""
        return self.model << 8 | self.stepping
