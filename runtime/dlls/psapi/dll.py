"""psapi.dll: every function lives in kernel32 under a name with K32 in front."""

from runtime import dlls
from runtime.dlls.export import Dll

psapi = Dll("psapi.dll")


def _forward_all() -> None:
    kernel32 = dlls.find("kernel32.dll")
    assert kernel32 is not None
    for name in kernel32.exports:
        if name.startswith("K32"):
            psapi.forward(name[3:], f"kernel32.{name}")


_forward_all()
