/* Case and code pages (nls.c). */
#pragma once
#include "rtl.h"

WCHAR nls_upcase(WCHAR unit);
WCHAR nls_downcase(WCHAR unit);

enum code_page { PAGE_ANSI, PAGE_OEM };
ULONG nls_widen(enum code_page page, WCHAR *to, ULONG room, const char *from, ULONG count);
ULONG nls_narrow(enum code_page page, char *to, ULONG room, const WCHAR *from, ULONG count);
