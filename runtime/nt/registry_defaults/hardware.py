"""HKLM\\HARDWARE: made anew at every start, when a program first looks there."""

from __future__ import annotations

from runtime.nt.processor import Processor
from runtime.nt.registry_tree import REG_BINARY, REG_DWORD, REG_MULTI_SZ, REG_SZ, KeyNode, RegistryTree


def text(value: str) -> bytes:
    """Return a string as REG_SZ data."""
    return (value + "\0").encode("utf-16-le", "surrogatepass")


def describe(tree: RegistryTree, hardware: KeyNode, processor: Processor) -> None:
    """Fill the key HARDWARE."""

    def make(path: str) -> KeyNode:
        node = hardware
        for name in path.split("\\"):
            node = tree.children(node).get(name.upper()) or tree.create(node, name, volatile=True)
        return node

    logged, tree.changes.enabled = tree.changes.enabled, False
    try:
        system = make("DESCRIPTION\\System")
        tree.set_value(system, "Identifier", REG_SZ, text("AT/AT COMPATIBLE"))
        tree.set_value(system, "SystemBiosDate", REG_SZ, text("01/01/22"))
        tree.set_value(system, "SystemBiosVersion", REG_MULTI_SZ, text("WINFS - 1\0"))
        tree.set_value(system, "VideoBiosDate", REG_SZ, text("01/01/22"))
        bios = make("DESCRIPTION\\System\\BIOS")
        for name, value in (
            ("BaseBoardManufacturer", "winfs"), ("BaseBoardProduct", "Virtual Machine"),
            ("BIOSReleaseDate", "01/01/2022"),
            ("BIOSVendor", "winfs"), ("BIOSVersion", "1.0"), ("SystemFamily", "Virtual Machine"),
            ("SystemManufacturer", "winfs"), ("SystemProductName", "Virtual Machine"), ("SystemSKU", "None"),
            ("SystemVersion", "1.0"),
        ):  # fmt: skip
            tree.set_value(bios, name, REG_SZ, text(value))
        for number in range(processor.count):
            cpu = make(f"DESCRIPTION\\System\\CentralProcessor\\{number}")
            tree.set_value(cpu, "~MHz", REG_DWORD, processor.megahertz.to_bytes(4, "little"))
            tree.set_value(cpu, "FeatureSet", REG_DWORD, (0x2D1B3FFF).to_bytes(4, "little"))
            tree.set_value(cpu, "Identifier", REG_SZ, text(processor.identifier))
            tree.set_value(cpu, "Platform Specific Field 1", REG_DWORD, (0).to_bytes(4, "little"))
            tree.set_value(cpu, "ProcessorNameString", REG_SZ, text(processor.name))
            tree.set_value(cpu, "Update Revision", REG_BINARY, bytes(8))
            tree.set_value(cpu, "Update Status", REG_DWORD, (0).to_bytes(4, "little"))
            tree.set_value(cpu, "VendorIdentifier", REG_SZ, text(processor.vendor))
            floating = make(f"DESCRIPTION\\System\\FloatingPointProcessor\\{number}")
            tree.set_value(floating, "Identifier", REG_SZ, text(processor.identifier))
        make("DEVICEMAP\\SERIALCOMM")
        make("DEVICEMAP\\VIDEO")
        make("RESOURCEMAP")
        make("ACPI")
    finally:
        tree.changes.enabled = logged
