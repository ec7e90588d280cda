// Files mapped into memory (mmap(2)) instead of read: a debugger looks at a few pages of a file of hundreds of megabytes. The price is
// that a file which somebody truncates while it is mapped (a rebuild between two runs) answers a read past its new end with SIGBUS.
// The handler here puts a page of zeros there, so that the reader sees damaged input, which it must understand anyway.
#include "binding.h"
#include "descriptor.h"
#include "facilities.h"
#include "mapped_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>

// Node-API has it since Node 20.4, as an experiment until version 10: not in the headers that this addon asks for, and null in a Node without it.
extern "C" __attribute__((weak)) napi_status node_api_create_external_string_latin1(napi_env env, char* text, size_t length, napi_finalize release,
                                                                                    void* owner, napi_value* result, bool* copied);

namespace deet {
namespace {

constexpr uintptr_t kPageSize = 4096;  // x86-64

// Which addresses are ours. A signal handler reads this on whichever thread faulted, so it is a list of atomics that only grows:
// no lock that the interrupted thread might hold, no memory that could be freed under the reader.
class MappingTable {
 public:
  struct Slot {
    std::atomic<uintptr_t> start{0};  // 0: free; kClaimed: being filled
    std::atomic<uintptr_t> end{0};
  };

  Slot* add(uintptr_t start, uintptr_t end) {
    for (Block* block = &first_;;) {
      for (Slot& slot : block->slots) {
        uintptr_t free = 0;
        if (!slot.start.compare_exchange_strong(free, kClaimed)) continue;
        slot.end.store(end);
        slot.start.store(start);
        return &slot;
      }
      block = next(block);
    }
  }

  static void remove(Slot* slot) {
    slot->end.store(0);
    slot->start.store(0);
  }

  // Async-signal-safe.
  bool contains(uintptr_t address) const { return holds(address, address + 1); }

  // All of it in one mapping.
  bool holds(uintptr_t start, uintptr_t end) const {
    for (const Block* block = &first_; block != nullptr; block = block->next.load())
      for (const Slot& slot : block->slots)
        if (start >= slot.start.load() && end <= slot.end.load()) return true;
    return false;
  }

 private:
  static constexpr uintptr_t kClaimed = ~uintptr_t{0};

  struct Block {
    Slot slots[128];
    std::atomic<Block*> next{nullptr};
  };

  static Block* next(Block* block) {
    if (Block* known = block->next.load()) return known;
    auto* fresh = new Block;
    Block* known = nullptr;
    if (block->next.compare_exchange_strong(known, fresh)) return fresh;
    delete fresh;
    return known;
  }

  Block first_;
};

MappingTable mappings;
struct sigaction previousAction;

// A fault that is not ours goes to whoever was there before.
void passOn(int signal, siginfo_t* info, void* context) {
  if (previousAction.sa_flags & SA_SIGINFO) {
    previousAction.sa_sigaction(signal, info, context);
  } else if (previousAction.sa_handler != SIG_DFL && previousAction.sa_handler != SIG_IGN) {
    previousAction.sa_handler(signal);
  } else {
    // Back to the kernel's own action. A faulting instruction faults again on return; a signal that was sent is sent again.
    sigaction(SIGBUS, &previousAction, nullptr);
    if (info->si_code <= 0) raise(SIGBUS);
  }
}

void onBusError(int signal, siginfo_t* info, void* context) {
  const int savedErrno = errno;
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  bool repaired = false;
  if (info->si_code == BUS_ADRERR && mappings.contains(address)) {
    void* page = reinterpret_cast<void*>(address & ~(kPageSize - 1));
    repaired = mmap(page, kPageSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
  }
  errno = savedErrno;
  if (!repaired) passOn(signal, info, context);
}

void installHandler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = onBusError;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previousAction);
  });
}

