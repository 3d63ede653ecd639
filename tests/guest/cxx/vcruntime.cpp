// dynamic_cast and typeid of vcruntime140.dll throw std::bad_cast and std::bad_typeid; names of types.
extern "C" __declspec(dllimport) int __stdio_common_vfprintf(unsigned long long, void *, const char *, void *,
                                                             __builtin_va_list);
extern "C" __declspec(dllimport) void *__acrt_iob_func(unsigned);
extern "C" __declspec(dllimport) void exit(int);
extern "C" __declspec(dllimport) void *malloc(unsigned long long);
extern "C" __declspec(dllimport) void free(void *);
int printf(const char *f, ...)
{
    __builtin_va_list v;
    __builtin_va_start(v, f);
    return __stdio_common_vfprintf(0, __acrt_iob_func(1), f, 0, v);
}
extern "C" void __std_exception_copy(const void *, void *);
extern "C" void __std_exception_destroy(void *);
extern "C" const char *__std_type_info_name(void *, void *);
void *operator new(unsigned long long n)
{
    return malloc(n);
}
void operator delete(void *p) noexcept
{
    free(p);
}
alignas(16) static char list[16];
class type_info
{
  public:
    virtual ~type_info()
    {
    }
    const char *name() const
    {
        return __std_type_info_name((void *)&d, list);
    }
    struct D {
        const char *u;
        char n[1];
    } d;
};
namespace std
{
using ::type_info;
struct ED {
    const char *w;
    bool o;
};
class exception
{
  public:
    exception(const exception &o)
    {
        d.w = 0;
        d.o = 0;
        __std_exception_copy(&o.d, &d);
    }
    virtual ~exception()
    {
        __std_exception_destroy(&d);
    }
    virtual const char *what() const
    {
        return d.w;
    }
    ED d;
};
class bad_cast : public exception
{
};
class bad_typeid : public exception
{
};
} // namespace std
extern "C" int _fltused = 0;
struct A {
    virtual ~A()
    {
    }
    virtual int f()
    {
        return 1;
    }
};
struct B : A {
    int f()
    {
        return 2;
    }
};
struct C : A {
    int f()
    {
        return 3;
    }
};
template <class T, class U> struct Tm {
    virtual ~Tm()
    {
    }
    T t;
    U *u;
};
namespace n1
{
namespace
{
struct an {
    virtual ~an()
    {
    }
};
} // namespace
enum class en { x };
} // namespace n1
void thrower(int k)
{
    switch (k) {
    case 0: {
        A *a = new B;
        C &c = dynamic_cast<C &>(*a);
        printf("%d\n", c.f());
    } break;
    case 1: {
        A *a = 0;
        printf("%s\n", typeid(*a).name());
    } break;
    case 2: {
        A *a = new B;
        C &c = dynamic_cast<C &>(*a);
        printf("%d\n", c.f());
    }
    }
}
extern "C" void start()
{
    for (int k = 0; k < 3; k++)
        try {
            thrower(k);
        } catch (std::bad_typeid &e) {
            printf("bt %s %s\n", e.what(), typeid(e).name());
        } catch (std::bad_cast e) {
            printf("bc %s\n", e.what());
        }
    try {
        thrower(0);
    } catch (std::exception &e) {
        printf("ex %s %s\n", e.what(), typeid(e).name());
    }
    auto l = [](int) {};
    n1::an an;
    printf("%s|%s|%s|%s|%s|%s\n", typeid(Tm<int, char *>).name(), typeid(const char *).name(), typeid(n1::an).name(),
           typeid(n1::en).name(), typeid(void (*)(int)).name(), typeid(l).name());
    exit(0);
}

asm(".section .rdata,\"dr\"\n.globl \"??_7type_info@@6B@\"\n\"??_7type_info@@6B@\":\n.quad 0\n");
