// The least of DWARF that a pass over entries needs: abbreviations (DWARF 5, 7.5.3) made into steps.
// Included by name_scan.cc only.
#pragma once

#include "forms.h"
#include "name_keys.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace deet {
namespace {

// The numbers of DWARF 5, 7.5, that matter here.
enum Tag : uint64_t {
  kClassType = 0x02, kEnumerationType = 0x04, kImportedDeclaration = 0x08, kMember = 0x0d, kStructureType = 0x13, kTypedef = 0x16, kUnionType = 0x17,
  kInlinedSubroutine = 0x1d, kModule = 0x1e,
  kBaseType = 0x24, kConstant = 0x27, kEnumeratorTag = 0x28, kSubprogram = 0x2e, kVariableTag = 0x34, kInterfaceType = 0x38,
  kNamespace = 0x39, kUnspecifiedType = 0x3b, kTemplateAlias = 0x43,
};
enum Attribute : uint64_t { kName = 0x03, kLowPc = 0x11, kAbstractOrigin = 0x31, kDeclaration = 0x3c, kExternal = 0x3f, kSpecification = 0x47, kRanges = 0x55 };

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
