"""oleaut32.dll."""

from runtime.dlls.export import Dll

oleaut32 = Dll("oleaut32.dll")
oleaut32.forward("CreateErrorInfo", "olert.CreateErrorInfo")
oleaut32.ordinals[202] = "CreateErrorInfo"
