/* __unDName over types, functions, operators and tables. */
#include <stdio.h>
#include <windows.h>
typedef char *(*U)(char *, const char *, int, void *(*)(size_t), void (*)(void *), unsigned short);
void *malloc(size_t);
void free(void *);
int main(void)
{
    HMODULE h = GetModuleHandleA("ucrtbase.dll");
    if (!h)
        h = GetModuleHandleA("msvcrt.dll");
    U u = (U)GetProcAddress(h, "__unDName");
    const char *t[] = {"?AVexception@std@@",
                       "?AUfoo@@",
                       "?AV?$vector@HV?$allocator@H@std@@@std@@",
                       "?AW4color@@",
                       "?AH",
                       "PEAH",
                       "?AV?$map@V?$basic_string@DU?$char_traits@D@std@@V?$allocator@D@2@@std@@HU?$less@V?$basic_"
                       "string@DU?$char_traits@D@std@@V?$allocator@D@2@@std@@@2@@std@@",
                       "?AV<lambda_1>@?1??main@@YAHXZ@",
                       "?AVX@?A0x12345678@@"};
    for (int i = 0; i < sizeof t / sizeof *t; i++) {
        char *r = u(0, t[i], 0, malloc, free, 0x2800);
        printf("%s => %s\n", t[i], r ? r : "NULL");
    }
    const char *s[] = {"?foo@@YAHH@Z",
                       "?bar@Baz@@QEAAXPEBDPEAH@Z",
                       "??0Foo@@QEAA@XZ",
                       "??1Foo@ns@@UEAA@XZ",
                       "??2@YAPEAX_K@Z",
                       "??_7exception@@6B@",
                       "?x@@3HA",
                       "?y@C@@2PEBDEB",
                       "??HFoo@@QEBA?AV0@AEBV0@@Z",
                       "??BFoo@@QEBAHXZ",
                       "?f@@YAP6AHH@ZP6AXPEAX@Z@Z",
                       "?v@C@@UEBA_NXZ",
                       "??$tmpl@H@@YAXH@Z",
                       "?s@C@@SAXXZ",
                       "?set_terminate@@YAP6AXXZP6AXXZ@Z",
                       "?a@@YAXAEAY02H@Z",
                       "?m@@YAXP8C@@EAAHH@Z@Z",
                       "?z@@YAXZZ",
                       "?c@C@@QEIAAXXZ",
                       "??_GFoo@@UEAAPEAXI@Z",
                       "??_R0?AVfoo@@@8",
                       "?g@N@@YAAEBHQEBH@Z",
                       "notmangled",
                       "?bad",
                       "?p@@3PEAHEA",
                       "?q@@YA_J_K_N_W@Z",
                       "?t@@YAX$$QEAH@Z"};
    for (int i = 0; i < sizeof s / sizeof *s; i++) {
        char *r = u(0, s[i], 0, malloc, free, 0);
        printf("%s => %s\n", s[i], r ? r : "NULL");
        r = u(0, s[i], 0, malloc, free, 0x1000);
        printf("   %s\n", r ? r : "NULL");
        r = u(0, s[i], 0, malloc, free, 2);
        printf("   %s\n", r ? r : "NULL");
    }
    return 0;
}
