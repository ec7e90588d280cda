// Which units have an entry of a name? One pass over all entries of .debug_info or .debug_types (DWARF 5, 7.5) answers that for every
// name at once: a list of (hash of the name, unit, what the entry is). It is the only piece of DWARF that is read here: the pass touches
// every byte of the biggest section of a program, which takes JavaScript five times as long. Whoever looks a name up reads the entries
// of the units found with the readers of src/dwarf, so a wrong unit too many does no harm.
//
// The bytes are whatever a damaged file has: each read is checked against the end of its unit, each unit is passed over at most once,
// nothing recurses, and a unit that cannot be read on ends there.
#include "entry_shapes.h"
#include "facilities.h"
#include "mapped_file.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace deet {
namespace {

// Where the arguments of a template begin: functions are asked for with and without them. Of an operator's own signs none begins arguments,
// and a space behind them does. src/symbols/cxx-names.ts has the same rule.
size_t bareEnd(Data section, size_t at) {
  constexpr std::string_view prefix = "operator";
  const auto left = section.subspan(at);
  const bool isOperator = left.size() > prefix.size() && std::equal(prefix.begin(), prefix.end(), left.begin());
  if (isOperator) {
    at += prefix.size();
    while (at < section.size() && (section[at] == '<' || section[at] == '=' || section[at] == '>')) at++;
  }
  while (at < section.size() && section[at] != 0 && section[at] != '<' && !(isOperator && section[at] == ' ')) at++;
  return at;
}

// FNV-1a over the bytes of a name. 0 is kept for names that are not known here.
uint32_t hashOf(Data section, size_t at, bool bare) {
  const size_t end = bare ? bareEnd(section, at) : section.size();
  uint32_t hash = 0x811c9dc5;
  for (; at < end && section[at] != 0; at++) hash = (hash ^ section[at]) * 0x01000193;
  return hash == 0 ? 1 : hash;
}

struct Sections {
  Data entries, abbreviations, strings, lineStrings, stringOffsets, sharedStrings;
};

// As src/symbols/name-units.ts hands it over: eight numbers.
struct UnitPlace {
  uint64_t end, firstEntry, abbreviations, version, offsetSize, addressSize, stringOffsetsBase, start;
};

class NameScan {
 public:
  explicit NameScan(const Sections& sections)
      : sections_(sections), abbreviationBudget_(4 * sections.abbreviations.size() + 4096), hashes_(kHashes) {}

  // A unit that could not be read to its end may have any name behind the damage.
  void unit(uint32_t number, const UnitPlace& place) {
    if (!readUnit(number, place)) keys_.push_back(key(0, number, kAnything));
  }

  // Names of entries that have theirs from another; then everything in order, each name once for each unit.
  std::vector<uint64_t> finish() {
    for (const Pending& pending : pending_) keys_.push_back(key(originName(pending.origin), pending.unit, pending.mark));
    sortKeys();
    size_t kept = 0;
    for (const uint64_t each : keys_) {
      if (kept > 0 && (keys_[kept - 1] ^ each) < 0x100)
        keys_[kept - 1] |= each & 0xff;
      else
        keys_[kept++] = each;
    }
    keys_.resize(kept);
    return std::move(keys_);
  }

  // Entries that have their names from other units, or calls inlined from there: link-time optimization, partial units.
  bool crossing() const { return crossing_; }

 private:
  struct Named {
    uint64_t offset;
    uint64_t origin;
    uint32_t hash;
  };

  struct Pending {
    uint64_t origin;
    uint32_t unit;
    uint8_t mark;
  };

  bool readUnit(uint32_t number, const UnitPlace& place) {
    if (place.end > sections_.entries.size() || place.firstEntry > place.end || (place.offsetSize != 4 && place.offsetSize != 8)) return false;
    const Sizes sizes{place.version, static_cast<unsigned>(place.offsetSize), static_cast<unsigned>(place.addressSize)};
    Abbreviations& table = tableAt(place.abbreviations, sizes);
    Cursor cursor(sections_.entries.first(place.end), place.firstEntry);
    uint32_t depth = 0;
    uint32_t body = 0;  // the depth of what stands inside of a function; 0: outside
    while (!cursor.atEnd()) {
      const size_t offset = cursor.at();
      const uint64_t code = cursor.leb();
      if (code == 0) {
        if (depth <= 1) return true;
        depth--;
        if (depth < body) body = 0;
        continue;
      }
      const Shape* shape = table.find(code, abbreviationBudget_);
      if (shape == nullptr) return false;
      crossing_ = crossing_ || table.inlinesAcross();
      entry(number, place, sizes, table, *shape, offset, body != 0, cursor);
      if (cursor.bad()) return false;
      if (shape->children) {
        depth++;
        if (shape->function && body == 0) body = depth;
      } else if (depth == 0) {
        return true;
      }
    }
    return !cursor.bad();
  }

