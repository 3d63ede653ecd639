"""Manifests and activation contexts: what a program's manifest redirects and declares."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Compiler, Runner

from runtime.loader.manifest import ManifestError, parse_manifest
from runtime.loader.pe import Image
from runtime.loader.pe_resource_tree import ResourceTree
from runtime.loader.pe_update import with_resources

SOURCES = Path(__file__).parent / "guest" / "resources"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">'
)
CONTROLS = (
    '<assemblyIdentity type="win32" name="Microsoft.Windows.Common-Controls" version="6.0.0.0" '
    'processorArchitecture="*" publicKeyToken="6595b64144ccf1df" language="*"/>'
)
WINDOWS_10 = "{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"


def identity(name: str, version: str = "1.0.0.0") -> str:
    return f'<assemblyIdentity type="win32" name="{name}" version="{version}" processorArchitecture="amd64"/>'


def needs(*identities: str) -> str:
    return "".join(f"<dependency><dependentAssembly>{item}</dependentAssembly></dependency>" for item in identities)


def assembly(*parts: str) -> str:
    return HEAD + "".join(parts) + "</assembly>"


PROGRAM = assembly(
    identity("Test.Program", "2.0.0.0"),
    needs(CONTROLS, identity("Test.Dep")),
    '<trustInfo xmlns="urn:schemas-microsoft-com:asm.v3"><security><requestedPrivileges>'
    '<requestedExecutionLevel level="highestAvailable" uiAccess="false"/></requestedPrivileges></security></trustInfo>'
    '<compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1"><application>'
    '<supportedOS Id="{35138b9a-5d96-4fbd-8e2d-a2440225f93a}"/>'
    f'<supportedOS Id="{WINDOWS_10}"/></application></compatibility>'
    '<application xmlns="urn:schemas-microsoft-com:asm.v3"><windowsSettings>'
    '<dpiAware xmlns="http://schemas.microsoft.com/SMI/2005/WindowsSettings">true</dpiAware>'
    '<longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>'
    '<activeCodePage xmlns="http://schemas.microsoft.com/SMI/2019/WindowsSettings">UTF-8</activeCodePage>'
    "</windowsSettings></application>",
)
DEP = assembly(
    identity("Test.Dep"),
    '<file name="dep.dll"><comClass clsid="{11223344-5566-7788-0102-030405060708}" threadingModel="Both" '
    'progid="Test.Class"/><windowClass>TheirClass</windowClass></file>',
    needs(identity("Test.Inner")),
)


def dll(compile_c: Compiler, name: str, value: int, *flags: str) -> Path:
    return compile_c(f"__declspec(dllexport) int which(void) {{ return {value}; }}", "-shared", *flags, name=name)


def with_manifest(source: Path, target: Path, manifest: str, number: int = 1) -> Path:
    """Put an image with an embedded manifest at `target`."""
    tree = ResourceTree()
    tree.put(24, number, 0x409, manifest.encode())
    target.parent.mkdir(exist_ok=True)
    with Image.open(source) as image:
        target.write_bytes(with_resources(image, tree))
    return target


def put(target: Path, data: bytes | str) -> None:
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(data if isinstance(data, bytes) else data.encode())


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The folder of the program; the tests print its name."""
    folder = tmp_path / "app"
    folder.mkdir()
    return folder


@pytest.fixture
def wrong(compile_c: Compiler, app: Path) -> Path:
    """A dep.dll beside the program, and its import library as clang takes it: the DLL itself."""
    library = dll(compile_c, "dep.dll", 1)
    put(app / "dep.dll", library.read_bytes())
    return library


