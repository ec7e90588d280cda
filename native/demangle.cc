// C++ names as people write them: abi::__cxa_demangle of the Itanium C++ ABI.
#include "facilities.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace deet {
namespace {

struct Free {
  void operator()(char* text) const { std::free(text); }
};

Napi::Value demangle(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  // __cxa_demangle takes bare types as well: it would make "int" of a C function called i.
  if (!name.starts_with("_Z")) return info.Env().Undefined();
  int status = 0;
  const std::unique_ptr<char, Free> plain(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status));
  if (status != 0 || !plain) return info.Env().Undefined();
  return Napi::String::New(info.Env(), plain.get());
}

}  // namespace

void exportDemangle(Napi::Object exports) { exports.Set("demangle", Napi::Function::New<demangle>(exports.Env(), "demangle")); }

}  // namespace deet
