/* Waits until somebody changes HKEY_CURRENT_USER\Software\Demo, and tells the value Colour before and after. */
#include <windows.h>
#include <stdio.h>

static void show(HKEY key, const char *when)
{
    char colour[64] = "nothing";
    DWORD size = sizeof colour;
    RegQueryValueExA(key, "Colour", NULL, NULL, (BYTE *)colour, &size);
    printf("%s: %s\n", when, colour);
    fflush(stdout);
}

int main(void)
{
    HKEY key;
    if (RegCreateKeyExA(HKEY_CURRENT_USER, "Software\\Demo", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL))
        return 1;
    show(key, "waiting, the colour is");
    RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_LAST_SET, NULL, FALSE);
    show(key, "somebody changed it, now it is");
    return 0;
}
