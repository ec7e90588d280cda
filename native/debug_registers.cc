// Whether the processor's debug registers do what they are for. Some virtual machines take what the kernel writes into them and never trap:
// a watchpoint would be set, and never hit. Only trying tells: a child that watches a variable of its own, and writes it.
#include "binding.h"
#include "facilities.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>

namespace deet {
namespace {

volatile int watched;

[[noreturn]] void writeWhenContinued() {
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) < 0) _exit(1);
  kill(getpid(), SIGSTOP);
  watched = 1;
  _exit(0);
}

// The status with which the child has stopped or ended; 0: there is no such child.
int statusOf(pid_t child) {
  int status = 0;
  pid_t found;
  do found = waitpid(child, &status, __WALL);
  while (found < 0 && errno == EINTR);
  return found < 0 ? 0 : status;
}

bool write(pid_t child, int index, uintptr_t value) {
  return ::ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg) + sizeof(long) * static_cast<uintptr_t>(index), value) == 0;
}

bool watch(pid_t child) {
  constexpr uintptr_t kEnabledLocally = 1, kOnWrites = 1 << 16, kFourBytes = 3 << 18;  // DR7, for DR0 (Intel SDM volume 3, 18.2.4)
  return write(child, 0, reinterpret_cast<uintptr_t>(&watched)) && write(child, 7, kEnabledLocally | kOnWrites | kFourBytes);
}

// 1: they trap; 0: they do not; -errno: it cannot be tried.
long debugRegistersTrap() {
  const pid_t child = fork();
  if (child < 0) return -errno;
  if (child == 0) writeWhenContinued();
  int status = statusOf(child);
  if (!WIFSTOPPED(status)) return -EPERM;
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_EXITKILL);
  if (watch(child) && ::ptrace(PTRACE_CONT, child, nullptr, nullptr) == 0) status = statusOf(child);
  if (!WIFSTOPPED(status)) return 0;
  const bool traps = WSTOPSIG(status) == SIGTRAP;
  kill(child, SIGKILL);
  statusOf(child);
  return traps ? 1 : 0;
}

}  // namespace

void exportDebugRegisters(Napi::Object exports) { exportAll(exports, {bind<debugRegistersTrap>("debugRegistersTrap")}); }

}  // namespace deet
