"""bcrypt.dll: one module per Windows header."""

from runtime.dlls.bcrypt.dll import bcrypt

__all__ = ["bcrypt"]
