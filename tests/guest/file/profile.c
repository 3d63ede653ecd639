/* Initialization files. */
#include "common.h"
#define FILE_NAME ".\\test.ini"

static void show(const char *section, const char *key, DWORD size)
{
    char text[200];
    memset(text, '#', sizeof text);
    DWORD length = GetPrivateProfileStringA(section, key, "default  ", text, size, FILE_NAME);
    for (DWORD i = 0; i < length + 2 && i < size; ++i)
        if (!text[i]) text[i] = '|';
    printf("%s/%s %lu: %lu [%.*s]\n", section ? section : "-", key ? key : "-", size, length, (int)min(length + 2, size), text);
}

int main(void)
{
    show("a", "b", 100);
    put("test.ini", "; comment\r\n[First]\r\nkey = value \r\nQuoted=\"  spaced \"\r\nempty=\r\nbare\r\n\r\n[second]\r\nn=42\r\nh=0x1F\r\nm=-7x\r\n");
    show("first", "KEY", 100); show("First", "quoted", 100); show("First", "empty", 100); show("First", "bare", 100);
    show("First", "none", 100); show("none", "key", 100); show("First", "key", 4); show("First", NULL, 100); show(NULL, NULL, 100);
    show(NULL, NULL, 9); show("none", NULL, 100);
    SHOW(GetPrivateProfileIntA("second", "n", 5, FILE_NAME)); SHOW(GetPrivateProfileIntA("second", "h", 5, FILE_NAME));
    SHOW((int)GetPrivateProfileIntA("second", "m", 5, FILE_NAME)); SHOW(GetPrivateProfileIntA("second", "q", 5, FILE_NAME));
    SHOW(GetPrivateProfileIntA("First", "key", 5, FILE_NAME));
    SHOW(WritePrivateProfileStringA("First", "key", "changed", FILE_NAME)); SHOW(WritePrivateProfileStringA("First", "added", "1", FILE_NAME));
    SHOW(WritePrivateProfileStringA("third", "x", "y", FILE_NAME)); SHOW(WritePrivateProfileStringA("second", "h", NULL, FILE_NAME));
    show_file("test.ini");
    SHOW(WritePrivateProfileStringA("second", NULL, NULL, FILE_NAME)); SHOW(WritePrivateProfileSectionA("third", "p=1\0q=2\0", FILE_NAME));
    char text[100];
    DWORD length = GetPrivateProfileSectionA("third", text, sizeof text, FILE_NAME);
    SHOW(length); puts(text); puts(text + 4);
    show_file("test.ini");
    return 0;
}
