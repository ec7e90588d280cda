// The forms of attributes and of line tables' columns, and how long their values are (DWARF 5, 7.5.6).
#pragma once

#include "cursor.h"

#include <cstdint>

namespace deet {

// The numbers of DWARF 5, 7.5.6.
enum Form : uint64_t {
  kAddr = 0x01, kBlock2 = 0x03, kBlock4 = 0x04, kData2 = 0x05, kData4 = 0x06, kData8 = 0x07, kString = 0x08, kBlock = 0x09, kBlock1 = 0x0a,
  kData1 = 0x0b, kFlag = 0x0c, kSdata = 0x0d, kStrp = 0x0e, kUdata = 0x0f, kRefAddr = 0x10, kRef1 = 0x11, kRef2 = 0x12, kRef4 = 0x13,
  kRef8 = 0x14, kRefUdata = 0x15, kIndirect = 0x16, kSecOffset = 0x17, kExprloc = 0x18, kFlagPresent = 0x19, kStrx = 0x1a, kAddrx = 0x1b,
  kRefSup4 = 0x1c, kStrpSup = 0x1d, kData16 = 0x1e, kLineStrp = 0x1f, kRefSig8 = 0x20, kImplicitConst = 0x21, kLoclistx = 0x22,
  kRnglistx = 0x23, kRefSup8 = 0x24, kStrx1 = 0x25, kStrx2 = 0x26, kStrx3 = 0x27, kStrx4 = 0x28, kAddrx1 = 0x29, kAddrx2 = 0x2a,
  kAddrx3 = 0x2b, kAddrx4 = 0x2c, kGnuAddrIndex = 0x1f01, kGnuStrIndex = 0x1f02, kGnuRefAlt = 0x1f20, kGnuStrpAlt = 0x1f21,
};

struct Sizes {
  uint64_t version;
  unsigned offset;   // 4 or 8
  unsigned address;  // 4 or 8
};

constexpr int kUnknownSize = -1;
constexpr int kVariableSize = -2;

inline int fixedSize(uint64_t form, const Sizes& sizes) {
  switch (form) {
    case kFlagPresent: case kImplicitConst: return 0;
    case kData1: case kRef1: case kFlag: case kStrx1: case kAddrx1: return 1;
    case kData2: case kRef2: case kStrx2: case kAddrx2: return 2;
    case kStrx3: case kAddrx3: return 3;
    case kData4: case kRef4: case kStrx4: case kAddrx4: case kRefSup4: return 4;
    case kData8: case kRef8: case kRefSig8: case kRefSup8: return 8;
    case kData16: return 16;
    case kAddr: return static_cast<int>(sizes.address);
    case kRefAddr: return static_cast<int>(sizes.version <= 2 ? sizes.address : sizes.offset);
    case kStrp: case kLineStrp: case kStrpSup: case kSecOffset: case kGnuRefAlt: case kGnuStrpAlt: return static_cast<int>(sizes.offset);
    case kSdata: case kUdata: case kRefUdata: case kStrx: case kAddrx: case kLoclistx: case kRnglistx: case kGnuAddrIndex:
    case kGnuStrIndex: case kString: case kBlock1: case kBlock2: case kBlock4: case kBlock: case kExprloc: case kIndirect:
      return kVariableSize;
    default: return kUnknownSize;
  }
}

inline void skipForm(Cursor& cursor, uint64_t form, const Sizes& sizes) {
  if (form == kIndirect) {
    form = cursor.leb();
    if (form == kIndirect) return cursor.skip(UINT64_MAX);
  }
  const int size = fixedSize(form, sizes);
  if (size >= 0) return cursor.skip(static_cast<uint64_t>(size));
  switch (form) {
    case kString: return cursor.string();
    case kBlock1: return cursor.skip(cursor.number(1));
    case kBlock2: return cursor.skip(cursor.number(2));
    case kBlock4: return cursor.skip(cursor.number(4));
    case kBlock: case kExprloc: return cursor.skip(cursor.leb());
    default:
      if (size == kUnknownSize) return cursor.skip(UINT64_MAX);
      cursor.leb();
  }
}

}  // namespace deet
