// The keys of the indexes of names: 64-bit words, lowest bits first eight of `Mark`, 24 of a unit's or table's number, 32 of a name's hash.
// src/symbols/name-units.ts looks names up in them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace deet {

// What an entry is, as src/symbols/name-units.ts knows it.
enum Mark : uint8_t {
  kCode = 1,         // a function with code
  kInlined = 2,      // a function without code that is no declaration: there may be inlined calls
  kVariable = 4,     // a variable or constant
  kType = 8,         // a type that is more than declared
  kEnumerator = 16,
  kOther = 32,       // a namespace, another name for one, a declaration
  kNested = 64,      // a function with code inside of another function
  kInstance = 128,   // a type or variable that is a template's instance: under the template's name
  kAnything = 255,
};

// FNV-1a over the bytes of a name.
constexpr uint32_t kHashStart = 0x811c9dc5;
constexpr uint32_t hashed(uint32_t hash, uint8_t byte) { return (hash ^ byte) * 0x01000193; }

// Of a whole name: 0 is kept for names that cannot be told.
constexpr uint32_t known(uint32_t hash) { return hash == 0 ? 1 : hash; }

constexpr uint64_t keyOf(uint32_t hash, uint32_t unit, uint8_t mark) { return uint64_t{hash} << 32 | uint64_t{unit} << 8 | mark; }

// By the digits of the hash, which keeps the units in their order; then what was added out of that order. Each name once for each unit.
inline void sortKeys(std::vector<uint64_t>& keys) {
  constexpr unsigned bits = 11;
  std::vector<uint64_t> other(keys.size());
  for (unsigned shift = 32; shift < 64; shift += bits) {
    std::array<size_t, (1 << bits) + 1> starts{};
    const auto digit = [&](uint64_t each) { return (each >> shift) & ((1 << bits) - 1); };
    for (const uint64_t each : keys) starts[digit(each) + 1]++;
    for (size_t i = 1; i < starts.size(); i++) starts[i] += starts[i - 1];
    for (const uint64_t each : keys) other[starts[digit(each)]++] = each;
    keys.swap(other);
  }
  for (size_t first = 0, end = 0; first < keys.size(); first = end) {
    const uint64_t hash = keys[first] >> 32;
    bool ordered = true;
    for (end = first + 1; end < keys.size() && keys[end] >> 32 == hash; end++) ordered = ordered && keys[end - 1] >> 8 <= keys[end] >> 8;
    if (!ordered) std::sort(keys.begin() + static_cast<ptrdiff_t>(first), keys.begin() + static_cast<ptrdiff_t>(end));
  }
  size_t kept = 0;
  for (const uint64_t each : keys) {
    if (kept > 0 && (keys[kept - 1] ^ each) < 0x100)
      keys[kept - 1] |= each & 0xff;
    else
      keys[kept++] = each;
  }
  keys.resize(kept);
}

}  // namespace deet
