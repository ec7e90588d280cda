// Sections of a file as JavaScript hands them over, and what is found in them on its way back.
#pragma once

#include "cursor.h"

#include <napi.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace deet {

// Its memory, valid during the call.
inline Data bytesOf(const Napi::Value& value) {
  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

// What a damaged file says of offsets can be any number: one that is none lies behind every section.
inline uint64_t offsetOf(double value) { return value >= 0 && value <= 0x1p53 ? static_cast<uint64_t>(value) : UINT64_MAX; }

inline Napi::ArrayBuffer bufferOf(Napi::Env env, const std::vector<uint64_t>& words) {
  auto buffer = Napi::ArrayBuffer::New(env, words.size() * sizeof(uint64_t));
  std::copy(words.begin(), words.end(), static_cast<uint64_t*>(buffer.Data()));
  return buffer;
}

}  // namespace deet
