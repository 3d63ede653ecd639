"""bcryptprimitives.dll: one module per Windows header."""

from runtime.dlls.bcryptprimitives.dll import bcryptprimitives

__all__ = ["bcryptprimitives"]
