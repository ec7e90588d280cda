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
#include "sections.h"
#include "signal_mask.h"

#include <signal.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
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

// Of a name, and of the template's that it is an instance of; 0 is kept for names that are not known here.
struct Hashes {
  uint32_t own = 0, ofTemplate = 0;
};

// FNV-1a over the bytes of a name.
Hashes hashOf(Data section, size_t at, bool bare) {
  const size_t end = bare ? bareEnd(section, at) : section.size();
  uint32_t hash = kHashStart, ofTemplate = 0;
  for (; at < end && section[at] != 0; at++) {
    if (section[at] == '<' && ofTemplate == 0 && !bare) ofTemplate = known(hash);
    hash = hashed(hash, section[at]);
  }
  return {known(hash), ofTemplate};
}

struct Sections {
  Data entries, abbreviations, strings, lineStrings, stringOffsets, sharedStrings;
};

// As src/symbols/name-units.ts hands it over: nine numbers.
struct UnitPlace {
  uint64_t number, end, firstEntry, abbreviations, version, offsetSize, addressSize, stringOffsetsBase, start;

  bool contains(uint64_t offset) const { return offset >= start && offset < end; }
};

// An entry that has its name from another.
struct Pending {
  uint64_t origin;
  uint32_t unit;
  uint8_t mark;
};

// Reads units one after the other. Several can read different units of the same sections at the same time.
class NameScan {
 public:
  explicit NameScan(const Sections& sections)
      : sections_(sections), abbreviationBudget_(4 * sections.abbreviations.size() + 4096), hashes_(kHashes), lately_(kLately) {}

  // A unit that could not be read to its end may have any name behind the damage.
  void unit(const UnitPlace& place) {
    const auto number = static_cast<uint32_t>(place.number);
    names_.clear();
    pending_.clear();
    if (!readUnit(number, place)) add(keyOf(0, number, kAnything));
    for (const Pending& each : pending_) {
      const auto [hash, outside] = originName(each.origin, place);
      if (outside == 0)
        add(keyOf(hash, number, each.mark));
      else
        elsewhere.push_back({outside, number, each.mark});
    }
  }

  // The name of an entry that stands in one of these units, which are in the order of offsets; 0: it cannot be told.
  uint32_t nameAt(uint64_t offset, std::span<const UnitPlace> places) {
    for (int steps = 0; steps < kMostSteps; steps++) {
      const auto next = std::upper_bound(places.begin(), places.end(), offset, [](uint64_t a, const UnitPlace& b) { return a < b.start; });
      if (next == places.begin() || !std::prev(next)->contains(offset)) return 0;
      const UnitPlace& place = *std::prev(next);
      if (!isReadable(place)) return 0;
      const Sizes sizes = sizesOf(place);
      Abbreviations& table = tableAt(place.abbreviations, sizes);
      Cursor cursor(sections_.entries.first(place.end), offset);
      const Shape* shape = table.find(cursor.leb(), abbreviationBudget_);
      if (shape == nullptr || shape->mark == 0) return 0;
      const Said said = read(place, sizes, table, *shape, cursor);
      if (cursor.bad()) return 0;
      if (said.named) return said.name.own;
      offset = said.origin;
    }
    return 0;
  }

  std::vector<uint64_t> keys;
  // Entries that have their names from other units: link-time optimization, partial units.
  std::vector<Pending> elsewhere;
  // There are such entries, or calls inlined from other units.
  bool crossing = false;

 private:
  struct Named {
    uint64_t offset;
    uint64_t origin;
    uint32_t hash;
  };

  // What an entry says of itself.
  struct Said {
    bool named = false;
    bool declaration = false;
    Hashes name;
    uint64_t origin = 0;
  };

  // Overloaded functions, members of templates: most names of a unit come many times.
  void add(uint64_t key) {
    uint64_t& slot = lately_[(key >> 32) % kLately];
    if (slot == key) return;
    slot = key;
    keys.push_back(key);
  }

  bool isReadable(const UnitPlace& place) const {
    return place.end <= sections_.entries.size() && place.firstEntry <= place.end && (place.offsetSize == 4 || place.offsetSize == 8);
  }

  static Sizes sizesOf(const UnitPlace& place) {
    return {place.version, static_cast<unsigned>(place.offsetSize), static_cast<unsigned>(place.addressSize)};
  }

