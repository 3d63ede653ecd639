"""powrprof.dll."""

from runtime.dlls.export import Dll

powrprof = Dll("powrprof.dll")
