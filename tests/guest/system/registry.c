/* The registry as a program sees it, through advapi32 and through ntdll. */
#include <windows.h>
#include <stdio.h>
#include <winternl.h>

#define SHOW(call) printf("%s -> %ld\n", #call, (long)(call))
static const char *path = "Software\\winfs test";

static void value(HKEY key, const char *name)
{
    BYTE data[256];
    DWORD type = 99, size = sizeof data;
    LONG result = RegQueryValueExA(key, name, NULL, &type, data, &size);
    printf("%s: %ld type %lu size %lu", name, result, type, result ? 0 : size);
    if (!result) {
        printf(" ");
        for (DWORD i = 0; i < size && i < 24; i++) printf("%02x", data[i]);
    }
    printf("\n");
}

static void list(HKEY key)
{
    char name[300];
    DWORD keys, longest, values, name_length, data_length;
    SHOW(RegQueryInfoKeyA(key, NULL, NULL, NULL, &keys, &longest, NULL, &values, &name_length, &data_length, NULL, NULL));
    printf("%lu keys up to %lu, %lu values up to %lu, data up to %lu\n", keys, longest, values, name_length, data_length);
    for (DWORD i = 0;; i++) {
        DWORD size = sizeof name;
        LONG result = RegEnumKeyExA(key, i, name, &size, NULL, NULL, NULL, NULL);
        if (result) { printf("enum key %lu: %ld\n", i, result); break; }
        printf("key %s %lu\n", name, size);
    }
    for (DWORD i = 0;; i++) {
        DWORD size = sizeof name, type;
        LONG result = RegEnumValueA(key, i, name, &size, NULL, &type, NULL, NULL);
        if (result) { printf("enum value %lu: %ld\n", i, result); break; }
        printf("value %s type %lu\n", name, type);
    }
}

static volatile LONG seen;

/* Changes it until the other thread, which may not wait yet, has seen it. */
static DWORD WINAPI change(void *key)
{
    do {
        Sleep(10);
        RegSetValueExA(key, "changed", 0, REG_SZ, (BYTE *)"x", 2);
    } while (!seen);
    return 0;
}

