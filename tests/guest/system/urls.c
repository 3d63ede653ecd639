/* shlwapi's functions for URLs. */
#include <windows.h>
#include <shlwapi.h>
#include <stdio.h>

static WCHAR out[512];
static DWORD size;

static void start(void)
{
    wcscpy(out, L"?");
    size = 512;
}

static void show(const char *what, const WCHAR *url, HRESULT result)
{
    printf("%s %ls: %lx", what, url, result);
    if (result == S_OK) printf(" '%ls' %lu", out, size);
    printf("\n");
}

static void canonicalize(const WCHAR *url, DWORD flags)
{
    start();
    HRESULT result = UrlCanonicalizeW(url, out, &size, flags);
    printf("%08lx ", flags);
    show("canonicalize", url, result);
}

static void combine(const WCHAR *base, const WCHAR *url)
{
    start();
    show("combine", url, UrlCombineW(base, url, out, &size, 0));
}

static void escape(const WCHAR *url, DWORD flags)
{
    start();
    HRESULT result = UrlEscapeW(url, out, &size, flags);
    printf("%08lx ", flags);
    show("escape", url, result);
}

static void part(const WCHAR *url, DWORD which, DWORD flags)
{
    start();
    printf("%lu ", which);
    HRESULT result = UrlGetPartW(url, out, &size, which, flags);
    show("part", url, result);
}

static void parse(const WCHAR *url)
{
    PARSEDURLW parts = {sizeof parts};
    HRESULT result = ParseURLW(url, &parts);
    printf("parse %ls: %lx", url, result);
    if (result == S_OK)
        printf(" %.*ls | %.*ls | %d", (int)parts.cchProtocol, parts.pszProtocol, (int)parts.cchSuffix, parts.pszSuffix, parts.nScheme);
    printf("\n");
}

static void from_path(const WCHAR *path)
{
    start();
    show("from path", path, UrlCreateFromPathW(path, out, &size, 0));
}

static void to_path(const WCHAR *url)
{
    start();
    show("to path", url, PathCreateFromUrlW(url, out, &size, 0));
}

static void apply(const WCHAR *url, DWORD flags)
{
    start();
    printf("%lu ", flags);
    show("apply", url, UrlApplySchemeW(url, out, &size, flags));
}

int main(void)
{
    static const WCHAR *urls[] = {
        L"http://www.example.com/a/../b/./c.htm", L"HTTP://www.example.com", L"http://www.example.com/a b?c d#e f",
        L"http://www.example.com/%41%20b", L"http://example.com/a/b/../../../c", L"  http://example.com/x  ",
        L"file:///C:/My%20Documents/file.htm", L"C:\\Program Files\\x.htm", L"mailto:someone@example.com",
    };
    for (int i = 0; i < ARRAYSIZE(urls); i++) canonicalize(urls[i], 0);
    canonicalize(urls[2], URL_ESCAPE_UNSAFE);
    canonicalize(urls[2], URL_ESCAPE_SPACES_ONLY);
    canonicalize(urls[3], URL_UNESCAPE);
    canonicalize(urls[0], URL_DONT_SIMPLIFY);
    combine(L"http://host/dir/sub/page.htm", L"other.htm");
    combine(L"http://host/dir/sub/page.htm", L"../up.htm");
    combine(L"http://host/dir/sub/page.htm", L"/root.htm");
    combine(L"http://host/dir/sub/page.htm", L"//server/x");
    combine(L"http://host/dir/sub/page.htm", L"#mark");
    combine(L"http://host/dir/sub/page.htm", L"ftp://elsewhere/y");
    combine(L"http://host", L"page.htm");
    combine(L"http://host/dir/", L"./a/./b/../c");
    escape(L"http://host/a b<c>\"d{e}|f^g`h", 0);
    escape(L"http://host/a%20b?c d", 0);
    escape(L"http://host/a%20b", URL_ESCAPE_PERCENT);
    escape(L"a/b?c#d e", URL_ESCAPE_SEGMENT_ONLY);
    escape(L"http://host/a b<c>", URL_ESCAPE_SPACES_ONLY);
    start();
    printf("UTF-8: %lx", UrlEscapeW(L"http://host/\x00e9", out, &size, URL_ESCAPE_AS_UTF8));
    printf(" %ls\n", out);
    wcscpy(out, L"a%20b%41%zz%2");
    printf("unescape: %lx %ls\n", UrlUnescapeW(out, NULL, NULL, URL_UNESCAPE_INPLACE), out);
    static const WCHAR full[] = L"https://user:secret@host.example:8080/path/page?query=1#mark";
    for (DWORD which = URL_PART_SCHEME; which <= URL_PART_QUERY; which++) part(full, which, 0);
    part(full, URL_PART_HOSTNAME, URL_PARTFLAG_KEEPSCHEME);
    part(L"http://host/path", URL_PART_QUERY, 0);
    part(L"http://host", URL_PART_PORT, 0);
    parse(L"http://host/path");
    parse(L"FILE:///c:/x");
    parse(L"mailto:me");
    parse(L"foo:bar");
    parse(L"C:\\x");
    parse(L"nothing");
    from_path(L"C:\\My Documents\\file #1.htm");
    from_path(L"\\\\server\\share\\a b");
    from_path(L"http://host");
    to_path(L"file:///C:/My%20Documents/x.htm");
    to_path(L"file://server/share/x");
    to_path(L"file:///C|/x");
    to_path(L"file://C:/x");
    to_path(L"http://host");
    apply(L"www.example.com", URL_APPLY_GUESSSCHEME);
    apply(L"ftp.example.com", URL_APPLY_GUESSSCHEME);
    apply(L"C:\\x y.htm", URL_APPLY_GUESSFILE);
    apply(L"anything", URL_APPLY_DEFAULT);
    apply(L"http://host", URL_APPLY_DEFAULT);
    apply(L"anything", URL_APPLY_GUESSSCHEME);
    for (int i = 0; i <= URLIS_HASQUERY; i++)
        printf("is %d: %d %d %d %d\n", i, UrlIsW(L"http://host/x/?q", i), UrlIsW(L"file:///C:/dir/", i),
               UrlIsW(L"mailto:me", i), UrlIsW(L"page.htm", i));
    printf("URL: %d %d %d\n", PathIsURLW(L"http://host"), PathIsURLW(L"C:\\x"), PathIsURLW(L"a:b"));
    printf("compare: %d %d %d\n", UrlCompareW(L"http://host/a", L"http://host/a/", TRUE),
           UrlCompareW(L"http://host/a", L"http://host/a/", FALSE) != 0, UrlCompareW(L"http://host/%41", L"http://host/A", FALSE));
    printf("location: %ls %d\n", UrlGetLocationW(L"http://host/x#mark"), UrlGetLocationW(L"http://host") != NULL);
    start();
    size = 5;
    HRESULT result = UrlCanonicalizeW(L"http://host", out, &size, 0);
    printf("short: %lx %lu\n", result, size);
    char narrow[64];
    size = 64;
    result = UrlCombineA("http://host/a/", "b c", narrow, &size, URL_ESCAPE_UNSAFE);
    printf("narrow: %lx %s %lu\n", result, narrow, size);
    return 0;
}
