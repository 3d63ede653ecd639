"""powrprof.dll: one module per Windows header."""

from runtime.dlls.powrprof.dll import powrprof

__all__ = ["powrprof"]
