"""What the registry of a new machine holds: the `.reg` files beside this module, with the machine's names filled in,
and tables of time zones, code pages, known folders and file associations."""

from __future__ import annotations

import hashlib
import struct
from importlib.resources import files

from runtime.nt import regfile
from runtime.nt.casing import upcase
from runtime.nt.environment import system_variables
from runtime.nt.registry_defaults import MachineFacts, text
from runtime.nt.registry_store import KeyRow, RegistryStore, ValueRow
from runtime.nt.registry_tree import (
    LINK_VALUE,
    REG_BINARY,
    REG_DWORD,
    REG_EXPAND_SZ,
    REG_LINK,
    REG_SZ,
    KeyNode,
    RegistryTree,
)
from runtime.nt.sddl import parse as parse_sddl

VERSION = "1"
"""Of these presets; noted in the database."""

_CONTROL = "\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Control"
_CURRENT = "\\REGISTRY\\MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
_CLASSES = "\\REGISTRY\\MACHINE\\SOFTWARE\\Classes"


def populate(store: RegistryStore, tree: RegistryTree, facts: MachineFacts) -> None:
    """Write the presets of a new machine: into the database of `store`, or into `tree` when there is none."""
    if store.path is None:
        _build(tree, facts)
        return
    scratch = RegistryTree(RegistryStore(None), tree.now)
    scratch.changes.enabled = False
    _build(scratch, facts)
    keys: list[tuple[str, str, KeyRow]] = []
    values: list[tuple[str, str, ValueRow]] = []
    for node in scratch.walk(scratch.root):
        if node.parent is not None:
            keys.append((node.parent.path, node.fold, node.row()))
        values.extend((node.path, fold, row) for fold, row in scratch.values(node).items())
    store.import_rows(keys, values, VERSION)


def _build(tree: RegistryTree, facts: MachineFacts) -> None:
    enabled, tree.changes.enabled = tree.changes.enabled, False
    try:
        sid = facts.accounts.user
        _security(tree, str(sid), facts)
        _link(tree, "\\REGISTRY\\MACHINE\\SYSTEM", "CurrentControlSet", "\\Registry\\Machine\\System\\ControlSet001")
        _link(tree, "\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Hardware Profiles", "Current",
              "\\Registry\\Machine\\System\\CurrentControlSet\\Hardware Profiles\\0001")  # fmt: skip
        product = int.from_bytes(hashlib.sha256(sid.pack()).digest()[:4], "big") % 1000
        words = {
            "user": facts.user, "computer": facts.computer, "sid": str(sid), "guid": facts.machine_guid,
            "profile": facts.profile, "product": f"{product:03d}", "sidhex": sid.pack().hex(","),
        }  # fmt: skip
        for name in ("software.reg", "system.reg"):
            _apply(tree, name, words, str(sid))
        _users(tree, words, str(sid))
        _environment(tree, facts)
        _nls(tree)
        _time_zones(tree)
        _classes(tree)
        _folders(tree)
    finally:
        tree.changes.enabled = enabled


def _security(tree: RegistryTree, sid: str, facts: MachineFacts) -> None:
    everyone = "(A;CIIO;KA;;;CO)(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;BU)(A;CI;KR;;;AC)"
    for path, sddl in (
        ("\\REGISTRY\\MACHINE", "O:BAG:SYD:(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;WD)(A;CI;KR;;;RC)"),
        ("\\REGISTRY\\MACHINE\\SOFTWARE", "O:BAG:SYD:" + everyone),
        ("\\REGISTRY\\MACHINE\\SYSTEM", "O:BAG:SYD:" + everyone),
        ("\\REGISTRY\\MACHINE\\SAM", "O:BAG:SYD:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;BU)"),
        ("\\REGISTRY\\MACHINE\\SAM\\SAM", "O:BAG:SYD:P(A;CI;KA;;;SY)(A;CI;RCWD;;;BA)"),
        ("\\REGISTRY\\MACHINE\\SECURITY", "O:BAG:SYD:P(A;CI;KA;;;SY)(A;CI;RCWD;;;BA)"),
        ("\\REGISTRY\\USER", "O:BAG:SYD:(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;WD)(A;CI;KR;;;RC)"),
        (f"\\REGISTRY\\USER\\{sid}", f"O:BAG:SYD:P(A;CI;KA;;;{sid})(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;RC)"),
        (f"\\REGISTRY\\USER\\{sid}_Classes",
         f"O:{sid}G:SYD:P(A;CI;KA;;;{sid})(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;RC)"),
    ):  # fmt: skip
        tree.create_path(path).security = parse_sddl(sddl, facts.accounts.domain).pack()
    tree.root.security = parse_sddl("O:BAG:SYD:(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;WD)").pack()


def _link(tree: RegistryTree, parent: str, name: str, target: str) -> None:
    link = tree.create(tree.create_path(parent), name, link=True)
    tree.set_value(link, LINK_VALUE, REG_LINK, target.encode("utf-16-le"))


def _apply(tree: RegistryTree, file: str, words: dict[str, str], hive: str, key: str | None = None) -> None:
    """Read a preset file; `hive` is the key below HKEY_USERS that HKCU means."""
    content = files(__package__).joinpath(file).read_text("utf-8")
    for name, word in words.items():
        content = content.replace("${%s}" % name, word.replace("\\", "\\\\").replace('"', '\\"'))  # noqa: UP031
    node: KeyNode | None = None
    for operation in regfile.parse(content):
        match operation:
            case regfile.SetKey(path):
                node = tree.create_path(regfile.nt_path(path, hive))
            case regfile.SetValue(_, name, kind, data) if node is not None:
                tree.set_value(node, name, kind, data)