  // By the digits of the hash, which keeps the units in their order; then what was added out of that order.
  void sortKeys() {
    constexpr unsigned bits = 11;
    std::vector<uint64_t> other(keys_.size());
    for (unsigned shift = 32; shift < 64; shift += bits) {
      std::array<size_t, (1 << bits) + 1> starts{};
      const auto digit = [&](uint64_t each) { return (each >> shift) & ((1 << bits) - 1); };
      for (const uint64_t each : keys_) starts[digit(each) + 1]++;
      for (size_t i = 1; i < starts.size(); i++) starts[i] += starts[i - 1];
      for (const uint64_t each : keys_) other[starts[digit(each)]++] = each;
      keys_.swap(other);
    }
    for (size_t first = 0, end = 0; first < keys_.size(); first = end) {
      const uint64_t hash = keys_[first] >> 32;
      bool ordered = true;
      for (end = first + 1; end < keys_.size() && keys_[end] >> 32 == hash; end++) ordered = ordered && keys_[end - 1] >> 8 <= keys_[end] >> 8;
      if (!ordered) std::sort(keys_.begin() + static_cast<ptrdiff_t>(first), keys_.begin() + static_cast<ptrdiff_t>(end));
    }
  }

  static uint64_t key(uint32_t hash, uint32_t unit, uint8_t mark) { return uint64_t{hash} << 32 | uint64_t{unit} << 8 | mark; }

  // The units of one object file stand together and share their table.
  Abbreviations& tableAt(uint64_t offset, const Sizes& sizes) {
    const bool same = table_ && tableOffset_ == offset && tableSizes_.version == sizes.version && tableSizes_.offset == sizes.offset &&
                      tableSizes_.address == sizes.address;
    if (!same) {
      table_ = std::make_unique<Abbreviations>(sections_.abbreviations, std::min<uint64_t>(offset, sections_.abbreviations.size()), sizes);
      tableOffset_ = offset;
      tableSizes_ = sizes;
    }
    return *table_;
  }

  void entry(uint32_t unit, const UnitPlace& place, const Sizes& sizes, const Abbreviations& table, const Shape& shape, size_t offset,
             bool inBody, Cursor& cursor) {
    // Of what stands in bodies only functions count.
    const bool wanted = shape.mark != 0 && (!inBody || shape.function);
    bool named = false;
    bool declaration = shape.declaration;
    uint32_t hash = 0;
    uint64_t origin = 0;
    for (const Step& step : table.steps(shape)) {
      switch (wanted || step.role == Role::skip ? step.role : Role::pass) {
        case Role::skip: cursor.skip(step.size); break;
        case Role::pass: skipForm(cursor, step.form, sizes); break;
        case Role::declaration: declaration = cursor.byte() != 0; break;
        case Role::origin: origin = reference(cursor, step.form, place, sizes); break;
        case Role::name:
          named = true;
          hash = name(cursor, step.form, place, sizes, shape.function);
          break;
      }
    }
    if (!wanted || cursor.bad() || !(named || origin != 0)) return;
    if (shape.mark == kCode || shape.mark == kVariable) names_.push_back({offset, named ? 0 : origin, hash});
    if (inBody && !shape.code) return;
    uint8_t mark = shape.mark;
    if (inBody)
      mark = kNested;
    else if (shape.function && !shape.code)
      mark = declaration ? kOther : kInlined;
    else if (mark == kType && declaration)
      mark = kOther;
    if (named)
      keys_.push_back(key(hash, unit, mark));
    else
      pending_.push_back({origin, unit, mark});
  }

  // `bare`: of a template's instance, the template's name.
  uint32_t name(Cursor& cursor, uint64_t form, const UnitPlace& place, const Sizes& sizes, bool bare) {
    switch (form) {
      case kString: {
        const uint32_t hash = hashOf(sections_.entries.first(place.end), cursor.at(), bare);
        cursor.string();
        return hash;
      }
      case kStrp: return hashAt(sections_.strings, cursor.number(sizes.offset), bare);
      case kLineStrp: return hashIn(sections_.lineStrings, cursor.number(sizes.offset), bare);
      case kGnuStrpAlt: case kStrpSup: return hashIn(sections_.sharedStrings, cursor.number(sizes.offset), bare);
      case kStrx: case kGnuStrIndex: return indexed(cursor.leb(), place, sizes, bare);
      case kStrx1: return indexed(cursor.number(1), place, sizes, bare);
      case kStrx2: return indexed(cursor.number(2), place, sizes, bare);
      case kStrx3: return indexed(cursor.number(3), place, sizes, bare);
      case kStrx4: return indexed(cursor.number(4), place, sizes, bare);
      default:
        // Of a form that names do not have.
        skipForm(cursor, form, sizes);
        return 0;
    }
  }

