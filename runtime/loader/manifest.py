"""Application and assembly manifests (learn.microsoft.com, "Application Manifests", "Assembly Manifests").

Read without trust: a document type declaration is refused, so nothing expands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from runtime.dlls.guid import parse_guid

ASM1: Final = "urn:schemas-microsoft-com:asm.v1"
ASM2: Final = "urn:schemas-microsoft-com:asm.v2"
ASM3: Final = "urn:schemas-microsoft-com:asm.v3"
COMPATIBILITY: Final = "urn:schemas-microsoft-com:compatibility.v1"
SETTINGS: Final = "http://schemas.microsoft.com/SMI/2005/WindowsSettings"
"""The first of the namespaces of windowsSettings; later ones have another year."""
_SETTINGS_END: Final = "/WindowsSettings"
_DEEPEST: Final = 64
LARGEST: Final = 1 << 24
"""Bytes of a manifest file that are read."""


class ManifestError(Exception):
    """A manifest that is no good; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An assemblyIdentity: what is missing is empty."""

    name: str
    type: str = ""
    version: str = ""
    architecture: str = ""
    token: str = ""
    language: str = ""

    def encoded(self) -> str:
        """The text form that QueryActCtx shows: `name,type="win32",version="1.0.0.0"`."""
        parts = (
            ("language", self.language), ("processorArchitecture", self.architecture), ("publicKeyToken", self.token),
            ("type", self.type), ("version", self.version),
        )  # fmt: skip
        return ",".join([self.name, *(f'{key}="{value}"' for key, value in parts if value)])

    def satisfies(self, wanted: Identity) -> bool:
        """Whether this assembly is the one that a reference means; `*` and what it leaves out match anything."""
        pairs = (
            (wanted.name, self.name), (wanted.version, self.version), (wanted.token, self.token),
            (wanted.architecture, self.architecture), (wanted.language, self.language),
        )  # fmt: skip
        return all(left in ("", "*") or left.lower() == right.lower() for left, right in pairs)


@dataclass(frozen=True, slots=True)
class ComClass:
    """A comClass of a file."""

    clsid: bytes
    threading_model: str
    progids: tuple[str, ...]
    tlbid: bytes
    description: str


@dataclass(frozen=True, slots=True)
class WindowClass:
    """A windowClass of a file; the name of a versioned one begins with the assembly's version."""

    name: str
    versioned: bool


@dataclass(frozen=True, slots=True)
class AssemblyFile:
    """A file of an assembly and what it provides."""

    name: str
    classes: tuple[ComClass, ...] = ()
    window_classes: tuple[WindowClass, ...] = ()


@dataclass(frozen=True, slots=True)
class Dependency:
    """A reference to another assembly."""

    identity: Identity
    optional: bool = False


@dataclass(slots=True)
class Manifest:
    """What a manifest says."""

    identity: Identity = Identity("")
    dependencies: list[Dependency] = field(default_factory=list)
    files: list[AssemblyFile] = field(default_factory=list)
    settings: dict[tuple[str, str], str] = field(default_factory=dict)
    """By namespace and name: longPathAware, activeCodePage, …"""
    supported_systems: list[bytes] = field(default_factory=list)
    """The GUIDs of supportedOS."""
    tested_version: int = 0
    """maxversiontested: four parts of 16 bits."""
    level: str = ""
    """requestedExecutionLevel: asInvoker, highestAvailable, requireAdministrator."""
    ui_access: bool = False

    def setting(self, name: str) -> str:
        """A setting of windowsSettings in whatever year's namespace, without white space; empty where there is none."""
        return next((value.strip() for (_, key), value in self.settings.items() if key == name), "")


@dataclass(slots=True)
class _Element:
    namespace: str
    name: str
    attributes: dict[str, str]
    children: list[_Element] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> list[_Element]:
        return [child for child in self.children if child.name == name]


