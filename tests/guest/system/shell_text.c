/* shlwapi.h: registry helpers and string functions beside the common ones. */
#include <windows.h>
#include <shlwapi.h>
#include <objbase.h>
#include <stdio.h>
#define SHOW(what) printf("%s: %lld\n", #what, (long long)(what))
#define SIGN(what) do { int found = what; printf("%s: %d\n", #what, (found > 0) - (found < 0)); } while (0)

static void keys(void)
{
    const WCHAR *path = L"Software\\Winfs Shell Test"; DWORD type = 9, size, number = 0, values; WCHAR text[50]; HKEY key;
    SHOW(SHSetValueW(HKEY_CURRENT_USER, path, L"Text", REG_SZ, L"hello", 12));
    number = 42; SHOW(SHSetValueA(HKEY_CURRENT_USER, "Software\\Winfs Shell Test\\Lower", "Number", REG_DWORD, &number, 4));
    size = sizeof text; SHOW(SHGetValueW(HKEY_CURRENT_USER, path, L"Text", &type, text, &size));
    printf("%lu %lu %ls\n", type, size, text);
    size = 4; number = 0; SHOW(SHGetValueA(HKEY_CURRENT_USER, "Software\\Winfs Shell Test\\Lower", "number", 0, &number, &size));
    printf("%lu\n", number);
    size = sizeof text; SHOW(SHGetValueW(HKEY_CURRENT_USER, path, L"None", 0, text, &size));
    RegOpenKeyW(HKEY_CURRENT_USER, path, &key);
    SHOW(SHQueryInfoKeyW(key, &number, &type, &values, &size)); printf("%lu %lu %lu %lu\n", number, type, values, size);
    size = 50; SHOW(SHEnumKeyExW(key, 0, text, &size)); printf("%ls %lu\n", text, size);
    size = 50; SHOW(SHEnumKeyExW(key, 1, text, &size));
    size = 50; SHOW(SHEnumValueW(key, 0, text, &size, &type, 0, 0)); printf("%ls %lu\n", text, type);
    RegCloseKey(key);
    SHOW(SHDeleteEmptyKeyW(HKEY_CURRENT_USER, path)); SHOW(SHDeleteValueW(HKEY_CURRENT_USER, path, L"Text"));
    SHOW(SHDeleteKeyW(HKEY_CURRENT_USER, path)); SHOW(SHDeleteKeyA(HKEY_CURRENT_USER, "Software\\Winfs Shell Test"));
}

int main(void)
{
    WCHAR text[30] = L"abc", *copy = 0; char narrow[30] = "xyz";
    keys();
    SIGN(StrCmpCW(L"a", L"B")); SIGN(StrCmpICW(L"a", L"B")); SIGN(StrCmpNCW(L"abc", L"abd", 2)); SIGN(StrCmpNICA("ABc", "abD", 3));
    SIGN(StrCmpCA("same", "same"));
    StrCatW(text, L"def"); printf("%ls\n", text); StrNCatW(text, L"ghijk", 3); printf("%ls\n", text);
    StrCpyW(text, L"new"); printf("%ls\n", text); StrNCatA(narrow, "12345", 4); printf("%s\n", narrow);
    SHOW(StrChrNW(L"hello", 'l', 3) != 0); SHOW(StrChrNW(L"hello", 'o', 4) == 0); SHOW(StrChrA(narrow, 'z') - narrow);
    SHOW(StrStrNIW(L"one TWO", L"two", 7) != 0); SHOW(StrStrNW(L"one two", L"two", 5) == 0); SHOW(StrCSpnIW(L"abC", L"c"));
    SHOW(SHStrDupW(L"copied", &copy)); printf("%ls\n", copy); CoTaskMemFree(copy);
    SHOW(SHStrDupA("narrow", &copy)); printf("%ls\n", copy); CoTaskMemFree(copy);
    SHOW(IsCharSpaceW('\t')); SHOW(IsCharSpaceW('x')); SHOW(StrIsIntlEqualW(FALSE, L"ABC", L"abd", 2)); SHOW(ChrCmpIW('a', 'A'));
    SHOW(SHAnsiToUnicode("cut me", text, 4)); printf("%ls\n", text); SHOW(SHUnicodeToAnsi(L"whole", narrow, 30)); printf("%s\n", narrow);
    return 0;
}