  bool readUnit(uint32_t number, const UnitPlace& place) {
    if (!isReadable(place)) return false;
    const Sizes sizes = sizesOf(place);
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
      crossing = crossing || table.inlinesAcross();
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
    if (shape.mark == 0 || (inBody && !shape.function)) {
      for (const Step& step : table.steps(shape)) pass(step, sizes, cursor);
      return;
    }
    const Said said = read(place, sizes, table, shape, cursor);
    if (cursor.bad() || !(said.named || said.origin != 0)) return;
    if (shape.mark == kCode || shape.mark == kVariable) names_.push_back({offset, said.named ? 0 : said.origin, said.name.own});
    if (inBody && !shape.code) return;
    uint8_t mark = shape.mark;
    if (inBody)
      mark = kNested;
    else if (shape.function && !shape.code)
      mark = said.declaration ? kOther : kInlined;
    else if (mark == kType && said.declaration)
      mark = kOther;
    if (said.named) {
      add(keyOf(said.name.own, unit, mark));
      if (said.name.ofTemplate != 0) add(keyOf(said.name.ofTemplate, unit, kInstance));
    } else
      pending_.push_back({said.origin, unit, mark});
  }

  static void pass(const Step& step, const Sizes& sizes, Cursor& cursor) {
    if (step.role == Role::skip)
      cursor.skip(step.size);
    else
      skipForm(cursor, step.form, sizes);
  }

  Said read(const UnitPlace& place, const Sizes& sizes, const Abbreviations& table, const Shape& shape, Cursor& cursor) {
    Said said;
    said.declaration = shape.declaration;
    for (const Step& step : table.steps(shape)) {
      switch (step.role) {
        case Role::skip: case Role::pass: pass(step, sizes, cursor); break;
        case Role::declaration: said.declaration = cursor.byte() != 0; break;
        case Role::origin: said.origin = reference(cursor, step.form, place, sizes); break;
        case Role::name:
          said.named = true;
          said.name = name(cursor, step.form, place, sizes, shape.function);
          break;
      }
    }
    return said;
  }

