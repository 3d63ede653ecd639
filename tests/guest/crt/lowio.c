/* File descriptors: opens, text mode, duplicates, pipes, sizes, stat, errors. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <share.h>
#include <stdio.h>
#include <string.h>
#include <sys/locking.h>
#include <sys/stat.h>
#include <sys/utime.h>
#include <direct.h>
#include <stdlib.h>
#include <time.h>

#define CHECK(expression)                                                                                              \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        long result = (long)(expression);                                                                              \
        printf("%-60s %ld", #expression, result);                                                                      \
        if (result == -1)                                                                                              \
            printf(" errno %d", errno);                                                                                \
        printf("\n");                                                                                                  \
    } while (0)

int main(void)
{
    char buffer[64];
    int fd, copy, ends[2];
    struct _stat64 st;
    struct _stat64 st32;
    struct __utimbuf64 times = {1100000000, 1000000000};
    struct __finddata64_t found;
    intptr_t search;

    CHECK(fd = _open("l.txt", _O_CREAT | _O_TRUNC | _O_RDWR | _O_TEXT, _S_IREAD | _S_IWRITE));
    CHECK(_write(fd, "a\nbb\nccc\n", 9));
    CHECK(_tell(fd));
    CHECK(_lseek(fd, 0, SEEK_SET));
    CHECK(_read(fd, buffer, 4));
    CHECK(_tell(fd));
    CHECK(_read(fd, buffer, 64));
    CHECK(_read(fd, buffer, 64));
    CHECK(_eof(fd));
    CHECK(_filelength(fd));
    CHECK(_setmode(fd, _O_BINARY));
    CHECK(_lseek(fd, 0, SEEK_SET));
    CHECK(_read(fd, buffer, 64));
    CHECK(_isatty(fd));
    CHECK(_chsize(fd, 5));
    CHECK(_filelengthi64(fd));
    CHECK(_chsize(fd, 50));
    CHECK(_filelengthi64(fd));
    CHECK(copy = _dup(fd));
    CHECK(_lseek(copy, 7, SEEK_SET));
    CHECK(_tell(fd));
    CHECK(_close(copy));
    CHECK(_dup2(fd, 20));
    CHECK(_write(20, "zz", 2));
    CHECK(_close(20));
    CHECK(_lseek(fd, 0, SEEK_SET));
    CHECK(_locking(fd, _LK_NBLCK, 10));
    CHECK(_locking(fd, _LK_UNLCK, 10));
    CHECK(_commit(fd));
    CHECK(_fstat64(fd, &st));
    printf("mode %o size %d nlink %d\n", st.st_mode, (int)st.st_size, st.st_nlink);
    CHECK(_close(fd));
    CHECK(_open("l.txt", _O_CREAT | _O_EXCL | _O_RDWR, _S_IREAD));
    CHECK(_open("none.txt", _O_RDONLY));
    CHECK(_open("nodir\\none.txt", _O_RDONLY));
    CHECK(_open(".", _O_RDONLY));
    CHECK(fd = _open("l.txt", _O_WRONLY | _O_APPEND | _O_BINARY));
    CHECK(_lseek(fd, 0, SEEK_SET));
    CHECK(_write(fd, "tail", 4));
    CHECK(_filelength(fd));
    CHECK(_read(fd, buffer, 1));
    CHECK(_close(fd));
    CHECK(_utime64("l.txt", &times));
    CHECK(_stat64("l.txt", &st));
    printf("mode %o size %d mtime %d\n", st.st_mode, (int)st.st_size, (int)st.st_mtime);
    CHECK(_chmod("l.txt", _S_IREAD));
    CHECK(_access("l.txt", 2));
    CHECK(_access("l.txt", 4));
    CHECK(_open("l.txt", _O_RDWR));
    CHECK(_unlink("l.txt"));
    CHECK(_chmod("l.txt", _S_IREAD | _S_IWRITE));
    CHECK(_stat64(".", &st32));
    printf("mode %o\n", st32.st_mode);
    CHECK(_stat64("none", &st));
    CHECK(_stat64("l*.txt", &st));
    CHECK(_mkdir("ldir"));
    CHECK(_mkdir("ldir"));
    CHECK(_chdir("ldir"));
    CHECK(_getcwd(buffer, 3) == NULL);
    CHECK(_open("inner", _O_CREAT | _O_RDWR, _S_IWRITE | _S_IREAD));
    CHECK(_close(3));
    CHECK(_chdir(".."));
    CHECK(_rmdir("ldir"));
    search = _findfirst64("ldir\\*", &found);
    do
        printf("found %s %x\n", found.name, found.attrib & 0x11);
    while (!_findnext64(search, &found));
    CHECK(_findclose(search));
    CHECK(_findfirst64("ldir\\*.zzz", &found));
    CHECK(rename("ldir\\inner", "ldir\\moved"));
    CHECK(rename("ldir\\none", "ldir\\x"));
    CHECK(rename("l.txt", "ldir\\moved"));
    CHECK(remove("ldir\\moved"));
    CHECK(_rmdir("ldir"));
    CHECK(_rmdir("ldir"));
    CHECK(remove("l.txt"));
    CHECK(remove("l.txt"));
    CHECK(_pipe(ends, 256, _O_TEXT));
    CHECK(_write(ends[1], "p\nq\n", 4));
    CHECK(_read(ends[0], buffer, 64));
    CHECK(_fstat64(ends[0], &st));
    printf("mode %o\n", st.st_mode & 0170000);
    CHECK(_close(ends[1]));
    CHECK(_read(ends[0], buffer, 64));
    CHECK(_close(ends[0]));
    CHECK(_umask(_S_IWRITE));
    CHECK(fd = _open("ro.txt", _O_CREAT | _O_RDWR, _S_IREAD | _S_IWRITE));
    CHECK(_close(fd));
    CHECK(_access("ro.txt", 2));
    CHECK(_umask(0));
    CHECK(_chmod("ro.txt", _S_IWRITE));
    CHECK(_unlink("ro.txt"));
    CHECK(_sopen_s(&fd, "sh.txt", _O_CREAT | _O_RDWR, _SH_DENYRW, _S_IREAD | _S_IWRITE));
    CHECK(_sopen_s(&copy, "sh.txt", _O_RDWR, _SH_DENYNO, 0));
    CHECK(copy);
    CHECK(_close(fd));
    CHECK(_unlink("sh.txt"));
    return 0;
}