  static uint32_t hashIn(Data section, uint64_t at, bool bare) { return at < section.size() ? hashOf(section, at, bare) : 0; }

  uint32_t indexed(uint64_t index, const UnitPlace& place, const Sizes& sizes, bool bare) {
    const uint64_t size = sections_.stringOffsets.size();
    if (place.stringOffsetsBase > size || index >= (size - place.stringOffsetsBase) / sizes.offset) return 0;
    Cursor cursor(sections_.stringOffsets, place.stringOffsetsBase + index * sizes.offset);
    return hashAt(sections_.strings, cursor.number(sizes.offset), bare);
  }

  // Of one string after the other, most have been seen a moment ago.
  uint32_t hashAt(Data section, uint64_t at, bool bare) {
    if (at >= section.size()) return 0;
    const uint64_t wanted = 2 * at + (bare ? 1 : 0);
    auto& [known, hash] = hashes_[wanted % kHashes];
    if (hash == 0 || known != wanted) {
      known = wanted;
      hash = hashOf(section, at, bare);
    }
    return hash;
  }

  // An offset in the section; 1, which no entry has, where it cannot be told.
  uint64_t reference(Cursor& cursor, uint64_t form, const UnitPlace& place, const Sizes& sizes) {
    switch (form) {
      case kRef1: return place.start + cursor.number(1);
      case kRef2: return place.start + cursor.number(2);
      case kRef4: return place.start + cursor.number(4);
      case kRef8: return place.start + cursor.number(8);
      case kRefUdata: return place.start + cursor.leb();
      case kRefAddr:
        crossing_ = true;
        return cursor.number(sizes.version <= 2 ? sizes.address : sizes.offset);
      default:
        crossing_ = true;
        skipForm(cursor, form, sizes);
        return 1;
    }
  }

  // The list is in the order of offsets, because the units are.
  uint32_t originName(uint64_t origin) const {
    for (int steps = 0; steps < 8; steps++) {
      const auto found = std::lower_bound(names_.begin(), names_.end(), origin, [](const Named& a, uint64_t b) { return a.offset < b; });
      if (found == names_.end() || found->offset != origin) return 0;
      if (found->origin == 0) return found->hash;
      origin = found->origin;
    }
    return 0;
  }

  static constexpr size_t kHashes = 1 << 15;

  const Sections sections_;
  size_t abbreviationBudget_;
  std::unique_ptr<Abbreviations> table_;
  uint64_t tableOffset_ = 0;
  Sizes tableSizes_{};
  std::vector<std::pair<uint64_t, uint32_t>> hashes_;
  std::vector<uint64_t> keys_;
  std::vector<Named> names_;
  std::vector<Pending> pending_;
  bool crossing_ = false;
};

constexpr uint64_t kReleaseStep = 1 << 20;

Data bytesOf(const Napi::Value& value) {
  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

Napi::Value scanNames(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Sections sections{bytesOf(info[0]), bytesOf(info[1]), bytesOf(info[2]), bytesOf(info[3]), bytesOf(info[4]), bytesOf(info[5])};
  const auto places = info[6].As<Napi::Float64Array>();
  constexpr size_t columns = sizeof(UnitPlace) / sizeof(uint64_t) + 1;
  NameScan scan(sections);
  // Each page is read once: a file of hundreds of megabytes need never be in memory as a whole.
  uint64_t released = 0;
  const auto release = [&](uint64_t end) {
    end = std::min<uint64_t>(end, sections.entries.size());
    if (end > released) releasePages(sections.entries.data() + released, end - released);
    released = std::max(released, end);
  };
  for (size_t at = 0; at + columns <= places.ElementLength(); at += columns) {
    const auto number = [&](size_t column) {
      const double value = places[at + column];
      return value >= 0 && value <= 0x1p53 ? static_cast<uint64_t>(value) : UINT64_MAX;
    };
    scan.unit(static_cast<uint32_t>(number(0)),
              {number(1), number(2), number(3), number(4), number(5), number(6), number(7), number(8)});
    if (number(1) >= released + kReleaseStep) release(number(1));
  }
  release(sections.entries.size());
  for (const Data& section : {sections.strings, sections.abbreviations}) releasePages(section.data(), section.size());
  const bool crossing = scan.crossing();
  const std::vector<uint64_t> keys = scan.finish();
  auto buffer = Napi::ArrayBuffer::New(env, keys.size() * sizeof(uint64_t));
  std::copy(keys.begin(), keys.end(), static_cast<uint64_t*>(buffer.Data()));
  auto result = Napi::Object::New(env);
  result.Set("keys", buffer);
  result.Set("crossing", crossing);
  return result;
}

}  // namespace

void exportNameScan(Napi::Object exports) { exports.Set("scanNames", Napi::Function::New<scanNames>(exports.Env(), "scanNames")); }

}  // namespace deet
