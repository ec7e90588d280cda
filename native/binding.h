// How a plain C++ function becomes a JavaScript function. The kernel's facilities are called tens of thousands of times a second, so
// these bindings use Node-API directly and allocate nothing: `bind<cont>("cont")` reads the arguments that the C++ signature asks
// for, calls it, and makes a number of the result. Functions with rich arguments (launch, mapFile) use node-addon-api instead.
//
//   C++ parameter            JavaScript argument
//   int                      number
//   int64_t                  number, integral
//   uint64_t                 bigint, modulo 2^64
//   Bytes, Words, Integers   Uint8Array, BigUint64Array, Int32Array: its memory, valid during the call
//
//   C++ result               JavaScript result
//   long                     number; negative: -errno
//   WordOrError              bigint, or number -errno
#pragma once

#include <napi.h>

#include <cerrno>
#include <cstdint>
#include <span>
#include <tuple>

namespace deet {

using Bytes = std::span<uint8_t>;
using Words = std::span<uint64_t>;
using Integers = std::span<int32_t>;

// A 64-bit word of the tracee, or why there is none (-errno).
struct WordOrError {
  uint64_t word = 0;
  long error = 0;
};

// The convention of src/native.ts for everything the kernel can refuse: the result, or -errno.
inline long orErrno(long result) { return result == -1 ? -errno : result; }

namespace binding {

inline bool read(napi_env env, napi_value value, int& out) { return napi_get_value_int32(env, value, &out) == napi_ok; }

inline bool read(napi_env env, napi_value value, int64_t& out) { return napi_get_value_int64(env, value, &out) == napi_ok; }

inline bool read(napi_env env, napi_value value, uint64_t& out) {
  bool lossless;
  return napi_get_value_bigint_uint64(env, value, &out, &lossless) == napi_ok;
}

template <typename T, napi_typedarray_type expected>
bool readArray(napi_env env, napi_value value, std::span<T>& out) {
  napi_typedarray_type type;
  size_t length;
  void* data;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok || type != expected) return false;
  out = {static_cast<T*>(data), length};
  return true;
}

inline bool read(napi_env env, napi_value value, Bytes& out) { return readArray<uint8_t, napi_uint8_array>(env, value, out); }
inline bool read(napi_env env, napi_value value, Words& out) { return readArray<uint64_t, napi_biguint64_array>(env, value, out); }
inline bool read(napi_env env, napi_value value, Integers& out) { return readArray<int32_t, napi_int32_array>(env, value, out); }

inline napi_value write(napi_env env, long result) {
  napi_value value = nullptr;
  napi_create_int64(env, result, &value);
  return value;
}

inline napi_value write(napi_env env, WordOrError result) {
  if (result.error != 0) return write(env, result.error);
  napi_value value = nullptr;
  napi_create_bigint_uint64(env, result.word, &value);
  return value;
}

template <auto function>
struct Call;

template <typename Result, typename... Parameters, Result (*function)(Parameters...)>
struct Call<function> {
  static napi_value invoke(napi_env env, napi_callback_info info) {
    constexpr size_t expected = sizeof...(Parameters);
    napi_value values[expected + 1];
    size_t count = expected;
    if (napi_get_cb_info(env, info, &count, values, nullptr, nullptr) != napi_ok) return nullptr;
    std::tuple<Parameters...> arguments;
    // Missing arguments arrive as undefined, which no reader accepts.
    const bool readable = std::apply(
        [&](auto&... each) {
          size_t index = 0;
          return (read(env, values[index++], each) && ...);
        },
        arguments);
    if (!readable) {
      napi_throw_type_error(env, nullptr, "an argument has not the type that src/native.ts gives it");
      return nullptr;
    }
    return write(env, std::apply(function, arguments));
  }
};

}  // namespace binding

// A property of the addon's exports that calls the plain function.
template <auto function>
constexpr napi_property_descriptor bind(const char* name) {
  return {name, nullptr, binding::Call<function>::invoke, nullptr, nullptr, nullptr, napi_default_jsproperty, nullptr};
}

template <size_t count>
void exportAll(Napi::Object exports, const napi_property_descriptor (&properties)[count]) {
  if (napi_define_properties(exports.Env(), exports, count, properties) != napi_ok)
    throw Napi::Error::New(exports.Env(), "the addon's functions cannot be exported");
}

}  // namespace deet
