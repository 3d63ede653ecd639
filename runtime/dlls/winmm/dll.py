"""winmm.dll."""

from runtime.dlls.export import Dll

winmm = Dll("winmm.dll")
