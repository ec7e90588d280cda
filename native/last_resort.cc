// A signal that shall end deet while JavaScript is busy. Node only notes a signal and tells its listeners when the event loop turns; in a long
// computation, or in a write to a pipe that nobody reads, that may be never. So each such signal starts a timer (alarm(2)) as well, and if deet still
// lives when it rings, the process ends there and then; so it does when the time of the whole run is over. The kernel kills its tracees with it (PTRACE_O_EXITKILL), and init reaps them.
#include "binding.h"
#include "facilities.h"
#include "signal_chain.h"

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
std::atomic<bool> ending;  // by the first signal: a second one does not set the clock back
std::atomic<int> endStatus;
static_assert(std::atomic<int>::is_always_lock_free);  // as signal handlers need it

// Handlers call only what signal-safety(7) allows.
void onAlarm(int) { _exit(endStatus); }

void onSignal(int signal, siginfo_t* info, void* context) {
  const int savedErrno = errno;
  if (!ending.exchange(true)) {
    endStatus = 128 + signal;
    alarm(static_cast<unsigned>(graceSeconds.load()));
  }
  passOn(nodesActions[static_cast<size_t>(signal)], signal, info, context);
  errno = savedErrno;
}

long hearAlarm() {
  struct sigaction action {};
  action.sa_handler = onAlarm;
  action.sa_flags = SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  return orErrno(sigaction(SIGALRM, &action, nullptr));
}

long endAfter(int seconds, int status) {
  if (seconds < 1) return -EINVAL;
  if (const long error = hearAlarm()) return error;
  endStatus = status;
  alarm(static_cast<unsigned>(seconds));
  return 0;
}

long endWithin(int signal, int seconds) {
  if (signal < 1 || signal >= kSignals || seconds < 1) return -EINVAL;
  graceSeconds = seconds;
  if (const long error = hearAlarm()) return error;
  return orErrno(standInFront(signal, onSignal, nodesActions[static_cast<size_t>(signal)]));
}

}  // namespace

void exportLastResort(Napi::Object exports) { exportAll(exports, {bind<endAfter>("endAfter"), bind<endWithin>("endWithin")}); }

}  // namespace deet
