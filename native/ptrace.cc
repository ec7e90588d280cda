// ptrace(2), request by request. The raw system call is used, not glibc's wrapper: its PEEK requests return the word through a
// pointer, which leaves no doubt between a word of -1 and an error. Only the thread that launched or seized a tracee may call these;
// any other gets -ESRCH.
#include "binding.h"
#include "facilities.h"

#include <elf.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

namespace deet {
namespace {

long ptrace(long request, int tid, uintptr_t address, uintptr_t data) { return orErrno(syscall(SYS_ptrace, request, tid, address, data)); }

long ptrace(long request, int tid, uintptr_t address, const void* data) {
  return ptrace(request, tid, address, reinterpret_cast<uintptr_t>(data));
}

uintptr_t word(int number) { return static_cast<uintptr_t>(number); }

long cont(int tid, int signal) { return ptrace(PTRACE_CONT, tid, 0, word(signal)); }
long step(int tid, int signal) { return ptrace(PTRACE_SINGLESTEP, tid, 0, word(signal)); }
long continueToSyscall(int tid, int signal) { return ptrace(PTRACE_SYSCALL, tid, 0, word(signal)); }
long listen(int tid) { return ptrace(PTRACE_LISTEN, tid, 0, word(0)); }
long interrupt(int tid) { return ptrace(PTRACE_INTERRUPT, tid, 0, word(0)); }
long seize(int pid, int options) { return ptrace(PTRACE_SEIZE, pid, 0, word(options)); }
long detach(int tid, int signal) { return ptrace(PTRACE_DETACH, tid, 0, word(signal)); }
long setOptions(int tid, int options) { return ptrace(PTRACE_SETOPTIONS, tid, 0, word(options)); }

long eventMessage(int tid) {
  unsigned long message = 0;
  const long result = ptrace(PTRACE_GETEVENTMSG, tid, 0, &message);
  return result < 0 ? result : static_cast<long>(message);
}

constexpr size_t kRegisterWords = sizeof(user_regs_struct) / sizeof(uint64_t);
static_assert(kRegisterWords == 27, "src/native.ts promises 27 words");

long getRegisters(int tid, Words into) {
  return into.size() < kRegisterWords ? -EINVAL : ptrace(PTRACE_GETREGS, tid, 0, into.data());
}

long setRegisters(int tid, Words from) {
  return from.size() < kRegisterWords ? -EINVAL : ptrace(PTRACE_SETREGS, tid, 0, from.data());
}

// One of them: a third of the price of all.
long setRegister(int tid, int index, uint64_t value) {
  if (index < 0 || static_cast<size_t>(index) >= kRegisterWords) return -EINVAL;
  return ptrace(PTRACE_POKEUSR, tid, offsetof(struct user, regs) + sizeof(uint64_t) * word(index), value);
}

// The kernel shortens the vector to what the machine has: the size of NT_X86_XSTATE differs from CPU to CPU.
long registerSet(long request, int tid, int type, Bytes bytes) {
  iovec vector{bytes.data(), bytes.size()};
  const long result = ptrace(request, tid, word(type), &vector);
  return result < 0 ? result : static_cast<long>(vector.iov_len);
}

long getRegisterSet(int tid, int type, Bytes into) { return registerSet(PTRACE_GETREGSET, tid, type, into); }
long setRegisterSet(int tid, int type, Bytes from) { return registerSet(PTRACE_SETREGSET, tid, type, from); }

uintptr_t debugRegisterOffset(int index) { return offsetof(struct user, u_debugreg) + sizeof(long) * word(index); }

WordOrError getDebugRegister(int tid, int index) {
  if (index < 0 || index > 7) return {0, -EINVAL};
  uint64_t value = 0;
  const long result = ptrace(PTRACE_PEEKUSR, tid, debugRegisterOffset(index), &value);
  return {value, result < 0 ? result : 0};
}

long setDebugRegister(int tid, int index, uint64_t value) {
  return index < 0 || index > 7 ? -EINVAL : ptrace(PTRACE_POKEUSR, tid, debugRegisterOffset(index), value);
}

constexpr size_t kSignalInfoSize = 128;  // sizeof(siginfo_t), fixed by the kernel's interface

long getSignalInfo(int tid, Bytes into) {
  return into.size() < kSignalInfoSize ? -EINVAL : ptrace(PTRACE_GETSIGINFO, tid, 0, into.data());
}

long setSignalInfo(int tid, Bytes from) {
  return from.size() < kSignalInfoSize ? -EINVAL : ptrace(PTRACE_SETSIGINFO, tid, 0, from.data());
}

// Of the signals that wait, for the thread or (shared) for its process. Returns 1, or 0 when there are fewer.
long peekSignalInfo(int tid, int index, int shared, Bytes into) {
  if (into.size() < kSignalInfoSize) return -EINVAL;
  ptrace_peeksiginfo_args from{static_cast<uint64_t>(index), shared != 0 ? uint32_t{PTRACE_PEEKSIGINFO_SHARED} : 0, 1};
  return ptrace(PTRACE_PEEKSIGINFO, tid, reinterpret_cast<uintptr_t>(&from), into.data());
}

WordOrError getSignalMask(int tid) {
  uint64_t mask = 0;
  const long result = ptrace(PTRACE_GETSIGMASK, tid, sizeof mask, &mask);
  return {mask, result < 0 ? result : 0};
}

long setSignalMask(int tid, uint64_t mask) { return ptrace(PTRACE_SETSIGMASK, tid, sizeof mask, &mask); }

// The kernel returns the size that it could have written, which is more than it wrote when the buffer is short.
long getSyscallInfo(int tid, Bytes into) {
  const long available = ptrace(PTRACE_GET_SYSCALL_INFO, tid, into.size(), into.data());
  return available > static_cast<long>(into.size()) ? static_cast<long>(into.size()) : available;
}

}  // namespace

void exportPtrace(Napi::Object exports) {
  exportAll(exports, {
                         bind<cont>("cont"),
                         bind<step>("step"),
                         bind<continueToSyscall>("syscall"),
                         bind<listen>("listen"),
                         bind<interrupt>("interrupt"),
                         bind<seize>("seize"),
                         bind<detach>("detach"),
                         bind<setOptions>("setOptions"),
                         bind<eventMessage>("eventMessage"),
                         bind<getRegisters>("getRegisters"),
                         bind<setRegisters>("setRegisters"),
                         bind<setRegister>("setRegister"),
                         bind<getRegisterSet>("getRegisterSet"),
                         bind<setRegisterSet>("setRegisterSet"),
                         bind<getDebugRegister>("getDebugRegister"),
                         bind<setDebugRegister>("setDebugRegister"),
                         bind<getSignalInfo>("getSignalInfo"),
                         bind<setSignalInfo>("setSignalInfo"),
                         bind<peekSignalInfo>("peekSignalInfo"),
                         bind<getSignalMask>("getSignalMask"),
                         bind<setSignalMask>("setSignalMask"),
                         bind<getSyscallInfo>("getSyscallInfo"),
                     });
}

}  // namespace deet
