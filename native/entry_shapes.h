// The least of DWARF that a pass over entries needs: forms and their sizes (DWARF 5, 7.5.6), and abbreviations (7.5.3) made into steps.
// Included by name_scan.cc only.
#pragma once

#include "cursor.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace deet {
namespace {

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

// The numbers of DWARF 5, 7.5, that matter here.
enum Tag : uint64_t {
  kClassType = 0x02, kEnumerationType = 0x04, kImportedDeclaration = 0x08, kMember = 0x0d, kStructureType = 0x13, kTypedef = 0x16, kUnionType = 0x17,
  kInlinedSubroutine = 0x1d, kModule = 0x1e,
  kBaseType = 0x24, kConstant = 0x27, kEnumeratorTag = 0x28, kSubprogram = 0x2e, kVariableTag = 0x34, kInterfaceType = 0x38,
  kNamespace = 0x39, kUnspecifiedType = 0x3b, kTemplateAlias = 0x43,
};
enum Attribute : uint64_t { kName = 0x03, kLowPc = 0x11, kAbstractOrigin = 0x31, kDeclaration = 0x3c, kExternal = 0x3f, kSpecification = 0x47, kRanges = 0x55 };
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

int fixedSize(uint64_t form, const Sizes& sizes) {
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

void skipForm(Cursor& cursor, uint64_t form, const Sizes& sizes) {
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

enum class Role : uint8_t { skip, pass, name, origin, declaration };

// One attribute, or several of known sizes together (`skip`).
struct Step {
  Role role;
  uint16_t form;
  uint32_t size;
};

struct Shape {
  uint32_t first = 0;  // in the table's steps
  uint32_t count = 0;
  uint8_t mark = 0;  // 0: of no interest
  bool defined = false;
  bool children = false;
  bool function = false;
  bool code = false;
  bool declaration = false;
};

uint8_t markOf(uint64_t tag) {
  switch (tag) {
    case kSubprogram: return kCode;
    case kVariableTag: case kConstant: return kVariable;
    case kClassType: case kEnumerationType: case kStructureType: case kTypedef: case kUnionType: case kBaseType: case kInterfaceType:
    case kUnspecifiedType: case kTemplateAlias:
      return kType;
    case kEnumeratorTag: return kEnumerator;
    case kNamespace: case kModule: case kImportedDeclaration: return kOther;
    default: return 0;
  }
}

// The abbreviations of one unit (7.5.3), read up to the one that is asked for.
class Abbreviations {
 public:
  Abbreviations(Data section, size_t offset, const Sizes& sizes) : cursor_(section, offset), sizes_(sizes) {}

  const Shape* find(uint64_t code, size_t& budget) {
    for (;;) {
      if (code < dense_.size() && dense_[code].defined) return &dense_[code];
      if (code >= kMaxDense) {
        const auto found = sparse_.find(code);
        if (found != sparse_.end()) return &found->second;
      }
      if (done_ || budget == 0) return nullptr;
      const size_t before = cursor_.at();
      readNext();
      budget -= std::min(budget, cursor_.at() - before);
    }
  }

  // Calls are inlined out of other units: link-time optimization, where function and caller both have whole units of their own.
  bool inlinesAcross() const { return inlinesAcross_; }

  std::span<const Step> steps(const Shape& shape) const { return std::span(steps_).subspan(shape.first, shape.count); }

 private:
  static constexpr uint64_t kMaxDense = 0x1000;

  struct Specified {
    uint64_t attribute, form, value;
  };

  void readNext() {
    const uint64_t code = cursor_.leb();
    if (code == 0 || cursor_.bad()) {
      done_ = true;
      return;
    }
    Shape shape;
    shape.defined = true;
    const uint64_t tag = cursor_.leb();
    shape.mark = markOf(tag);
    shape.function = tag == kSubprogram;
    shape.children = cursor_.byte() != 0;
    shape.first = static_cast<uint32_t>(steps_.size());
    attributes_.clear();
    for (;;) {
      const uint64_t attribute = cursor_.leb();
      const uint64_t form = cursor_.leb();
      const uint64_t value = form == kImplicitConst ? cursor_.leb() : 0;
      if (cursor_.bad()) {
        done_ = true;
        return;
      }
      if (attribute == 0 && form == 0) break;
      if (tag == kInlinedSubroutine && attribute == kAbstractOrigin && form == kRefAddr) inlinesAcross_ = true;
      // DWARF 4 and before: a static member is a variable that its class declares.
      if (tag == kMember && (attribute == kDeclaration || attribute == kExternal)) shape.mark = kVariable;
      attributes_.push_back({attribute, form, value});
    }
    bool known = true;
    for (const Specified& each : attributes_) known = known && add(shape, each.attribute, each.form, each.value);
    shape.count = static_cast<uint32_t>(steps_.size()) - shape.first;
    if (!known) return;  // as if it were not there: an entry that needs it ends its unit
    if (code >= kMaxDense) {
      sparse_.emplace(code, shape);
      return;
    }
    if (dense_.size() <= code) dense_.resize(code + 1);
    if (!dense_[code].defined) dense_[code] = shape;
  }

  bool add(Shape& shape, uint64_t attribute, uint64_t form, uint64_t value) {
    const int size = fixedSize(form, sizes_);
    if (size == kUnknownSize) return false;
    Role role = size >= 0 ? Role::skip : Role::pass;
    if (shape.mark != 0) {
      if (attribute == kName) role = Role::name;
      if (attribute == kAbstractOrigin || attribute == kSpecification) role = Role::origin;
      if (attribute == kLowPc || attribute == kRanges) shape.code = true;
      if (attribute == kDeclaration) {
        if (form == kFlag)
          role = Role::declaration;
        else
          shape.declaration = form != kImplicitConst || value != 0;
      }
    }
    const auto length = static_cast<uint32_t>(std::max(size, 0));
    if (role == Role::skip && length == 0) return true;
    const bool joins = role == Role::skip && steps_.size() > shape.first && steps_.back().role == Role::skip;
    if (joins)
      steps_.back().size += length;
    else
      steps_.push_back({role, static_cast<uint16_t>(form), length});
    return true;
  }

  Cursor cursor_;
  Sizes sizes_;
  bool done_ = false;
  std::vector<Specified> attributes_;  // of the abbreviation that is being read
  bool inlinesAcross_ = false;
  std::vector<Step> steps_;
  std::vector<Shape> dense_;
  std::unordered_map<uint64_t, Shape> sparse_;
};

}  // namespace
}  // namespace deet
