// Line number programs (DWARF 5, 6.2) and which of their rows count. A unit of a big program has hundreds of thousands of rows, all of which are looked at before
// the first breakpoint in it can be set: JavaScript takes six times as long. Headers and all that is asked of the finished table are in src/dwarf/lines.ts and
// src/symbols/line-table.ts.
//
// The bytes are whatever a damaged file has: each read is checked, each row takes a byte of the program, arithmetic is modulo 2^64.
#include "cursor.h"
#include "facilities.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace deet {
namespace {

// Bits of a row's flags; src/dwarf/lines.ts has the same.
enum RowFlag : uint8_t { kStatement = 1, kPrologueEnd = 2, kEpilogueBegin = 4, kEndSequence = 8 };

// A row of the matrix of 6.2.2; src/dwarf/lines.ts reads it at the same places.
struct Row {
  double address;
  uint32_t file, line, discriminator;
  uint16_t column;
  uint8_t flags;
};
static_assert(sizeof(Row) == 24);

// What of a header the program needs (6.2.4).
struct Header {
  unsigned minimumInstructionLength, maximumOperations, lineRange, opcodeBase;
  int lineBase;
  bool defaultIsStatement;
  Data operandCounts;
};

enum Standard : uint8_t {
  kCopy = 1, kAdvancePc, kAdvanceLine, kSetFile, kSetColumn, kNegateStatement, kSetBasicBlock, kConstAddPc, kFixedAdvancePc, kSetPrologueEnd,
  kSetEpilogueBegin, kSetIsa,
};
enum Extended : uint8_t { kEndSequenceOp = 1, kSetAddress, kDefineFile, kSetDiscriminator };

// One unit's program cannot have more rows than this (12,000 functions of 1,000 rows each): damage.
constexpr size_t kMostRows = 12'000'000;

// Addresses that tombstones such as 2^64-1 stand for are above all code (DWARF 5, note to 7.5).
constexpr uint64_t kHighest = (uint64_t{1} << 53) - 1;

// Where a program broke off, and why.
struct Damage {
  size_t offset;
  const char* what;
};

// Runs a program. `sink` gets each row, with its number.
template <typename Sink>
class LineMachine {
 public:
  LineMachine(Data section, size_t begin, const Header& header, Sink sink) : header_(header), cursor_(section, begin), sink_(sink) {}

  // Damage ends it; a sequence that was being built is closed where it stood, so that its rows are of use.
  void run() {
    while (!cursor_.atEnd() && damage_.what == nullptr) sequence();
    if (damage_.what != nullptr && !closed_) {
      Row last = last_;
      last.address++;
      last.column = 0;
      last.discriminator = 0;
      last.flags = kEndSequence;
      put(last);
    }
  }

  size_t count() const { return count_; }
  const Damage& damage() const { return damage_; }
  // Where the names of files stand that are defined on the way.
  const std::vector<size_t>& definedFiles() const { return definedFiles_; }

 private:
  // From the initial state of 6.2.2 up to DW_LNE_end_sequence, or the end of the program.
  void sequence() {
    address_ = 0;
    opIndex_ = 0;
    file_ = 1;
    line_ = 1;
    column_ = 0;
    discriminator_ = 0;
    flags_ = header_.defaultIsStatement ? kStatement : 0;
    while (!cursor_.atEnd()) {
      const size_t start = cursor_.at();
      const bool goesOn = instruction();
      if (damage_.what == nullptr && cursor_.bad()) damage_ = {start, "the line program breaks off in an instruction"};
      if (!goesOn || damage_.what != nullptr) return;
    }
  }