// One mapping, owned by the backing store of one ArrayBuffer. The collector takes such a store for memory that it could win back, and collects everything there is for a few big
// files: so it is told that there is as much less of other memory (countOutside).
class Mapping {
 public:
  Mapping(void* start, size_t length) : start_(start), length_(length), slot_(mappings.add(address(), address() + length)) {}
  void* start() const { return start_; }
  size_t length() const { return length_; }
  ~Mapping() {
    MappingTable::remove(slot_);  // first: the address may be another mapping's as soon as it is free
    munmap(start_, length_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

 private:
  uintptr_t address() const { return reinterpret_cast<uintptr_t>(start_); }

  void* start_;
  size_t length_;
  MappingTable::Slot* slot_;
};

// Opens regular files only. O_PATH looks at a file without opening it: no blocking on a fifo, no side effects on a device.
Descriptor openRegular(const std::string& path, struct stat& facts, int& error) {
  const Descriptor place(open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place || fstat(place.get(), &facts) != 0) {
    error = errno;
    return {};
  }
  if (!S_ISREG(facts.st_mode)) {
    error = S_ISDIR(facts.st_mode) ? EISDIR : EINVAL;
    return {};
  }
  char again[32];
  std::snprintf(again, sizeof again, "/proc/self/fd/%d", place.get());
  Descriptor file(open(again, O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file || fstat(file.get(), &facts) != 0) {
    error = errno;
    return {};
  }
  return file;
}

// A regular file in memory, or null and why not. `error` stays 0 for a file without bytes, which mmap refuses.
std::unique_ptr<Mapping> mapped(const std::string& path, int& error) {
  struct stat facts;
  if (path.find('\0') != std::string::npos) error = ENOENT;
  const Descriptor file = error == 0 ? openRegular(path, facts, error) : Descriptor();
  if (error != 0 || facts.st_size == 0) return nullptr;
  const auto length = static_cast<size_t>(facts.st_size);
  void* start = mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (start == MAP_FAILED) {
    error = errno;
    return nullptr;
  }
  installHandler();
  return std::make_unique<Mapping>(start, length);
}

// The V8 of Node 24 and newer ends the process when that goes below zero, and counts the stores of array buffers by themselves.
void countOutside(napi_env env, int64_t bytes) {
  const napi_node_version* version;
  if (napi_get_node_version(env, &version) != napi_ok || version->major >= 24) return;
  int64_t total;
  napi_adjust_external_memory(env, bytes, &total);
}

Napi::Value mapFile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto refuse = [&](int error) { return Napi::Number::New(env, -error); };
  int error = 0;
  const std::shared_ptr<Mapping> mapping = mapped(info[0].As<Napi::String>().Utf8Value(), error);
  if (error != 0) return refuse(error);
  if (!mapping) return Napi::ArrayBuffer::New(env, 0);

  auto* owner = new std::shared_ptr<Mapping>(mapping);
  const auto release = [](napi_env env, void*, void* owned) {
    auto* owner = static_cast<std::shared_ptr<Mapping>*>(owned);
    countOutside(env, static_cast<int64_t>((*owner)->length()));
    delete owner;
  };
  napi_value buffer;
  if (napi_create_external_arraybuffer(env, mapping->start(), mapping->length(), release, owner, &buffer) != napi_ok) {
    // Too long for this version of Node, which may have thrown, and may have released its share already.
    if (env.IsExceptionPending()) env.GetAndClearPendingException();
    if (mapping.use_count() > 1) delete owner;
    return refuse(EFBIG);
  }
  countOutside(env, -static_cast<int64_t>(mapping->length()));
  return Napi::ArrayBuffer(env, buffer);
}

// The text of a program that Node is about to compile, of which most is never looked at: a copy costs more than anything that is done with it.
Napi::Value mapText(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto refuse = [&](int error) { return Napi::Number::New(env, -error); };
  if (node_api_create_external_string_latin1 == nullptr) return refuse(ENOSYS);
  int error = 0;
  std::unique_ptr<Mapping> mapping = mapped(info[0].As<Napi::String>().Utf8Value(), error);
  if (error != 0) return refuse(error);
  if (!mapping) return Napi::String::New(env, "");

  const auto release = [](napi_env, void*, void* owned) { delete static_cast<Mapping*>(owned); };
  auto* text = static_cast<char*>(mapping->start());
  napi_value value;
  bool copied = false;
  if (node_api_create_external_string_latin1(env, text, mapping->length(), release, mapping.get(), &value, &copied) != napi_ok)
    return refuse(EFBIG);
  // What was copied is released already.
  static_cast<void>(mapping.release());
  return Napi::Value(env, value);
}

// Detaching hands the backing store back; its finalizer unmaps, as it does when the collector comes first.
void unmapFile(const Napi::CallbackInfo& info) {
  auto buffer = info[0].As<Napi::ArrayBuffer>();
  if (!buffer.IsDetached()) buffer.Detach();
}

long releaseBytes(Bytes bytes) {
  releasePages(bytes.data(), bytes.size());
  return 0;
}

}  // namespace

void releasePages(const void* start, size_t length) {
  const auto address = reinterpret_cast<uintptr_t>(start);
  if (length == 0 || !mappings.holds(address, address + length)) return;
  const uintptr_t first = (address + kPageSize - 1) & ~(kPageSize - 1);
  const uintptr_t end = (address + length) & ~(kPageSize - 1);
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
}

void exportMappedFile(Napi::Object exports) {
  exports.Set("mapFile", Napi::Function::New<mapFile>(exports.Env(), "mapFile"));
  exportAll(exports, {bind<releaseBytes>("releasePages")});
  exports.Set("mapText", Napi::Function::New<mapText>(exports.Env(), "mapText"));
  exports.Set("unmapFile", Napi::Function::New<unmapFile>(exports.Env(), "unmapFile"));
}

}  // namespace deet
