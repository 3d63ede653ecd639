"""shlwapi.dll."""

from runtime.dlls.export import Dll

shlwapi = Dll("shlwapi.dll")
for _name in (
    "SHCreateMemStream", "SHCreateStreamOnFileW", "SHCreateStreamOnFileA", "SHCreateStreamOnFileEx", "IStream_Read",
    "IStream_Write", "IStream_Reset", "IStream_Size", "IStream_Copy", "IUnknown_Set", "IUnknown_AtomicRelease",
    "IUnknown_QueryService", "IUnknown_GetSite", "IUnknown_SetSite", "QISearch",
):  # fmt: skip
    shlwapi.forward(_name, f"olert.{_name}")
