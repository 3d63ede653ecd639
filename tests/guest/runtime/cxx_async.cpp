// C++ that also catches structured exceptions: catch (...), a translator, rethrow, faults inside catch blocks.
#include "msvc_abi.h"
extern "C" {
__declspec(dllimport) void RaiseException(DWORD, DWORD, DWORD, const size_t *);
__declspec(dllimport) void *_set_se_translator(void (*)(unsigned, void *));
__declspec(dllimport) void **__current_exception();
}
struct Object { int i; Object(int x) : i(x) { show("constructed", x); } ~Object() { show("destroyed", i); } };
static void translate(unsigned code, void *) { show("translate", code & 0xffff); throw (long)(code & 0xffff); }
SLOW int load(volatile int *p) { return *p; }
SLOW void fault() { Object local(1); load((int *)8); }
SLOW void anything() { try { Object a(2); fault(); } catch (...) { show("caught", 1); } }
SLOW void translated()
{
    _set_se_translator(translate);
    try { Object a(3); fault(); } catch (long l) { show("as a long", l); }
    try { RaiseException(0xE0000042, 0, 0, 0); } catch (int) { show("not reached", 0); } catch (long l) { show("as a long", l); }
    _set_se_translator(0);
}
SLOW void again() { try { try { fault(); } catch (...) { show("first", 0); throw; } } catch (...) { show("second", 0); } }
SLOW void current()
{
    try { throw 5; } catch (...) { show("current", *__current_exception() != 0); }
    show("current", *__current_exception() != 0);
}
SLOW void in_catch() { try { try { throw 1; } catch (int) { Object x(9); fault(); } } catch (...) { show("fault in a catch", 0); } }
extern "C" void start() { anything(); translated(); again(); current(); in_catch(); ExitProcess(3); }
