/* Streams: text and binary mode, positions, pushing back, buffers, modes, errors. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <wchar.h>

static void dump(const char *path)
{
    FILE *f = fopen(path, "rb");
    int c, n = 0;

    printf("%s:", path);
    if (!f) {
        printf(" missing\n");
        return;
    }
    while ((c = getc(f)) != EOF && n++ < 60)
        printf(" %02x", c);
    printf("\n");
    fclose(f);
}

static void put(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");

    printf("put %u\n", (unsigned)fwrite(data, 1, size, f));
    fclose(f);
}

static void text_mode(void)
{
    FILE *f = fopen("t.txt", "w");
    char line[64];
    long at;

    fputs("one\ntwo\r\nthree", f);
    printf("ftell %ld\n", ftell(f));
    fclose(f);
    dump("t.txt");
    f = fopen("t.txt", "r");
    while (fgets(line, sizeof line, f)) {
        at = ftell(f);
        printf("line %u [%d %d] at %ld\n", (unsigned)strlen(line), line[0], line[strlen(line) - 1], at);
    }
    printf("eof %d error %d\n", feof(f) != 0, ferror(f));
    rewind(f);
    printf("eof %d first %c\n", feof(f) != 0, getc(f));
    printf("seek %d", fseek(f, 5, SEEK_SET));
    printf(" then %c at %ld\n", getc(f), ftell(f));
    fclose(f);
    put("z.txt", "ab\r\nc\rd\r\x1a""efg\r\n", 13);
    f = fopen("z.txt", "r");
    for (int c; (c = getc(f)) != EOF;)
        printf(" %02x", c);
    printf(" eof %d tell %ld\n", feof(f) != 0, ftell(f));
    fclose(f);
    f = fopen("z.txt", "a+");
    fputs("more\n", f);
    fclose(f);
    dump("z.txt");
    f = fopen("t.txt", "r+");
    fputs("X", f);
    fseek(f, 0, SEEK_CUR);
    printf("r+ %c", getc(f));
    fseek(f, 0, SEEK_CUR);
    fputs("Y", f);
    fclose(f);
    dump("t.txt");
}

static void wide_modes(void)
{
    static const wchar_t *const modes[] = {L"w, ccs=UTF-8", L"w, ccs=UTF-16LE", L"w, ccs=UNICODE", L"w"};
    wchar_t line[32];

    for (int i = 0; i < 4; i++) {
        FILE *f = _wfopen(L"w.txt", modes[i]);
        printf("fputws %d\n", fputws(L"h\x00e9\x20ac\n", f));
        fwprintf(f, L"%d %s\n", 5, L"x");
        fclose(f);
        dump("w.txt");
        f = _wfopen(L"w.txt", L"r, ccs=UNICODE");
        while (fgetws(line, 32, f)) {
            printf("read");
            for (wchar_t *p = line; *p; p++)
                printf(" %04x", *p);
            printf("\n");
        }
        fclose(f);
    }
    put("b.bin", L"A\x20ac\n", 6);
    {
        FILE *f = fopen("b.bin", "rb");
        wint_t c;
        while ((c = fgetwc(f)) != WEOF)
            printf(" %04x", c);
        printf("\n");
        fclose(f);
    }
}

static void positions(void)
{
    FILE *f = fopen("p.bin", "w+b");
    fpos_t pos;
    char buffer[10000];

    memset(buffer, 'q', sizeof buffer);
    printf("fwrite %u\n", (unsigned)fwrite(buffer, 1, sizeof buffer, f));
    printf("tell %ld\n", ftell(f));
    fgetpos(f, &pos);
    printf("pos %d\n", (int)pos);
    fseek(f, -5, SEEK_END);
    printf("tell %ld fread %u eof %d\n", ftell(f), (unsigned)fread(buffer, 1, 10, f), feof(f) != 0);
    clearerr(f);
    fseek(f, 4094, SEEK_SET);
    fwrite("ABCD", 1, 4, f);
    fseek(f, 4093, SEEK_SET);
    fread(buffer, 1, 6, f);
    printf("[%.6s] ungetc %c", buffer, ungetc('Z', f));
    printf(" getc %c tell %ld\n", getc(f), ftell(f));
    printf("bad seek %d", fseek(f, -1, SEEK_SET));
    printf(" errno %d\n", errno);
    printf("seek64 %d tell %d\n", _fseeki64(f, 0x100000000LL, SEEK_SET), _ftelli64(f) == 0x100000000LL);
    fclose(f);
    f = fopen("p.bin", "rb");
    printf("ungetc at start %d %d\n", ungetc('a', f), ungetc('b', f));
    printf("%c %c\n", getc(f), getc(f));
    printf("write to reader %d error %d\n", putc('x', f), ferror(f) != 0);
    fclose(f);
    f = fopen("p.bin", "wb");
    errno = 0;
    printf("read from writer %d error %d errno %d\n", getc(f), ferror(f) != 0, errno);
    fclose(f);
}

static void modes(void)
{
    static const char *const names[] = {"r", "rb", "r+", "w", "w+", "a", "a+", "rt", "wbc", "rS", "rR", "wT", "r b", " r"};
    FILE *f;

    for (int i = 0; i < 14; i++) {
        f = fopen("m.txt", names[i]);
        printf("fopen %-4s %s", names[i], f ? "ok" : "no");
        if (!f)
            printf(" errno %d", errno);
        else
            printf(" mode %x", _setmode(_fileno(f), _O_BINARY));
        printf("\n");
        if (f)
            fclose(f);
    }
    f = fopen("nodir\\x", "r");
    printf("nodir %d %d\n", f != NULL, errno);
    f = fopen(".", "r");
    printf("dir %d %d\n", f != NULL, errno);
    f = fopen("m.txt", "wD");
    fputs("gone", f);
    fclose(f);
    printf("deleted %d\n", _access("m.txt", 0));
    f = tmpfile();
    printf("tmpfile %d", f != NULL);
    if (f) {
        fputs("abc", f);
        rewind(f);
        printf(" %c close %d", getc(f), fclose(f));
    }
    printf("\n");
}

static void buffers(void)
{
    FILE *f = fopen("v.txt", "wb");
    char own[64];
    struct _stat64 st;

    printf("setvbuf %d\n", setvbuf(f, own, _IOFBF, sizeof own));
    for (int i = 0; i < 100; i++)
        putc('a' + i % 26, f);
    _fstat64(_fileno(f), &st);
    printf("on disk %d own %.4s\n", (int)st.st_size, own);
    fflush(f);
    _fstat64(_fileno(f), &st);
    printf("flushed %d\n", (int)st.st_size);
    fclose(f);
    f = fopen("v.txt", "wb");
    setvbuf(f, NULL, _IONBF, 0);
    putc('x', f);
    _fstat64(_fileno(f), &st);
    printf("unbuffered %d\n", (int)st.st_size);
    fprintf(f, "%s-%d", "pr", 5);
    fputs("end", f);
    fclose(f);
    dump("v.txt");
    f = fopen("v.txt", "wb");
    for (int i = 0; i < 5000; i++)
        putc('m', f);
    _fstat64(_fileno(f), &st);
    printf("default buffer %d\n", (int)st.st_size);
    fclose(f);
    f = freopen("re.txt", "w", fopen("v.txt", "rb"));
    fputs("re\n", f);
    fclose(f);
    dump("re.txt");
}

int main(void)
{
    text_mode();
    wide_modes();
    positions();
    modes();
    buffers();
    printf("fclose all %d\n", _fcloseall());
    for (int i = 0; i < 8; i++)
        remove((const char *[]){"t.txt", "z.txt", "w.txt", "b.bin", "p.bin", "v.txt", "re.txt", "m.txt"}[i]);
    puts("puts");
    putchar('c');
    fputc('\n', stdout);
    fwrite("done\n", 1, 5, stdout);
    return 3;
}