def test_a_manifest_redirects_dlls_into_private_assemblies(
    compile_c: Compiler, winfs: Runner, app: Path, wrong: Path
) -> None:
    program = compile_c((SOURCES / "context.c").read_text(), str(wrong), "-lole32", name="context.exe")
    with_manifest(program, app / "context.exe", PROGRAM)
    put(app / "Test.Dep" / "Test.Dep.manifest", DEP)
    server = "__declspec(dllexport) int which(void) { return 2; }"
    server += "__declspec(dllexport) unsigned DllGetClassObject(void) { return 0x80041234; }"
    put(app / "Test.Dep" / "dep.dll", compile_c(server, "-shared", name="dep.dll").read_bytes())
    # An assembly in one DLL, which carries its manifest.
    inner = assembly(identity("Test.Inner"), '<file name="Test.Inner.dll"/>')
    with_manifest(dll(compile_c, "Test.Inner.dll", 3), app / "Test.Inner.dll", inner)
    put(app / "plain.dll", dll(compile_c, "plain.dll", 4).read_bytes())
    put(app / "late.manifest", assembly(identity("Test.Late"), needs(identity("Test.Plain"))))
    plain = assembly(identity("Test.Plain"), '<file name="plain.dll"/><file name="inner.dll"/>')
    put(app / "Test.Plain" / "Test.Plain.manifest", plain)
    put(app / "Test.Plain" / "plain.dll", dll(compile_c, "plain.dll", 5).read_bytes())
    put(app / "broken.manifest", HEAD + "<file></assembly>")
    put(app / "needy.manifest", assembly(identity("Test.Needy"), needs(identity("Test.Nowhere"))))
    # A DLL with a manifest of its own has its imports found through that.
    own = dll(compile_c, "own.dll", 6)
    put(app / "own.dll", own.read_bytes())
    put(app / "Test.Own" / "own.dll", dll(compile_c, "own.dll", 7).read_bytes())
    put(app / "Test.Own" / "Test.Own.manifest", assembly(identity("Test.Own"), '<file name="own.dll"/>'))
    aware = compile_c(
        "int which(void); __declspec(dllexport) int from_own(void) { return which(); }", "-shared", str(own),
        name="aware.dll",
    )  # fmt: skip
    with_manifest(aware, app / "aware.dll", assembly(identity("Test.Aware"), needs(identity("Test.Own"))), 2)
    done = winfs("run", app / "context.exe", cwd=app)
    assert done.stderr == b""
    assert done.stdout.decode().replace("\r\n", "\n") == (SOURCES / "context.expected").read_text()


VERSION = r"""
#include <windows.h>
#include <stdio.h>
int main(int count, char **arguments)
{
    OSVERSIONINFOA version = {sizeof version};
    GetVersionExA(&version);
    printf("%lu.%lu %u %d\n", version.dwMajorVersion, version.dwMinorVersion, GetACP(), (int)strlen(arguments[1]));
    if (count > 2) {
        STARTUPINFOA startup = {sizeof startup};
        PROCESS_INFORMATION process;
        BOOL ok = CreateProcessA(0, arguments[2], 0, 0, 0, 0, 0, 0, &startup, &process);
        printf("%d %lu\n", ok, GetLastError());
    }
    return 0;
}
"""
UTF_8 = assembly(
    '<application xmlns="urn:schemas-microsoft-com:asm.v3"><windowsSettings>'
    '<activeCodePage xmlns="http://schemas.microsoft.com/SMI/2019/WindowsSettings">UTF-8</activeCodePage>'
    "</windowsSettings></application>"
)


def test_a_manifest_beside_the_program_makes_its_code_page_utf_8(
    compile_c: Compiler, winfs: Runner, tmp_path: Path
) -> None:
    put(tmp_path / "version.exe", compile_c(VERSION).read_bytes())
    assert winfs("run", "version.exe", "\u65e5").stdout == b"6.2 1252 1\r\n"
    put(tmp_path / "version.exe.manifest", UTF_8)
    assert winfs("run", "version.exe", "\u65e5").stdout == b"6.2 65001 3\r\n"


