"""oleaut32.dll: one module per Windows header."""

from runtime.dlls.oleaut32.dll import oleaut32

__all__ = ["oleaut32"]