def _users(tree: RegistryTree, words: dict[str, str], sid: str) -> None:
    service = "C:\\Windows\\ServiceProfiles"
    for hive, profile in (
        (sid, words["profile"]),
        (".DEFAULT", "C:\\Windows\\system32\\config\\systemprofile"),
        ("S-1-5-19", f"{service}\\LocalService"),
        ("S-1-5-20", f"{service}\\NetworkService"),
    ):
        _apply(tree, "user.reg", words | {"profile": profile}, hive)
    _link(tree, "\\REGISTRY\\USER", "S-1-5-18", "\\Registry\\User\\.Default")
    tree.create_path(f"\\REGISTRY\\USER\\{sid}_Classes\\Local Settings\\Software\\Microsoft\\Windows\\Shell")
    _link(tree, f"\\REGISTRY\\USER\\{sid}\\Software", "Classes", f"\\Registry\\User\\{sid}_Classes")


def _environment(tree: RegistryTree, facts: MachineFacts) -> None:
    node = tree.create_path(_CONTROL + "\\Session Manager\\Environment")
    for name, value in system_variables(facts.processor).items():
        tree.set_value(node, name, REG_EXPAND_SZ if "%" in value else REG_SZ, text(value))


def _nls(tree: RegistryTree) -> None:
    from runtime.nt.registry_defaults.nls import CODE_PAGES, LANGUAGE_GROUPS, LOCALES, code_page_file

    pages = tree.create_path(_CONTROL + "\\Nls\\CodePage")
    for page in CODE_PAGES:
        tree.set_value(pages, str(page), REG_SZ, text(code_page_file(page)))
    for name, value in (("ACP", "1252"), ("OEMCP", "437"), ("MACCP", "10000"), ("OEMHAL", "vga855.fon")):
        tree.set_value(pages, name, REG_SZ, text(value))
    language = tree.create_path(_CONTROL + "\\Nls\\Language")
    locale = tree.create_path(_CONTROL + "\\Nls\\Locale")
    for lcid, _ in LOCALES:
        tree.set_value(language, f"{lcid:04x}", REG_SZ, text("l_intl.nls"))
        tree.set_value(locale, f"{lcid:08x}", REG_SZ, text("1"))
    for name, value in (("Default", "0409"), ("InstallLanguage", "0409")):
        tree.set_value(language, name, REG_SZ, text(value))
    tree.set_value(locale, "", REG_SZ, text("00000409"))
    groups = tree.create_path(_CONTROL + "\\Nls\\Language Groups")
    for group in LANGUAGE_GROUPS:
        tree.set_value(groups, f"{group:x}", REG_SZ, text("1"))
    versions = tree.create_path(_CONTROL + "\\Nls\\Sorting\\Versions")
    tree.set_value(versions, "", REG_SZ, text("00060305"))
    for name in ("CustomLocale", "ExtendedLocale", "MUILanguages", "NormalizationID", "Locale\\Alternate Sorts"):
        tree.create_path(f"{_CONTROL}\\Nls\\{name}")


def _time_zones(tree: RegistryTree) -> None:
    from runtime.nt.registry_defaults.time_zones import TIME_ZONES

    zones = tree.create_path(_CURRENT + "\\Time Zones")
    tree.set_value(zones, "TzVersion", REG_DWORD, struct.pack("<I", 0x07E80000))
    for zone in TIME_ZONES:
        node = tree.create(zones, zone.name)
        tree.set_value(node, "Display", REG_SZ, text(zone.display))
        tree.set_value(node, "Dlt", REG_SZ, text(zone.daylight_name))
        tree.set_value(node, "Std", REG_SZ, text(zone.standard_name))
        tree.set_value(node, "TZI", REG_BINARY, zone.tzi())


def _classes(tree: RegistryTree) -> None:
    from runtime.nt.registry_defaults.classes import ASSOCIATIONS, PLAIN_CLASSES

    classes = tree.create_path(_CLASSES)
    children = tree.children(classes)
    for extension, kind, description, content, perceived, command in ASSOCIATIONS:
        node = tree.create(classes, extension)
        for name, value in (("", kind), ("Content Type", content), ("PerceivedType", perceived)):
            if value:
                tree.set_value(node, name, REG_SZ, text(value))
        if kind and upcase(kind) not in children:
            target = tree.create(classes, kind)
            tree.set_value(target, "", REG_SZ, text(description))
            if command:
                shell = tree.create_path(f"{_CLASSES}\\{kind}\\shell\\open\\command")
                tree.set_value(shell, "", REG_EXPAND_SZ if "%S" in command else REG_SZ, text(command))
    for name, value in PLAIN_CLASSES:
        node = tree.create_path(f"{_CLASSES}\\{name}")
        if value:
            tree.set_value(node, "", REG_SZ, text(value))
        if value.startswith("URL:"):
            tree.set_value(node, "URL Protocol", REG_SZ, text(""))


def _folders(tree: RegistryTree) -> None:
    from runtime.nt.known_folders import KNOWN_FOLDERS

    base = "\\REGISTRY\\MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Explorer\\FolderDescriptions"
    tree.create_path(base)
    for folder in KNOWN_FOLDERS:
        node = tree.create_path(f"{base}\\{{{folder.id}}}")
        tree.set_value(node, "Name", REG_SZ, text(folder.name))
        tree.set_value(node, "Category", REG_DWORD, struct.pack("<I", folder.category))
        if folder.relative:
            tree.set_value(node, "RelativePath", REG_SZ, text(folder.relative))
