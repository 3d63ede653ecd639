// C++ exceptions of the Microsoft ABI: types, copies, destructors, rethrow, nesting, loops, unwinding through many frames.
#include "msvc_abi.h"
struct Object {
    int id;
    Object(int i) : id(i) { show("constructed", i); }
    Object(const Object &other) : id(other.id + 100) { show("copied", id); }
    ~Object() { show("destroyed", id); }
};
struct Base { int b; virtual int f() { return 1; } virtual ~Base() {} Base(int x) : b(x) {} };
struct Other { int o; virtual int g() { return 2; } Other() : o(9) {} virtual ~Other() {} };
struct Derived : Other, Base { int d; Derived(int x) : Base(x), d(x * 2) {} int f() override { return 3; } };
struct V { int v = 5; virtual ~V() {} };
struct VA : virtual V { int a = 6; };
struct VB : virtual V { int b = 7; };
struct VC : VA, VB { int c = 8; };

SLOW void raise(int kind)
{
    Object local(kind);
    if (kind == 1) throw 42;
    if (kind == 2) throw Object(7);
    if (kind == 3) throw Derived(11);
    if (kind == 4) throw "text";
    if (kind == 5) throw VC();
}
SLOW void by_value()
{
    try { Object a(1); raise(1); show("not reached", 0); } catch (int x) { show("int", x); }
    try { Object a(1); raise(2); } catch (Object x) { show("object", x.id); }
}
SLOW void by_base()
{
    try { raise(3); } catch (Base &b) { show("virtual call", b.f()); show("member", b.b); }
    try { raise(3); } catch (const Other &o) { show("second base", o.o); }
    try { raise(3); } catch (Base b) { show("sliced", b.f()); show("member", b.b); }
    try { raise(5); } catch (V &v) { show("virtual base", v.v); }
    try { raise(5); } catch (VB b) { show("copy with a virtual base", b.b + b.v); }
}
SLOW void by_anything()
{
    try { raise(4); } catch (int) { show("not reached", 0); } catch (const char *s) { put(s); put("\n"); }
    try { raise(4); } catch (...) { show("anything", 4); }
}
SLOW void again()
{
    try { try { Object x(60); raise(2); } catch (Object &o) { show("first", o.id); Object y(61); throw; } }
    catch (Object &o) { show("second", o.id); }
    show("end", 6);
}
SLOW void another()
{
    try { try { raise(1); } catch (int) { Object y(70); throw Object(71); } } catch (Object &o) { show("other", o.id); }
    show("end", 7);
}
SLOW void loops()
{
    for (int i = 0; i < 4; i++) {
        try { Object a(80 + i); if (i == 1) continue; if (i == 2) throw i; if (i == 3) break; } catch (int) { show("round", i); }
    }
}
SLOW int deep(int n)
{
    Object local(900 + n);
    if (n == 0) throw 9;
    try { return deep(n - 1); } catch (char) { show("not reached", 0); }
    return 0;
}
SLOW void nested()
{
    try { throw 1; } catch (int a) {
        try { throw 2.5; } catch (double) { try { throw 'c'; } catch (char) { show("third", a); } show("second", a); }
        show("first", a);
    }
    try { try { throw 1; } catch (int) { try { throw 2.5; } catch (double) { throw 'x'; } } } catch (char c) { show("out of two", c); }
}
SLOW void in_destructor()
{
    struct Guard { ~Guard() { show("uncaught", __uncaught_exceptions()); try { throw 5; } catch (int i) { show("inside", i); } } };
    try { Guard g; throw 'a'; } catch (char) { show("outside", 0); }
}
SLOW int returns(int k)
{
    Object outer(120);
    try { if (k) throw k; return 1; } catch (int x) { Object inner(121); return x; }
}
struct Counted {
    int v;
    Counted(int x) : v(x) {}
    Counted(const Counted &other) : v(other.v + 1) { show("copy", v); }
    ~Counted() { show("gone", v); }
};
SLOW void original()
{
    try { try { throw Counted(1); } catch (Counted e) { e.v = 50; throw; } } catch (Counted &e) { show("the original", e.v); }
}
SLOW void many()
{
    int sum = 0;
    for (int i = 0; i < 200; i++) { try { throw i; } catch (int x) { sum += x; } }
    show("sum", sum);
}
extern "C" void start()
{
    by_value(); by_base(); by_anything(); again(); another(); loops();
    try { deep(4); } catch (int i) { show("deep", i); }
    nested(); in_destructor();
    show("returned", returns(5)); show("returned", returns(0));
    original(); many();
    ExitProcess(17);
}
