// A cursor over little-endian bytes of a section. The bytes are whatever a damaged file has: each read is checked against their end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace deet {

using Data = std::span<const uint8_t>;

// Reads forward; what lies behind the end makes it bad, and everything 0 from there on.
class Cursor {
 public:
  explicit Cursor(Data data, size_t at = 0) : data_(data), at_(at), bad_(at > data.size()) {}

  bool bad() const { return bad_; }
  size_t at() const { return at_; }
  bool atEnd() const { return bad_ || at_ >= data_.size(); }

  uint8_t byte() {
    if (bad_ || at_ >= data_.size()) {
      bad_ = true;
      return 0;
    }
    return data_[at_++];
  }

  // Little-endian, of up to eight bytes.
  uint64_t number(unsigned size) {
    if (bad_ || data_.size() - at_ < size) {
      bad_ = true;
      return 0;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) value |= uint64_t{data_[at_ + i]} << (8 * i);
    at_ += size;
    return value;
  }

  // LEB128 (DWARF 5, 7.6), modulo 2^64. A signed one is passed over alike.
  uint64_t leb() {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const uint8_t next = byte();
      if (shift < 64) value |= uint64_t{next & 0x7fu} << shift;
      if (next < 0x80) return value;
    }
  }

  // A signed one, as the two's complement.
  uint64_t signedLeb() {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const uint8_t next = byte();
      if (shift < 64) value |= uint64_t{next & 0x7fu} << shift;
      if (next >= 0x80) continue;
      if ((next & 0x40) != 0 && shift + 7 < 64) value |= UINT64_MAX << (shift + 7);
      return value;
    }
  }

  void skip(uint64_t size) {
    if (bad_ || size > data_.size() - at_)
      bad_ = true;
    else
      at_ += size;
  }

  void string() {
    while (byte() != 0) {
    }
  }

 private:
  Data data_;
  size_t at_;
  bool bad_;
};

}  // namespace deet
