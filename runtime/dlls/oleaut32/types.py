"""wtypes.h and oleauto.h: the types of automation values and the errors of their functions."""

from __future__ import annotations

S_OK = 0
S_FALSE = 1
E_INVALIDARG = 0x80070057
E_OUTOFMEMORY = 0x8007000E
DISP_E_BADVARTYPE = 0x80020008
DISP_E_TYPEMISMATCH = 0x80020005
DISP_E_OVERFLOW = 0x8002000A
DISP_E_DIVBYZERO = 0x80020012

VT_EMPTY, VT_NULL, VT_I2, VT_I4, VT_R4, VT_R8, VT_CY, VT_DATE, VT_BSTR, VT_DISPATCH, VT_ERROR, VT_BOOL, VT_VARIANT, (
    VT_UNKNOWN
) = range(14)
VT_DECIMAL, VT_I1, VT_UI1, VT_UI2, VT_UI4, VT_I8, VT_UI8, VT_INT, VT_UINT = 14, 16, 17, 18, 19, 20, 21, 22, 23
VT_RECORD = 36
VT_ARRAY, VT_BYREF, VT_TYPEMASK = 0x2000, 0x4000, 0xFFF
INTEGER_FORMATS = {
    VT_I2: "<h", VT_I4: "<i", VT_BOOL: "<h", VT_I1: "<b", VT_UI1: "<B", VT_UI2: "<H", VT_UI4: "<I", VT_I8: "<q",
    VT_UI8: "<Q", VT_INT: "<i", VT_UINT: "<I", VT_ERROR: "<i",
}  # fmt: skip
VALID_TYPES = frozenset({*range(15), *range(16, 24), VT_RECORD})


class ConversionError(Exception):
    """A value cannot be what is asked for; `code` is the HRESULT that says so."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code:#x}")
        self.code = code
