// Throws a class derived from std::exception (Microsoft's layout) that nothing catches.
namespace std
{
class exception
{
  public:
    explicit exception(const char *text) : text(text), owned(false) {}
    virtual ~exception() {}
    virtual const char *what() const { return text; }
    const char *text;
    bool owned;
};
} // namespace std
namespace shop
{
class out_of_stock : public std::exception
{
  public:
    using exception::exception;
};
} // namespace shop
SLOW static void sell(int count)
{
    if (count > 3) throw shop::out_of_stock("no apples left");
    if (count < 0) throw count;
}
extern "C" void *GetCommandLineA();
extern "C" void start()
{
    const char *line = (const char *)GetCommandLineA();
    while (*line) line++;
    sell(line[-1] == '+' ? 7 : -7);
    ExitProcess(0);
}