def parse_manifest(data: bytes) -> Manifest:
    """Read a manifest. Raises ManifestError."""
    root = _parse(data)
    if root.name != "assembly" or root.namespace not in (ASM1, ASM2, ASM3, ""):
        raise ManifestError(f"the manifest begins with <{root.name}>, expected <assembly>")
    if root.attributes.get("manifestVersion", "1.0") != "1.0":
        raise ManifestError(f"manifest version {root.attributes['manifestVersion']!r}, expected '1.0'")
    manifest = Manifest()
    for child in root.children:
        if child.name in ("assemblyIdentity", "dependency", "file") and child.namespace not in (ASM1, root.namespace):
            continue  # of a deployment (asm.v2): no concern of the loader
        match child.name:
            case "assemblyIdentity":
                manifest.identity = _identity(child)
            case "dependency":
                optional = child.attributes.get("optional", "").lower() == "yes"
                for item in child.all("dependentAssembly"):
                    manifest.dependencies += [
                        Dependency(_identity(found), optional) for found in item.all("assemblyIdentity")
                    ]
            case "file":
                manifest.files.append(_file(child))
            case "trustInfo":
                _trust(manifest, child)
            case "application":
                _settings(manifest, child)
            case "compatibility":
                for application in child.all("application"):
                    _compatibility(manifest, application)
    return manifest


def _parse(data: bytes) -> _Element:
    """Read XML into a tree. Raises ManifestError."""
    text = data.rstrip(b"\0 \t\r\n")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data[: len(data) & ~1]
    parser = expat.ParserCreate(namespace_separator="\n")
    parser.buffer_text = True
    top = _Element("", "", {})
    stack = [top]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) > _DEEPEST:
            raise ManifestError(f"the manifest is nested more than {_DEEPEST} levels deep")
        namespace, _, local = name.rpartition("\n")
        element = _Element(namespace, local, {key.rpartition("\n")[2]: value for key, value in attributes.items()})
        stack[-1].children.append(element)
        stack.append(element)

    def end(name: str) -> None:
        stack.pop()

    def characters(content: str) -> None:
        stack[-1].text += content

    def refuse(*_: object) -> None:
        raise ManifestError("the manifest has a document type declaration")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise ManifestError(f"the manifest is not well-formed XML: {error}") from None
    return top.children[0]


def _identity(element: _Element) -> Identity:
    read = element.attributes.get
    return Identity(
        read("name", ""), read("type", ""), read("version", ""), read("processorArchitecture", ""),
        read("publicKeyToken", ""), read("language", ""),
    )  # fmt: skip


def _guid(text: str) -> bytes:
    return parse_guid(text.strip()) or bytes(16)


def _file(element: _Element) -> AssemblyFile:
    name = element.attributes.get("name", "")
    if not name:
        raise ManifestError("the manifest has a <file> without a name")
    if any(character in name for character in '/:*?"<>|') or ".." in name.split("\\"):
        raise ManifestError(f"the manifest has a <file> with the name {name!r}, which is no name of a file")
    classes = []
    for item in element.all("comClass"):
        clsid = parse_guid(item.attributes.get("clsid", "").strip())
        if clsid is None:
            raise ManifestError(f"the manifest has a comClass with the clsid {item.attributes.get('clsid', '')!r}")
        names = [item.attributes.get("progid", ""), *(child.text.strip() for child in item.all("progid"))]
        read = item.attributes.get
        progids = tuple(text for text in names if text)
        tlbid = _guid(read("tlbid", ""))
        classes.append(ComClass(clsid, read("threadingModel", ""), progids, tlbid, read("description", "")))
    windows = tuple(
        WindowClass(child.text.strip(), child.attributes.get("versioned", "yes").lower() != "no")
        for child in element.all("windowClass")
    )
    return AssemblyFile(name, tuple(classes), windows)


def _trust(manifest: Manifest, element: _Element) -> None:
    for security in element.all("security"):
        for privileges in security.all("requestedPrivileges"):
            for level in privileges.all("requestedExecutionLevel"):
                manifest.level = level.attributes.get("level", "")
                manifest.ui_access = level.attributes.get("uiAccess", "").lower() == "true"


def _settings(manifest: Manifest, element: _Element) -> None:
    for settings in element.all("windowsSettings"):
        for item in settings.children:
            if item.namespace.endswith(_SETTINGS_END):
                manifest.settings[item.namespace, item.name] = item.text


def _compatibility(manifest: Manifest, element: _Element) -> None:
    for item in element.children:
        if item.name == "supportedOS":
            guid = parse_guid(item.attributes.get("Id", "").strip())
            if guid is not None:
                manifest.supported_systems.append(guid)
        elif item.name == "maxversiontested":
            parts = item.attributes.get("Id", "").split(".")
            if len(parts) == 4 and all(part.isdigit() and int(part) < 0x10000 for part in parts):
                manifest.tested_version = int.from_bytes(b"".join(int(part).to_bytes(2, "big") for part in parts))
