// Classes that msvcrt.dll exports: exceptions thrown by the program, by dynamic_cast and by typeid.
extern "C" int printf(const char *, ...);
extern "C" __declspec(dllimport) void exit(int);
class __declspec(dllimport) type_info
{
  public:
    virtual ~type_info();
    int operator==(const type_info &) const;
    const char *name() const;
    const char *raw_name() const;

  private:
    char *n;
    char d[1];
};
class __declspec(dllimport) exception
{
  public:
    exception();
    exception(const char *const &);
    exception(const exception &);
    exception &operator=(const exception &);
    virtual ~exception();
    virtual const char *what() const;

  private:
    const char *t;
    int o;
};
class __declspec(dllimport) bad_cast : public exception
{
  public:
    bad_cast(const bad_cast &);
    virtual ~bad_cast();
};
class __declspec(dllimport) bad_typeid : public exception
{
  public:
    bad_typeid(const bad_typeid &);
    virtual ~bad_typeid();
};
namespace std
{
using ::type_info;
}
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
struct D {
    const char *n;
    D(const char *x) : n(x)
    {
        printf("ctor %s\n", n);
    }
    ~D()
    {
        printf("dtor %s\n", n);
    }
};
void thrower(int k)
{
    D d("local");
    switch (k) {
    case 0:
        throw 42;
    case 1:
        throw exception("boom");
    case 2: {
        A *a = new B;
        C &c = dynamic_cast<C &>(*a);
        printf("%d\n", c.f());
    } break;
    case 3: {
        A *a = 0;
        printf("%s\n", typeid(*a).name());
    } break;
    case 4:
        throw "str";
    }
}
int mainx()
{
    for (int k = 0; k < 5; k++) {
        try {
            D e("outer");
            thrower(k);
        } catch (int i) {
            printf("int %d\n", i);
        } catch (exception &e) {
            printf("exception %s %s\n", e.what(), typeid(e).name());
        } catch (const char *s) {
            printf("str %s\n", s);
        } catch (...) {
            printf("other\n");
        }
    }
    try {
        try {
            throw 1;
        } catch (int) {
            printf("rethrow\n");
            throw;
        }
    } catch (int i) {
        printf("got %d\n", i);
    }
    A *p = new C;
    printf("%d %d %s\n", dynamic_cast<C *>(p) != 0, dynamic_cast<B *>(p) != 0, typeid(*p).name());
    delete p;
    return 0;
}
extern "C" void start()
{
    exit(mainx());
}

// The program carries no table of type_info of its own.
asm(".section .rdata,\"dr\"\n.globl \"??_7type_info@@6B@\"\n\"??_7type_info@@6B@\":\n.quad 0\n");