LONG_PATHS = r"""
#include <windows.h>
#include <stdio.h>
int main(void)
{
    char path[320] = ".\\";
    memset(path + 2, 'a', 120);
    printf("%d", CreateDirectoryA(path, 0));
    path[122] = '\\';
    memset(path + 123, 'b', 150);
    printf(" %d", CreateDirectoryA(path, 0));
    return 0;
}
"""


def test_long_paths_need_the_manifest_and_the_registry(compile_c: Compiler, winfs: Runner, tmp_path: Path) -> None:
    aware = UTF_8.replace("activeCodePage", "longPathAware").replace(">UTF-8<", "> true <").replace("2019", "2016")
    program = compile_c(LONG_PATHS)
    put(tmp_path / "plain.exe", program.read_bytes())
    with_manifest(program, tmp_path / "aware.exe", aware)
    assert winfs("run", "aware.exe").stdout == b"1 0"
    key = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\FileSystem"
    assert winfs("reg", "set", "--type", "dword", key, "LongPathsEnabled", "1").returncode == 0
    assert winfs("run", "plain.exe").stdout == b"0 0"
    assert winfs("run", "aware.exe").stdout == b"0 1"


def test_a_program_whose_assembly_is_missing_does_not_start(compile_c: Compiler, winfs: Runner, tmp_path: Path) -> None:
    program = compile_c(VERSION)
    with_manifest(program, tmp_path / "needy.exe", assembly(needs(identity("Test.Nowhere"))))
    with_manifest(program, tmp_path / "broken.exe", HEAD)
    with_manifest(program, tmp_path / "other.exe", assembly(needs(identity("Test.Other", "2.0.0.0"))))
    put(tmp_path / "Test.Other.manifest", assembly(identity("Test.Other")))
    for name, reason in (
        ("needy.exe", 'its manifest needs the assembly Test.Nowhere,processorArchitecture="amd64"'),
        ("broken.exe", "the manifest is not well-formed XML"),
        ("other.exe", 'version="1.0.0.0", expected Test.Other,processorArchitecture="amd64",type="win32",version="2.0'),
    ):
        done = winfs("run", name, "x")
        assert done.returncode == 1
        assert reason in done.stderr.decode()
        assert done.stderr.count(b"\n") == 1
        put(tmp_path / "parent.exe", program.read_bytes())
        assert b"\r\n0 14001\r\n" in winfs("run", "parent.exe", "x", name).stdout


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not well-formed"),
        ("<a/>", "begins with <a>, expected <assembly>"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><assembly>&b;</assembly>', "document type declaration"),
        ("<assembly>" + "<a>" * 100 + "</a>" * 100 + "</assembly>", "levels deep"),
        (HEAD.replace('manifestVersion="1.0"', 'manifestVersion="7"') + "</assembly>", "manifest version '7'"),
        (assembly("<file/>"), "without a name"),
        (assembly('<file name="..\\..\\x.dll"/>'), "no name of a file"),
        (assembly('<file name="x.dll"><comClass clsid="wrong"/></file>'), "clsid 'wrong'"),
    ],
)
def test_a_bad_manifest_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ManifestError, match=reason):
        parse_manifest(text.encode())


def test_a_manifest_in_utf_16_with_padding_is_read() -> None:
    assert parse_manifest(assembly(identity("A")).replace("UTF-8", "UTF-16").encode("utf-16")).identity.name == "A"
    assert parse_manifest(b"\xef\xbb\xbf" + assembly(identity("B")).encode() + bytes(7)).identity.name == "B"


def test_what_a_manifest_says_of_a_deployment_is_no_dependency() -> None:
    other = '<dependency xmlns="urn:schemas-microsoft-com:asm.v2"><dependentAssembly>' + identity("Other")
    manifest = parse_manifest(assembly(needs(identity("A")), other, "</dependentAssembly></dependency>").encode())
    assert [item.identity.name for item in manifest.dependencies] == ["A"]