  // False: the sequence has ended.
  bool instruction() {
    const unsigned opcode = cursor_.byte();
    if (opcode >= header_.opcodeBase) {
      if (header_.lineRange == 0) return fail("special opcode with a line range of 0");
      const unsigned adjusted = opcode - header_.opcodeBase;
      advance(adjusted / header_.lineRange);
      line_ += static_cast<uint64_t>(int64_t{header_.lineBase} + adjusted % header_.lineRange);
      return emit();
    }
    switch (opcode) {
      case 0: return extended();
      case kCopy: return emit();
      case kAdvancePc: advance(cursor_.leb()); break;
      case kAdvanceLine: line_ += cursor_.signedLeb(); break;
      case kSetFile: file_ = cursor_.leb(); break;
      case kSetColumn: column_ = cursor_.leb(); break;
      case kNegateStatement: flags_ ^= kStatement; break;
      case kSetBasicBlock: break;
      case kConstAddPc:
        if (header_.lineRange == 0) return fail("const_add_pc with a line range of 0");
        advance((255 - header_.opcodeBase) / header_.lineRange);
        break;
      case kFixedAdvancePc:
        address_ += cursor_.number(2);
        opIndex_ = 0;
        break;
      case kSetPrologueEnd: flags_ |= kPrologueEnd; break;
      case kSetEpilogueBegin: flags_ |= kEpilogueBegin; break;
      case kSetIsa: cursor_.leb(); break;
      default:  // of some vendor: the header says how many operands it has
        for (unsigned left = opcode <= header_.operandCounts.size() ? header_.operandCounts[opcode - 1] : 0; left > 0; left--) cursor_.leb();
    }
    return true;
  }

  bool extended() {
    const uint64_t length = cursor_.leb();
    if (length == 0) return true;
    Cursor inside = cursor_;
    cursor_.skip(length);
    if (cursor_.bad()) return fail("extended opcode runs over the end of the line program");
    switch (inside.byte()) {
      case kEndSequenceOp:
        flags_ |= kEndSequence;
        emit();
        return false;
      case kSetAddress:
        address_ = inside.number(static_cast<unsigned>(std::min<uint64_t>(length - 1, 8)));
        opIndex_ = 0;
        break;
      case kDefineFile: definedFiles_.push_back(inside.at()); break;
      case kSetDiscriminator: discriminator_ = inside.leb(); break;
      default: break;  // of some vendor: its length is known, so it can be passed over
    }
    return true;
  }

  void advance(uint64_t operations) {
    const unsigned perInstruction = header_.maximumOperations;
    if (perInstruction == 1) {
      address_ += header_.minimumInstructionLength * operations;
      return;
    }
    address_ += header_.minimumInstructionLength * ((opIndex_ + operations) / perInstruction);
    opIndex_ = (opIndex_ + operations) % perInstruction;
  }

  // What is too big for its column is a file that there is not, and no column.
  bool emit() {
    const auto line = static_cast<int64_t>(line_);
    put({static_cast<double>(std::min(address_, kHighest)), static_cast<uint32_t>(std::min<uint64_t>(file_, UINT32_MAX)),
         line < 0 ? 0 : static_cast<uint32_t>(line), static_cast<uint32_t>(discriminator_),
         column_ > UINT16_MAX ? uint16_t{0} : static_cast<uint16_t>(column_), flags_});
    discriminator_ = 0;
    flags_ &= static_cast<uint8_t>(~(kPrologueEnd | kEpilogueBegin));
    return count_ < kMostRows || fail("line program without an end");
  }

  void put(const Row& row) {
    last_ = row;
    closed_ = (row.flags & kEndSequence) != 0;
    sink_(count_++, row);
  }

  bool fail(const char* what) {
    damage_ = {cursor_.at(), what};
    return false;
  }

  const Header& header_;
  Cursor cursor_;
  Sink sink_;
  size_t count_ = 0;
  Damage damage_{0, nullptr};
  std::vector<size_t> definedFiles_;
  Row last_{};
  bool closed_ = true;
  // The registers of 6.2.2.
  uint64_t address_ = 0, opIndex_ = 0, file_ = 1, line_ = 1, column_ = 0, discriminator_ = 0;
  uint8_t flags_ = 0;
};

bool isEnd(const Row& row) { return (row.flags & kEndSequence) != 0; }

struct Sequence {
  double address;
  // The numbers of its first row, in the program and in the order of addresses.
  size_t first, place;
  bool ended;
};

// Sequences may stand in any order.
void placeInOrder(std::vector<Sequence>& sequences, size_t rows) {
  std::vector<size_t> order(sequences.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return sequences[a].address < sequences[b].address; });
  size_t place = 0;
  for (const size_t each : order) {
    sequences[each].place = place;
    place += (each + 1 < sequences.size() ? sequences[each + 1].first : rows) - sequences[each].first;
  }
}

