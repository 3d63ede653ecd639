/* Shows its own resources; tests/test_update_resource.py changes them. */
#include <windows.h>
#include <stdio.h>
static int value = 7;
static int *volatile moved = &value; /* needs a relocation */
int main(void)
{
    char text[50] = "";
    HRSRC found = FindResourceA(0, (char *)1, (char *)10);
    printf("runs %d\n", *moved);
    printf("1: %.*s\n", (int)SizeofResource(0, found), found ? (char *)LockResource(LoadResource(0, found)) : "");
    found = FindResourceA(0, "BIG", (char *)10);
    printf("BIG: %lu\n", found ? SizeofResource(0, found) : 0);
    printf("string 100: %d %s\n", LoadStringA(0, 100, text, sizeof text), text);
    return 0;
}