int main(void)
{
    HKEY key, sub, other;
    DWORD disposition, size, number = 42, type;
    ULONGLONG large = 1234567890123;
    char buffer[300];
    WCHAR wide[100];

    RegDeleteTreeA(HKEY_CURRENT_USER, path);
    SHOW(RegOpenKeyExA(HKEY_CURRENT_USER, path, 0, KEY_READ, &key));
    SHOW(RegCreateKeyExA(HKEY_CURRENT_USER, path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, &disposition));
    SHOW(disposition);
    SHOW(RegCreateKeyExA(HKEY_CURRENT_USER, "SOFTWARE\\WINFS TEST", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &other, &disposition));
    SHOW(disposition);
    SHOW(RegCloseKey(other));
    SHOW(RegSetValueExA(key, "string", 0, REG_SZ, (BYTE *)"hello", 6));
    SHOW(RegSetValueExA(key, "unterminated", 0, REG_SZ, (BYTE *)"hello", 5));
    SHOW(RegSetValueExA(key, "expand", 0, REG_EXPAND_SZ, (BYTE *)"%windir%\\x", 11));
    SHOW(RegSetValueExA(key, "multi", 0, REG_MULTI_SZ, (BYTE *)"a\0bc\0", 6));
    SHOW(RegSetValueExA(key, "number", 0, REG_DWORD, (BYTE *)&number, 4));
    SHOW(RegSetValueExA(key, "large", 0, REG_QWORD, (BYTE *)&large, 8));
    SHOW(RegSetValueExA(key, "binary", 0, REG_BINARY, (BYTE *)"\1\2\3", 3));
    SHOW(RegSetValueExA(key, "empty", 0, REG_NONE, NULL, 0));
    SHOW(RegSetValueExA(key, "odd type", 0, 0x12345, (BYTE *)"\1\2", 2));
    SHOW(RegSetValueExA(key, NULL, 0, REG_SZ, (BYTE *)"default", 8));
    SHOW(RegSetValueExA(key, "reserved", 1, REG_SZ, (BYTE *)"", 1));
    value(key, "string"); value(key, "STRING"); value(key, "unterminated"); value(key, "multi"); value(key, "number");
    value(key, "large"); value(key, "binary"); value(key, "empty"); value(key, "odd type"); value(key, ""); value(key, "none");
    size = 3;
    SHOW(RegQueryValueExA(key, "string", NULL, &type, (BYTE *)buffer, &size)); SHOW(size);
    SHOW(RegQueryValueExA(key, "string", NULL, NULL, NULL, &size)); SHOW(size);
    SHOW(RegQueryValueExA(key, "string", NULL, NULL, (BYTE *)buffer, NULL));
    SHOW(RegQueryValueExA(NULL, "string", NULL, NULL, NULL, &size));
    size = sizeof wide;
    SHOW(RegQueryValueExW(key, L"string", NULL, &type, (BYTE *)wide, &size)); SHOW(size);
    size = sizeof buffer;
    SHOW(RegGetValueA(HKEY_CURRENT_USER, path, "expand", RRF_RT_REG_SZ, &type, buffer, &size)); SHOW(type); puts(buffer);
    size = sizeof buffer;
    SHOW(RegGetValueA(key, NULL, "expand", RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND, &type, buffer, &size)); SHOW(type); puts(buffer);
    size = sizeof buffer;
    SHOW(RegGetValueA(key, NULL, "number", RRF_RT_REG_SZ, &type, buffer, &size));
    size = 4;
    SHOW(RegGetValueA(key, NULL, "number", RRF_RT_DWORD, &type, &number, &size)); SHOW(number);
    SHOW(RegGetValueA(key, NULL, "binary", RRF_RT_DWORD, &type, &number, &size));
    SHOW(RegCreateKeyA(key, "b\\deep\\er", &sub)); RegCloseKey(sub);
    SHOW(RegCreateKeyA(key, "A", &sub)); RegCloseKey(sub);
    SHOW(RegCreateKeyA(key, "c", &sub)); RegCloseKey(sub);
    list(key);
    size = 2;
    SHOW(RegEnumKeyExA(key, 1, buffer, &size, NULL, NULL, NULL, NULL)); SHOW(size);
    size = 1;
    SHOW(RegEnumKeyExA(key, 1, buffer, &size, NULL, NULL, NULL, NULL)); SHOW(size);
    SHOW(RegDeleteKeyA(key, "b"));
    SHOW(RegDeleteTreeA(key, "b"));
    SHOW(RegDeleteKeyA(key, "b"));
    SHOW(RegDeleteValueA(key, "binary"));
    SHOW(RegDeleteValueA(key, "binary"));
    SHOW(RegOpenKeyExA(key, "\\A", 0, KEY_READ, &sub));
    SHOW(RegOpenKeyExA(key, "A\\", 0, KEY_READ, &sub)); RegCloseKey(sub);
    SHOW(RegOpenKeyExA(key, "", 0, KEY_READ, &sub)); RegCloseKey(sub);
    SHOW(RegOpenKeyExA((HKEY)(ULONG_PTR)0x80000002, "SOFTWARE\\Microsoft", 0, KEY_READ, &sub)); RegCloseKey(sub);
    SHOW(RegOpenKeyExA((HKEY)0x1234, "SOFTWARE", 0, KEY_READ, &sub));
    SHOW(RegOpenKeyExA(key, "A", 0, KEY_QUERY_VALUE, &sub));
    SHOW(RegSetValueExA(sub, "x", 0, REG_SZ, (BYTE *)"", 1));
    SHOW(RegDeleteKeyA(key, "A"));
    SHOW(RegQueryValueExA(sub, "x", NULL, NULL, NULL, &size));
    RegCloseKey(sub);

    memset(buffer, 'k', 257); buffer[257] = 0;
    SHOW(RegCreateKeyA(key, buffer, &sub));
    buffer[256] = 0;
    SHOW(RegCreateKeyA(key, buffer, &sub)); RegCloseKey(sub);
    SHOW(RegDeleteKeyA(key, buffer));

    SHOW(RegCreateKeyExA(key, "volatile", 0, NULL, REG_OPTION_VOLATILE, KEY_ALL_ACCESS, NULL, &sub, NULL));
    SHOW(RegCreateKeyExA(sub, "stable", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &other, NULL));
    RegCloseKey(sub);
    SHOW(RegDeleteKeyA(key, "volatile"));

    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
    SHOW(RegNotifyChangeKeyValue(key, TRUE, REG_NOTIFY_CHANGE_LAST_SET, event, TRUE));
    SHOW(WaitForSingleObject(event, 0));
    RegSetValueExA(key, "changed", 0, REG_SZ, (BYTE *)"1", 2);
    SHOW(WaitForSingleObject(event, INFINITE));
    HANDLE thread = CreateThread(NULL, 0, change, key, 0, NULL);
    SHOW(RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_LAST_SET, NULL, FALSE));
    seen = 1;
    WaitForSingleObject(thread, INFINITE);
    SHOW(RegFlushKey(key));
    SHOW(RegCloseKey(key));
    SHOW(RegCloseKey(key));
    SHOW(RegDeleteTreeA(HKEY_CURRENT_USER, path));
    SHOW(RegOpenKeyExA(HKEY_CURRENT_USER, path, 0, KEY_READ, &key));

    size = sizeof buffer;
    SHOW(RegGetValueA(HKEY_LOCAL_MACHINE, "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", "CurrentVersion",
                      RRF_RT_REG_SZ, NULL, buffer, &size));
    puts(buffer);
    SHOW(RegOpenKeyExA(HKEY_LOCAL_MACHINE, "SYSTEM\\CurrentControlSet\\Control\\Session Manager", 0, KEY_READ, &sub));
    RegCloseKey(sub);
    SHOW(RegOpenKeyExA(HKEY_CLASSES_ROOT, ".txt", 0, KEY_READ, &sub));
    RegCloseKey(sub);
    return 0;
}