// (section, begin, end, header): src/native.ts says what of.
Napi::Value runLineProgram(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto bytes = info[0].As<Napi::Uint8Array>();
  const auto begin = static_cast<size_t>(info[1].As<Napi::Number>().Int64Value());
  const auto end = static_cast<size_t>(info[2].As<Napi::Number>().Int64Value());
  const auto given = info[3].As<Napi::Object>();
  const auto number = [&](const char* name) { return given.Get(name).As<Napi::Number>(); };
  const auto counts = given.Get("operandCounts").As<Napi::Uint8Array>();
  const Header header{number("minimumInstructionLength").Uint32Value(), number("maximumOperations").Uint32Value(),
                      number("lineRange").Uint32Value(), number("opcodeBase").Uint32Value(), number("lineBase").Int32Value(),
                      given.Get("defaultIsStatement").As<Napi::Boolean>().Value(), {counts.Data(), counts.ByteLength()}};
  const Data program = Data{bytes.Data(), bytes.ByteLength()}.first(std::min(end, bytes.ByteLength()));
  // First to know how many rows there are, and in which order: pages are what costs most here, so each is to be touched once.
  std::vector<Sequence> sequences;
  LineMachine counting(program, begin, header, [&](size_t index, const Row& row) {
    if (sequences.empty() || sequences.back().ended) sequences.push_back({row.address, index, 0, false});
    sequences.back().ended = isEnd(row);
  });
  counting.run();
  placeInOrder(sequences, counting.count());
  auto rows = Napi::ArrayBuffer::New(env, counting.count() * sizeof(Row));
  auto* const to = static_cast<Row*>(rows.Data());
  size_t sequence = 0;
  LineMachine writing(program, begin, header, [&](size_t index, const Row& row) {
    // The file may have been written to in between.
    if (index >= counting.count()) return;
    if (sequence + 1 < sequences.size() && index >= sequences[sequence + 1].first) sequence++;
    to[sequences[sequence].place + index - sequences[sequence].first] = row;
  });
  writing.run();
  const auto& defined = counting.definedFiles();
  auto files = Napi::Array::New(env, defined.size());
  for (size_t i = 0; i < defined.size(); i++) files.Set(static_cast<uint32_t>(i), static_cast<double>(defined[i]));
  auto result = Napi::Object::New(env);
  result.Set("rows", rows);
  result.Set("definedFiles", files);
  if (const Damage& damage = counting.damage(); damage.what != nullptr) {
    auto problem = Napi::Object::New(env);
    problem.Set("offset", static_cast<double>(damage.offset));
    problem.Set("what", damage.what);
    result.Set("problem", problem);
  }
  return result;
}

// Picks, as gdb does, the rows that count out of the rows of a program, into the beginning of their own memory.
class Recorder {
 public:
  // `sources`: of each file number the source, numbers of one source alike; 0: there is no such file.
  Recorder(std::span<Row> rows, std::span<const int32_t> sources, double lowest) : rows_(rows), sources_(sources), lowest_(lowest) {}

  // Left out: rows of line 0; sequences at address 0 where the unit has no code there; rows that repeat the line of the row before with a discriminator;
  // and, where the file changes, the rows of the earlier file at the same address.
  void run() {
    bool first = true;
    for (size_t i = 0; i < rows_.size(); i++) {
      const Row row = rows_[i];
      if (first) beginSequence(row);
      first = isEnd(row);
      take(row);
    }
  }

  size_t count() const { return count_; }

