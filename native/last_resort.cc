// A signal that shall end deet while JavaScript is busy. Node only notes a signal and tells its listeners when the event loop turns; in a long
// computation, or in a write to a pipe that nobody reads, that may be never. So each such signal starts a timer (alarm(2)) as well, and if deet still
// lives when it rings, the process ends there and then. The kernel kills its tracees with it (PTRACE_O_EXITKILL), and init reaps them.
#include "binding.h"
#include "facilities.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

namespace deet {
namespace {

constexpr int kSignals = 32;  // the standard ones: 1 to 31

std::array<struct sigaction, kSignals> nodesActions;
std::atomic<int> graceSeconds;
std::atomic<int> cause;
static_assert(std::atomic<int>::is_always_lock_free);  // as signal handlers need it

// Handlers call only what signal-safety(7) allows.
void onAlarm(int) { _exit(128 + cause); }

void onSignal(int signal, siginfo_t* info, void* context) {
  const int savedErrno = errno;
  int none = 0;
  if (cause.compare_exchange_strong(none, signal)) alarm(static_cast<unsigned>(graceSeconds.load()));
  const struct sigaction& node = nodesActions[static_cast<size_t>(signal)];
  if (node.sa_flags & SA_SIGINFO) {
    node.sa_sigaction(signal, info, context);
  } else if (node.sa_handler != SIG_DFL && node.sa_handler != SIG_IGN) {
    node.sa_handler(signal);
  }
  errno = savedErrno;
}

long endWithin(int signal, int seconds) {
  if (signal < 1 || signal >= kSignals || seconds < 1) return -EINVAL;
  graceSeconds = seconds;
  struct sigaction alarmed {};
  alarmed.sa_handler = onAlarm;
  alarmed.sa_flags = SA_ONSTACK;
  sigemptyset(&alarmed.sa_mask);
  if (sigaction(SIGALRM, &alarmed, nullptr) < 0) return -errno;
  struct sigaction action {};
  action.sa_sigaction = onSignal;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  return orErrno(sigaction(signal, &action, &nodesActions[static_cast<size_t>(signal)]));
}

}  // namespace

void exportLastResort(Napi::Object exports) { exportAll(exports, {bind<endWithin>("endWithin")}); }

}  // namespace deet
