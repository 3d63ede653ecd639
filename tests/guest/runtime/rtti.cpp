// dynamic_cast: down, across, ambiguous, private, virtual bases; the complete object. Prints offsets, or "no".
#include "msvc_abi.h"
struct A { virtual ~A() {} int a = 1; };
struct B { virtual ~B() {} int b = 2; };
struct C : A, B { int c = 3; };
struct D : C { int d = 4; };
struct Left : A { int l = 5; };
struct Right : A { int r = 6; };
struct Both : Left, Right { int x = 7; };
struct VirtualLeft : virtual A { int p = 8; };
struct VirtualRight : virtual A { int q = 9; };
struct Diamond : VirtualLeft, VirtualRight { int z = 10; };
struct Wide : Diamond, B { int y = 11; };
struct Private : private A, B { int pp = 12; A *as_a() { return this; } };
struct Mixed : Left, VirtualLeft { int m = 13; };
#define CAST(from, To) do { To *to = dynamic_cast<To *>(from); \
    if (to) show(#from " to " #To, (char *)to - (char *)base); else put(#from " to " #To ": no\n"); } while (0)
extern "C" void start()
{
    { D o; void *base = &o; A *a = &o; B *b = &o; C *c = &o;
      CAST(a, B); CAST(a, C); CAST(a, D); CAST(b, A); CAST(b, C); CAST(b, D); CAST(c, D); CAST(a, Left);
      show("complete", (char *)dynamic_cast<void *>(b) - (char *)base); }
    { Both o; void *base = &o; Left *l = &o; Right *r = &o; A *a = l; A *a2 = r;
      CAST(l, Right); CAST(r, Left); CAST(a, Right); CAST(a, Both); CAST(a2, Left); CAST(a2, Both); CAST(a, Left); CAST(a2, Right); CAST(a, B);
      show("complete", (char *)dynamic_cast<void *>(a2) - (char *)base); }
    { Diamond o; void *base = &o; VirtualLeft *v = &o; VirtualRight *w = &o; A *a = &o;
      CAST(v, VirtualRight); CAST(w, VirtualLeft); CAST(a, Diamond); CAST(a, VirtualLeft); CAST(a, VirtualRight); CAST(v, Diamond); }
    { Wide o; void *base = &o; B *b = &o; A *a = &o; VirtualRight *w = &o;
      CAST(b, A); CAST(b, VirtualLeft); CAST(a, B); CAST(w, B); CAST(w, Wide); CAST(b, Diamond); }
    { Private o; void *base = &o; A *a = o.as_a(); B *b = &o; CAST(a, B); CAST(a, Private); CAST(b, A); CAST(b, Private); }
    { Mixed o; void *base = &o; Left *l = &o; VirtualLeft *v = &o; A *a = l; A *va = v;
      CAST(l, VirtualLeft); CAST(v, Left); CAST(a, VirtualLeft); CAST(va, Left); CAST(a, Mixed); CAST(va, Mixed); CAST(a, Left); CAST(va, VirtualLeft); }
    { A o; void *base = &o; A *a = &o; CAST(a, B); CAST(a, C); }
    ExitProcess(0);
}
