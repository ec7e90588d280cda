// C++ names as people write them: the demangler of the C++ runtime (Itanium C++ ABI, section 5.1).
//
// A mangled name may refer to its own parts, and so 300 characters can stand for a terabyte of text: names come from files that may be
// damaged or hostile, so the text must be bounded. abi::__cxa_demangle has no bound. Beneath it lies a function that hands the text out
// in pieces; it is not exported from libstdc++.so, but it is in libstdc++.a, which is linked where there is one (binding.gyp). An
// exception out of the callback ends the demangling; the frames between are C without anything to clean up.
#include "facilities.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#ifdef DEET_STATIC_RUNTIME
extern "C" int __gcclibcxx_demangle_callback(const char* name, void (*piece)(const char*, size_t, void*), void* opaque);
#endif

namespace deet {
namespace {

#ifdef DEET_STATIC_RUNTIME

constexpr size_t kLongest = 64 * 1024;

struct TooLong {};

void append(const char* piece, size_t length, void* opaque) {
  auto& text = *static_cast<std::string*>(opaque);
  if (text.size() + length > kLongest) throw TooLong{};
  text.append(piece, length);
}

std::optional<std::string> plainName(const std::string& name) {
  std::string text;
  try {
    if (__gcclibcxx_demangle_callback(name.c_str(), append, &text) != 0) return std::nullopt;
  } catch (const TooLong&) {
    return std::nullopt;
  }
  return text;
}

#else

// So short a name cannot unfold to more than some hundred kilobytes.
constexpr size_t kLongest = 128;

struct Free {
  void operator()(char* text) const { std::free(text); }
};

std::optional<std::string> plainName(const std::string& name) {
  if (name.size() > kLongest) return std::nullopt;
  const std::unique_ptr<char, Free> plain(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, nullptr));
  if (!plain) return std::nullopt;
  return plain.get();
}

#endif

Napi::Value demangle(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  // The demangler takes bare types as well: it would make "int" of a C function called i.
  if (!name.starts_with("_Z")) return info.Env().Undefined();
  const std::optional<std::string> plain = plainName(name);
  return plain ? Napi::String::New(info.Env(), *plain) : info.Env().Undefined();
}

}  // namespace

void exportDemangle(Napi::Object exports) { exports.Set("demangle", Napi::Function::New<demangle>(exports.Env(), "demangle")); }

}  // namespace deet