 private:
  void beginSequence(const Row& row) {
    dropped_ = row.address == 0 && lowest_ > 0;
    begin_ = count_;
    lastSource_ = 0;
    lastLine_ = 0;
    previousFile_ = row.file;
    previousLine_ = 1;
    lastAddress_ = -1;
    discriminated_ = false;
    statementHere_ = false;
  }

  void take(const Row& row) {
    const bool switched = row.file != previousFile_;
    // Also when the row before is left out: the change of files ends what it belongs to.
    if (switched) lastSource_ = sourceOf(previousFile_);
    previousFile_ = row.file;
    if (row.line != previousLine_ || switched)
      discriminated_ = row.discriminator != 0;
    else if (row.discriminator != 0)
      discriminated_ = true;
    previousLine_ = row.line;
    if (dropped_) return;
    const bool statement = (row.flags & kStatement) != 0;
    const int32_t source = sourceOf(row.file);
    const bool changed = source != lastSource_;
    const bool ignored = !isEnd(row) && (row.line == 0 || (changed && lastAddress_ == row.address && !statement && statementHere_));
    if ((changed && !ignored) || isEnd(row)) popAt(row.address, lastSource_);
    if (isEnd(row)) {
      if (count_ > begin_) rows_[count_++] = row;
    } else if (!ignored && source != 0) {
      if (changed || row.line != lastLine_ || !discriminated_) {
        rows_[count_++] = row;
        lastLine_ = row.line;
      }
      lastSource_ = source;
    }
    if (lastAddress_ != row.address) {
      statementHere_ = false;
      lastAddress_ = row.address;
    }
    statementHere_ = statementHere_ || statement;
  }

  // The end of a file's rows at an address undoes those that it has there.
  void popAt(double address, int32_t source) {
    size_t first = count_;
    while (first > begin_ && rows_[first - 1].address == address) first--;
    size_t left = first;
    for (size_t at = first; at < count_; at++)
      if (sourceOf(rows_[at].file) != source) rows_[left++] = rows_[at];
    count_ = left;
  }

  int32_t sourceOf(uint32_t file) const { return file < sources_.size() ? sources_[file] : 0; }

  const std::span<Row> rows_;
  const std::span<const int32_t> sources_;
  const double lowest_;
  size_t count_ = 0;
  // Of the sequence that is being read.
  size_t begin_ = 0;
  bool dropped_ = false, discriminated_ = false, statementHere_ = false;
  int32_t lastSource_ = 0;
  uint32_t lastLine_ = 0, previousFile_ = 0, previousLine_ = 1;
  double lastAddress_ = -1;
};

// At one address an end comes before what begins there.
bool before(const Row& a, const Row& b) { return a.address != b.address ? a.address < b.address : isEnd(a) && !isEnd(b); }

// (rows, source of each file number, the unit's lowest address): how many rows count. They stand at the beginning then, in the order of addresses.
Napi::Value recordLines(const Napi::CallbackInfo& info) {
  auto buffer = info[0].As<Napi::ArrayBuffer>();
  const auto sources = info[1].As<Napi::Int32Array>();
  const std::span<Row> rows{static_cast<Row*>(buffer.Data()), buffer.ByteLength() / sizeof(Row)};
  Recorder recorder(rows, {sources.Data(), sources.ElementLength()}, info[2].As<Napi::Number>().DoubleValue());
  recorder.run();
  // In what compilers write, sequences do not overlap and their addresses only grow.
  const auto kept = rows.first(recorder.count());
  if (!std::is_sorted(kept.begin(), kept.end(), before)) std::stable_sort(kept.begin(), kept.end(), before);
  return Napi::Number::New(info.Env(), static_cast<double>(recorder.count()));
}

}  // namespace

void exportLines(Napi::Object exports) {
  exports.Set("runLineProgram", Napi::Function::New<runLineProgram>(exports.Env(), "runLineProgram"));
  exports.Set("recordLines", Napi::Function::New<recordLines>(exports.Env(), "recordLines"));
}

}  // namespace deet
