/* What the runtime tells about the system it runs on. */
#include "internal.h"

unsigned crt_osplatform, crt_osver, crt_winver, crt_winmajor, crt_winminor;

LONG WINAPI RtlGetVersion(OSVERSIONINFOW *information);

void crt_system_data_init(void)
{
    OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};

    RtlGetVersion(&version);
    crt_osplatform = version.dwPlatformId;
    crt_winmajor = version.dwMajorVersion;
    crt_winminor = version.dwMinorVersion;
    crt_winver = crt_winmajor << 8 | crt_winminor;
    crt_osver = version.dwBuildNumber & 0x7FFF;
}

#define DEFINE_GET(name, variable)                                                                                     \
    CRT_EXPORT errno_t name(unsigned *value)                                                                           \
    {                                                                                                                  \
        CRT_VALIDATE(value, EINVAL, EINVAL);                                                                           \
        *value = variable;                                                                                             \
        return 0;                                                                                                      \
    }

DEFINE_GET(_get_osplatform, crt_osplatform)
DEFINE_GET(_get_osver, crt_osver)
DEFINE_GET(_get_winver, crt_winver)
DEFINE_GET(_get_winmajor, crt_winmajor)
DEFINE_GET(_get_winminor, crt_winminor)
