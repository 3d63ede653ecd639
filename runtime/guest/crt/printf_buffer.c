/* Formatting into buffers. */
#include "internal.h"
#include "stream.h"
#include "printf.h"
#include "printf_buffer.h"

#define CHAR char
#define FORMAT_BUFFER crt_format_buffer
#define VSPRINTF crt_vsprintf
#define VSPRINTF_S crt_vsprintf_s
#define VSNPRINTF_S crt_vsnprintf_s
#include "printf_buffer_core.h"

#undef CHAR
#undef FORMAT_BUFFER
#undef VSPRINTF
#undef VSPRINTF_S
#undef VSNPRINTF_S

#define CHAR wchar_t
#define FORMAT_BUFFER crt_format_wide_buffer
#define VSPRINTF crt_vswprintf
#define VSPRINTF_S crt_vswprintf_s
#define VSNPRINTF_S crt_vsnwprintf_s
#include "printf_buffer_core.h"
