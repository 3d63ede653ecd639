/* The parts of a stream that programs reach into: macros of old headers and portability libraries know them. */
#include <stdio.h>
#include <string.h>

#ifdef _UCRT
struct stream {
    unsigned char *pointer, *base;
    int count;
    long flags, file;
    int character_buffer, size;
};
enum { READ = 1, WRITE = 2, BOTH = 4, END = 8, ERROR = 16 };
#else
struct stream {
    unsigned char *pointer;
    int count;
    unsigned char *base;
    int flags, file, character_buffer, size;
};
enum { READ = 1, WRITE = 2, BOTH = 0x80, END = 0x10, ERROR = 0x20 };
#endif

static void show(FILE *f)
{
    struct stream *s = (struct stream *)f;

    printf("read %d write %d both %d end %d error %d count %d used %d size %d file %d\n", (s->flags & READ) != 0,
           (s->flags & WRITE) != 0, (s->flags & BOTH) != 0, (s->flags & END) != 0, (s->flags & ERROR) != 0, s->count,
           (int)(s->pointer - s->base), s->size, (int)s->file);
}

int main(void)
{
    FILE *f = fopen("layout.txt", "w+b");
    char text[8] = "";

    show(f);
    fputs("hello", f);
    show(f);
    rewind(f);
    show(f);
    getc(f);
    show(f);
    fread(text, 1, 7, f);
    show(f);
    fclose(f);
    f = fopen("layout.txt", "rb");
    show(f);
    getc(f);
    /* The macro getc of msvcrt's headers. */
    printf("%c", --((struct stream *)f)->count >= 0 ? *((struct stream *)f)->pointer++ : '?');
    printf("%c\n", getc(f));
    putc('x', f);
    fclose(f);
    remove("layout.txt");
    show(stdin);
    return 0;
}
