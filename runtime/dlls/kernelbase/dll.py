"""kernelbase.dll."""

from runtime.dlls.export import Dll

kernelbase = Dll("kernelbase.dll")