  // `bare`: of a template's instance, the template's name.
  Hashes name(Cursor& cursor, uint64_t form, const UnitPlace& place, const Sizes& sizes, bool bare) {
    switch (form) {
      case kString: {
        const Hashes hashes = hashOf(sections_.entries.first(place.end), cursor.at(), bare);
        cursor.string();
        return hashes;
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
        return {};
    }
  }

  static Hashes hashIn(Data section, uint64_t at, bool bare) { return at < section.size() ? hashOf(section, at, bare) : Hashes{}; }

  Hashes indexed(uint64_t index, const UnitPlace& place, const Sizes& sizes, bool bare) {
    const uint64_t size = sections_.stringOffsets.size();
    if (place.stringOffsetsBase > size || index >= (size - place.stringOffsetsBase) / sizes.offset) return {};
    Cursor cursor(sections_.stringOffsets, place.stringOffsetsBase + index * sizes.offset);
    return hashAt(sections_.strings, cursor.number(sizes.offset), bare);
  }

  // Of one string after the other, most have been seen a moment ago.
  Hashes hashAt(Data section, uint64_t at, bool bare) {
    if (at >= section.size()) return {};
    const uint64_t wanted = 2 * at + (bare ? 1 : 0);
    auto& [last, hashes] = hashes_[wanted % kHashes];
    if (hashes.own == 0 || last != wanted) {
      last = wanted;
      hashes = hashOf(section, at, bare);
    }
    return hashes;
  }

  // An offset in the section; one that no entry has where it cannot be told.
  uint64_t reference(Cursor& cursor, uint64_t form, const UnitPlace& place, const Sizes& sizes) {
    switch (form) {
      case kRef1: return place.start + cursor.number(1);
      case kRef2: return place.start + cursor.number(2);
      case kRef4: return place.start + cursor.number(4);
      case kRef8: return place.start + cursor.number(8);
      case kRefUdata: return place.start + cursor.leb();
      case kRefAddr:
        crossing = true;
        return cursor.number(sizes.version <= 2 ? sizes.address : sizes.offset);
      default:
        crossing = true;
        skipForm(cursor, form, sizes);
        return UINT64_MAX;
    }
  }

  struct Origin {
    uint32_t hash;
    uint64_t outside;
  };

  // In its own unit, or the offset outside of it where the name is; neither where it cannot be told.
  Origin originName(uint64_t origin, const UnitPlace& place) const {
    for (int steps = 0; steps < kMostSteps; steps++) {
      if (!place.contains(origin)) return {0, origin};
      // The list is in the order of offsets.
      const auto found = std::lower_bound(names_.begin(), names_.end(), origin, [](const Named& a, uint64_t b) { return a.offset < b; });
      if (found == names_.end() || found->offset != origin) return {0, 0};
      if (found->origin == 0) return {found->hash, 0};
      origin = found->origin;
    }
    return {0, 0};
  }

  static constexpr size_t kHashes = 1 << 15;
  static constexpr size_t kLately = 1 << 14;
  // From one entry to that which it has its name from: two in what compilers write.
  static constexpr int kMostSteps = 8;

  const Sections sections_;
  size_t abbreviationBudget_;
  std::unique_ptr<Abbreviations> table_;
  uint64_t tableOffset_ = 0;
  Sizes tableSizes_{};
  std::vector<std::pair<uint64_t, Hashes>> hashes_;
  std::vector<uint64_t> lately_;
  // Of the unit that is being read.
  std::vector<Named> names_;
  std::vector<Pending> pending_;
};

constexpr uint64_t kReleaseStep = 1 << 20;

// Some units that stand one behind the other. Each page is read once: a file of hundreds of megabytes need never be in memory as a whole.
void scanUnits(NameScan& scan, const Sections& sections, std::span<const UnitPlace> places) {
  if (places.empty()) return;
  uint64_t released = std::min<uint64_t>(places.front().start, sections.entries.size());
  for (const UnitPlace& place : places) {
    scan.unit(place);
    const uint64_t end = std::min<uint64_t>(place.end, sections.entries.size());
    if (end < released + kReleaseStep && &place != &places.back()) continue;
    if (end > released) releasePages(sections.entries.data() + released, end - released);
    released = std::max(released, end);
  }
}

// A thread costs less than reading this many bytes.
constexpr uint64_t kThreadsWork = 8 << 20;
constexpr unsigned kMostThreads = 4;

// The parts of the list that threads read at the same time, about equally long.
std::vector<std::span<const UnitPlace>> partsOf(std::span<const UnitPlace> places, uint64_t size) {
  const uint64_t wanted = std::min<uint64_t>({size / kThreadsWork, kMostThreads, std::thread::hardware_concurrency()});
  const uint64_t length = size / std::max<uint64_t>(wanted, 1) + 1;
  std::vector<std::span<const UnitPlace>> parts;
  for (size_t first = 0, at = 0; at < places.size(); at++) {
    const bool last = at + 1 == places.size();
    if (!last && places[at].end - std::min(places[first].start, places[at].end) < length) continue;
    parts.push_back(places.subspan(first, at + 1 - first));
    first = at + 1;
  }
  return parts;
}

// Signals are for the threads of Node; a file that is cut off while it is read (mapped_file.cc) is the reader's own.
sigset_t allButFaults() {
  sigset_t signals;
  sigfillset(&signals);
  for (const int own : {SIGBUS, SIGSEGV, SIGFPE, SIGILL}) sigdelset(&signals, own);
  return signals;
}

struct Index {
  std::vector<uint64_t> keys;
  bool crossing;
};

Index indexOf(const Sections& sections, std::span<const UnitPlace> places) {
  const auto parts = partsOf(places, sections.entries.size());
  std::deque<NameScan> scans;
  for (size_t i = 0; i < std::max<size_t>(parts.size(), 1); i++) scans.emplace_back(sections);
  {
    const SignalMask quiet(SIG_SETMASK, allButFaults());
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < parts.size(); i++) threads.emplace_back([&, i] { scanUnits(scans[i], sections, parts[i]); });
    if (!parts.empty()) scanUnits(scans[0], sections, parts[0]);
  }
  NameScan& first = scans[0];
  Index index{std::move(first.keys), first.crossing};
  std::vector<Pending> elsewhere = std::move(first.elsewhere);
  for (size_t i = 1; i < scans.size(); i++) {
    index.keys.insert(index.keys.end(), scans[i].keys.begin(), scans[i].keys.end());
    elsewhere.insert(elsewhere.end(), scans[i].elsewhere.begin(), scans[i].elsewhere.end());
    index.crossing = index.crossing || scans[i].crossing;
  }
  // In the order of offsets, so that units are met one after the other.
  std::sort(elsewhere.begin(), elsewhere.end(), [](const Pending& a, const Pending& b) { return a.origin < b.origin; });
  for (const auto& [origin, unit, mark] : elsewhere) index.keys.push_back(keyOf(first.nameAt(origin, places), unit, mark));
  sortKeys(index.keys);
  return index;
}

Napi::Value scanNames(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Sections sections{bytesOf(info[0]), bytesOf(info[1]), bytesOf(info[2]), bytesOf(info[3]), bytesOf(info[4]), bytesOf(info[5])};
  const auto numbers = info[6].As<Napi::Float64Array>();
  constexpr size_t columns = sizeof(UnitPlace) / sizeof(uint64_t);
  std::vector<UnitPlace> places(numbers.ElementLength() / columns);
  for (size_t at = 0; at < places.size(); at++) {
    const auto number = [&](size_t column) { return offsetOf(numbers[columns * at + column]); };
    places[at] = {number(0), number(1), number(2), number(3), number(4), number(5), number(6), number(7), number(8)};
  }
  const auto [keys, crossing] = indexOf(sections, places);
  releasePages(sections.entries.data(), sections.entries.size());
  for (const Data& section : {sections.strings, sections.abbreviations}) releasePages(section.data(), section.size());
  auto result = Napi::Object::New(env);
  result.Set("keys", bufferOf(env, keys));
  result.Set("crossing", crossing);
  return result;
}

}  // namespace

void exportNameScan(Napi::Object exports) { exports.Set("scanNames", Napi::Function::New<scanNames>(exports.Env(), "scanNames")); }

}  // namespace deet
