// Which line tables name a file? One pass over the headers of .debug_line (DWARF 5, 6.2.4) answers that for all files at once: a list of (hash of the last
// part of the path, number of the table). Whoever looks a file up reads those headers with src/dwarf/lines.ts, so a wrong table too many does no harm; one
// that cannot be read may have any file.
#include "facilities.h"
#include "forms.h"
#include "mapped_file.h"
#include "name_keys.h"
#include "sections.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace deet {
namespace {

// The one column that counts here (DWARF 5, 7.22: DW_LNCT_path).
constexpr uint64_t kPath = 1;

struct Column {
  uint64_t content, form;
};

class FileNames {
 public:
  FileNames(Data lines, Data lineStrings, Data strings) : lines_(lines), lineStrings_(lineStrings), strings_(strings), lately_(kLately) {}

  // What lies in [offset, end) of .debug_line is the header of a table.
  void table(uint32_t number, uint64_t offset, uint64_t end) {
    table_ = number;
    if (!header(Cursor(lines_.first(std::min<uint64_t>(end, lines_.size())), offset))) add(0);
  }

  std::vector<uint64_t> keys;
  // Some names stand in .debug_str, which was not given.
  bool needsStrings = false;

 private:
  // False: damage, or what no compiler writes.
  bool header(Cursor cursor) {
    Sizes sizes{0, 4, 8};
    if (cursor.number(4) == 0xffffffff) {
      sizes.offset = 8;
      cursor.skip(8);
    }
    sizes.version = cursor.number(2);
    if (sizes.version < 2 || sizes.version > 5) return false;
    if (sizes.version >= 5) cursor.skip(2);  // address_size, segment_selector_size
    cursor.skip(sizes.offset);               // header_length
    // minimum_instruction_length, maximum_operations_per_instruction, default_is_stmt, line_base, line_range
    cursor.skip(sizes.version >= 4 ? 5 : 4);
    const uint8_t opcodeBase = cursor.byte();
    cursor.skip(opcodeBase > 0 ? opcodeBase - 1 : 0);
    return sizes.version >= 5 ? selfDescribed(cursor, sizes, false) && selfDescribed(cursor, sizes, true) : strings(cursor);
  }

  // Before version 5: two lists of strings, each ended by an empty one.
  bool strings(Cursor& cursor) {
    while (!cursor.bad() && next(cursor) != 0) cursor.string();
    cursor.byte();
    while (!cursor.bad() && next(cursor) != 0) {
      add(hashAt(lines_, cursor.at()));
      cursor.string();
      for (int each = 0; each < 3; each++) cursor.leb();  // directory, time, length
    }
    return !cursor.bad();
  }

  uint8_t next(const Cursor& cursor) const { return cursor.atEnd() ? 0 : lines_[cursor.at()]; }

  // Version 5: a table that describes its columns (6.2.4.1), of directories or `files`.
  bool selfDescribed(Cursor& cursor, const Sizes& sizes, bool files) {
    columns_.resize(cursor.byte());
    for (Column& each : columns_) {
      each.content = cursor.leb();
      each.form = cursor.leb();
    }
    const uint64_t count = cursor.leb();
    // Of an entry that takes no bytes a damaged file may have any number.
    if (columns_.empty()) return count == 0 && !cursor.bad();
    for (uint64_t entry = 0; entry < count; entry++) {
      const size_t before = cursor.at();
      for (const auto& [content, form] : columns_) {
        if (files && content == kPath)
          name(cursor, form, sizes);
        else
          skipForm(cursor, form, sizes);
      }
      if (cursor.bad() || cursor.at() == before) return false;
    }
    return true;
  }

  void name(Cursor& cursor, uint64_t form, const Sizes& sizes) {
    switch (form) {
      case kString:
        add(hashAt(lines_, cursor.at()));
        return cursor.string();
      case kLineStrp: return add(remembered(lineStrings_, cursor.number(sizes.offset)));
      case kStrp:
        needsStrings = needsStrings || strings_.empty();
        return add(remembered(strings_, cursor.number(sizes.offset)));
      default:  // The unit says where these are.
        add(0);
        skipForm(cursor, form, sizes);
    }
  }

  // Of the last part of a path.
  static uint32_t hashAt(Data section, uint64_t at) {
    uint32_t hash = kHashStart;
    for (; at < section.size() && section[at] != 0; at++) hash = section[at] == '/' ? kHashStart : hashed(hash, section[at]);
    return known(hash);
  }

  // The headers of a library are named by most of its tables. 0: there is no such string.
  uint32_t remembered(Data section, uint64_t at) {
    if (at >= section.size()) return 0;
    auto& [where, hash] = lately_[at % kLately];
    if (const uint8_t* const wanted = section.data() + at; where != wanted) {
      where = wanted;
      hash = hashAt(section, at);
    }
    return hash;
  }

  void add(uint32_t hash) { keys.push_back(keyOf(hash, table_, kAnything)); }

  static constexpr size_t kLately = 1 << 14;

  const Data lines_, lineStrings_, strings_;
  std::vector<std::pair<const uint8_t*, uint32_t>> lately_;
  std::vector<Column> columns_;
  uint32_t table_ = 0;
};

// (line, line_str, str, pairs of a header's offset and end): src/native.ts says what of.
Napi::Value scanFileNames(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Data lines = bytesOf(info[0]);
  const auto places = info[3].As<Napi::Float64Array>();
  FileNames names(lines, bytesOf(info[1]), bytesOf(info[2]));
  for (size_t number = 0; 2 * number + 1 < places.ElementLength(); number++)
    names.table(static_cast<uint32_t>(number), offsetOf(places[2 * number]), offsetOf(places[2 * number + 1]));
  sortKeys(names.keys);
  releasePages(lines.data(), lines.size());
  auto result = Napi::Object::New(env);
  result.Set("keys", bufferOf(env, names.keys));
  result.Set("needsStrings", names.needsStrings);
  return result;
}

}  // namespace

void exportFileNames(Napi::Object exports) { exports.Set("scanFileNames", Napi::Function::New<scanFileNames>(exports.Env(), "scanFileNames")); }

}  // namespace deet
