/* Hive files: saved, restored, mounted below HKEY_USERS, opened as private keys; what needs which privilege. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static void enable(const char *name)
{
    TOKEN_PRIVILEGES privileges = {1};
    HANDLE token;

    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token);
    LookupPrivilegeValueA(NULL, name, &privileges.Privileges[0].Luid);
    privileges.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
    AdjustTokenPrivileges(token, FALSE, &privileges, 0, NULL, NULL);
    printf("%s %lu\n", name, GetLastError());
    CloseHandle(token);
}

static LSTATUS set(HKEY key, const char *name, DWORD kind, const void *data, DWORD size)
{
    return RegSetValueExA(key, name, 0, kind, data, size);
}

static void show(HKEY key, const char *path)
{
    char text[64] = "";
    DWORD number = 0, size = sizeof text, values = 0, keys = 0, longest = 0;
    HKEY opened;
    LSTATUS status = RegOpenKeyExA(key, path, 0, KEY_READ, &opened);

    if (status) {
        printf("  no %s: %ld\n", path, status);
        return;
    }
    RegQueryInfoKeyA(opened, NULL, NULL, NULL, &keys, NULL, NULL, &values, NULL, &longest, NULL, NULL);
    RegQueryValueExA(opened, "text", NULL, NULL, (BYTE *)text, &size);
    size = sizeof number;
    RegQueryValueExA(opened, "number", NULL, NULL, (BYTE *)&number, &size);
    printf("  %s: %lu keys, %lu values, longest %lu, text '%s', number %lu\n", path, keys, values, longest, text, number);
    RegCloseKey(opened);
}

int main(void)
{
    HKEY key, below, app, again;
    DWORD number = 77;
    BYTE *big = malloc(40000);
    char name[32];
    FILE *file;

    for (int i = 0; i < 40000; i++)
        big[i] = (BYTE)(i * 7);
    RegDeleteTreeA(HKEY_CURRENT_USER, "Software\\Hives");
    RegCreateKeyExA(HKEY_CURRENT_USER, "Software\\Hives", 0, "a class", 0, KEY_ALL_ACCESS, NULL, &key, NULL);
    set(key, "text", REG_SZ, "saved text", 11);
    set(key, "number", REG_DWORD, &number, 4);
    set(key, "big", REG_BINARY, big, 40000);
    set(key, NULL, REG_EXPAND_SZ, "%default%", 10);
    set(key, "empty", REG_NONE, NULL, 0);
    for (int i = 0; i < 520; i++) {
        sprintf(name, "key %d", i);
        RegCreateKeyExA(key, name, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &below, NULL);
        set(below, "number", REG_DWORD, &i, 4);
        RegCloseKey(below);
    }
    RegCreateKeyExA(key, "volatile", 0, NULL, REG_OPTION_VOLATILE, KEY_ALL_ACCESS, NULL, &below, NULL);
    RegCloseKey(below);

    printf("without privilege %ld\n", RegSaveKeyA(key, "saved.hiv", NULL));
    enable("SeBackupPrivilege");
    printf("save %ld\n", RegSaveKeyA(key, "saved.hiv", NULL));
    printf("once more %ld\n", RegSaveKeyA(key, "saved.hiv", NULL));
    printf("latest %ld\n", RegSaveKeyExA(key, "latest.hiv", NULL, REG_LATEST_FORMAT));
    printf("bad format %ld\n", RegSaveKeyExA(key, "bad.hiv", NULL, 9));
    printf("load without privilege %ld\n", RegLoadKeyA(HKEY_USERS, "Mounted", "latest.hiv"));
    enable("SeRestorePrivilege");

    printf("restore\n");
    set(key, "text", REG_SZ, "changed", 8);
    RegDeleteKeyA(key, "key 5");
    printf("open below %ld", RegOpenKeyExA(key, "key 6", 0, KEY_READ, &below));
    printf(" %ld\n", RegRestoreKeyA(key, "saved.hiv", 0));
    RegCloseKey(below);
    printf("closed %ld\n", RegRestoreKeyA(key, "saved.hiv", 0));
    show(HKEY_CURRENT_USER, "Software\\Hives");
    show(key, "key 5");
    printf("no file %ld\n", RegRestoreKeyA(key, "missing.hiv", 0));
    file = fopen("text.hiv", "w");
    fputs("this is no hive", file);
    fclose(file);
    printf("no hive %ld\n", RegRestoreKeyA(key, "text.hiv", 0));
    show(HKEY_CURRENT_USER, "Software\\Hives");

    printf("mount\n");
    printf("load %ld\n", RegLoadKeyA(HKEY_USERS, "Mounted", "latest.hiv"));
    show(HKEY_USERS, "Mounted");
    show(HKEY_USERS, "Mounted\\key 519");
    printf("not twice %d\n", RegLoadKeyA(HKEY_USERS, "Mounted", "saved.hiv") != 0);
    printf("not elsewhere %ld\n", RegLoadKeyA(key, "Mounted", "saved.hiv"));
    RegOpenKeyExA(HKEY_USERS, "Mounted", 0, KEY_ALL_ACCESS, &again);
    set(again, "text", REG_SZ, "changed in the hive", 20);
    RegCreateKeyExA(again, "new\\deeper", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &below, NULL);
    set(below, "number", REG_DWORD, &number, 4);
    RegCloseKey(below);
    RegDeleteKeyA(again, "key 519");
    printf("busy %ld\n", RegUnLoadKeyA(HKEY_USERS, "Mounted"));
    RegCloseKey(again);
    printf("unload %ld\n", RegUnLoadKeyA(HKEY_USERS, "Mounted"));
    show(HKEY_USERS, "Mounted");
    printf("load again %ld\n", RegLoadKeyA(HKEY_USERS, "Mounted", "latest.hiv"));
    show(HKEY_USERS, "Mounted");
    show(HKEY_USERS, "Mounted\\new\\deeper");
    show(HKEY_USERS, "Mounted\\key 519");
    printf("unload %ld\n", RegUnLoadKeyA(HKEY_USERS, "Mounted"));
    printf("no hive there %ld\n", RegUnLoadKeyA(HKEY_USERS, ".DEFAULT"));

    printf("private\n");
    printf("made %ld\n", RegLoadAppKeyA("app.hiv", &app, KEY_ALL_ACCESS, 0, 0));
    RegCreateKeyExA(app, "settings", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &below, NULL);
    set(below, "text", REG_SZ, "of a program", 13);
    RegCloseKey(app);
    printf("another handle keeps it %ld\n", set(below, "number", REG_DWORD, &number, 4));
    RegCloseKey(below);
    printf("opened %ld\n", RegLoadAppKeyA("app.hiv", &app, KEY_READ, 0, 0));
    show(app, "settings");
    RegCloseKey(app);
    printf("left mounted %ld\n", RegLoadKeyA(HKEY_USERS, "Left", "saved.hiv"));
    RegOpenKeyExA(HKEY_USERS, "Left", 0, KEY_ALL_ACCESS, &again);
    set(again, "text", REG_SZ, "written at the end", 19);
    return 0;
}
