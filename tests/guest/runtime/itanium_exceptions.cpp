// C++ exceptions of MinGW (Itanium ABI over SEH): destructors, rethrow, nested, exception_ptr across threads, noexcept.
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <cstdlib>
#include <thread>
struct Noise { const char *n; ~Noise() { printf("~%s\n", n); } };
static std::exception_ptr kept;
static void deep(int n) { Noise x{"deep"}; if (n == 0) throw std::runtime_error("bottom"); deep(n - 1); }
static void boundary() noexcept { throw 5; }
int main() {
  try { deep(2); } catch (const std::exception &e) { printf("caught %s\n", e.what()); kept = std::current_exception(); }
  try { std::rethrow_exception(kept); } catch (const std::runtime_error &e) { printf("again %s\n", e.what()); }
  try { try { throw std::string("inner"); } catch (...) { Noise n{"handler"}; throw; } } catch (std::string &s) { printf("rethrown %s\n", s.c_str()); }
  try { try { throw std::logic_error("first"); } catch (...) { std::throw_with_nested(std::runtime_error("second")); } }
  catch (const std::exception &e) { printf("%s\n", e.what()); try { std::rethrow_if_nested(e); } catch (const std::exception &i) { printf("nested %s\n", i.what()); } }
  std::exception_ptr other;
  std::thread([&] { try { throw 42; } catch (...) { other = std::current_exception(); } }).join();
  try { std::rethrow_exception(other); } catch (int v) { printf("from a thread %d\n", v); }
  printf("uncaught %d\n", std::uncaught_exceptions());
  std::set_terminate([] { printf("terminate\n"); fflush(stdout); std::_Exit(9); });
  boundary();
}
