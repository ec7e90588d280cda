// The memory of another process, in the two ways that the kernel offers: process_vm_readv(2), which needs no descriptor, and
// /proc/PID/mem (proc(5)), which writes through page protections as a debugger must to plant a breakpoint in read-only code.
#include "binding.h"
#include "facilities.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdio>

namespace deet {
namespace {

long readMemory(int pid, uint64_t address, Bytes into) {
  const iovec local{into.data(), into.size()};
  const iovec remote{reinterpret_cast<void*>(address), into.size()};
  return orErrno(process_vm_readv(pid, &local, 1, &remote, 1, 0));
}

long openMemory(int pid) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/mem", pid);
  return orErrno(open(path, O_RDWR | O_CLOEXEC));
}

// pread(2) takes the address as a signed offset. Negative ones are the kernel's half, as unreadable as any hole: the same error.
bool isUserAddress(uint64_t address) { return static_cast<int64_t>(address) >= 0; }

long readAt(int descriptor, uint64_t address, Bytes into) {
  if (!isUserAddress(address)) return -EIO;
  return orErrno(pread(descriptor, into.data(), into.size(), static_cast<off_t>(address)));
}

long writeAt(int descriptor, uint64_t address, Bytes from) {
  if (!isUserAddress(address)) return -EIO;
  return orErrno(pwrite(descriptor, from.data(), from.size(), static_cast<off_t>(address)));
}

// After EINTR the descriptor is closed all the same on Linux (close(2)): it must not be closed again.
long closeDescriptor(int descriptor) { return close(descriptor) == 0 || errno == EINTR ? 0 : -errno; }

}  // namespace

void exportMemory(Napi::Object exports) {
  exportAll(exports, {
                         bind<readMemory>("readMemory"),
                         bind<openMemory>("openMemory"),
                         bind<readAt>("readAt"),
                         bind<writeAt>("writeAt"),
                         bind<closeDescriptor>("closeDescriptor"),
                     });
}

}  // namespace deet
