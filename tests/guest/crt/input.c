/* Standard input: lines, characters and conversions from what input.stdin holds, text mode and binary. */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    char line[64];
    int number = 0, c;

    printf("%s", fgets(line, sizeof line, stdin));
    printf("%d", scanf("%d %63s", &number, line));
    printf(" %d %s\n", number, line);
    printf("rest %d\n", getchar());
    printf("%s|\n", gets(line));
    while ((c = getchar()) != EOF && c != '#')
        printf("%02x ", c);
    printf("\nungetc %c %c\n", ungetc('u', stdin), getchar());
    c = (int)fread(line, 1, 5, stdin);
    printf("fread %d %.5s\n", c, line);
    while ((c = getchar()) != EOF)
        printf("%02x ", c);
    printf("\neof %d error %d isatty %d\n", feof(stdin) != 0, ferror(stdin), _isatty(0) != 0);
    clearerr(stdin);
    _setmode(0, _O_BINARY);
    while ((c = getchar()) != EOF)
        printf("%02x ", c);
    printf("\n");
    return 0;
}
