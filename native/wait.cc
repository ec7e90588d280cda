// wait(2): what happened to a tracee. All calls carry __WALL, because a tracee may be a thread or a clone with another exit signal.
#include "binding.h"
#include "facilities.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

namespace deet {
namespace {

// Writes [pid, status] ([0, 0]: nothing yet; [-errno, 0]: refused) and returns the first.
long report(Integers into, pid_t pid, int status) {
  const int first = pid < 0 ? -errno : pid;
  into[0] = first;
  into[1] = pid > 0 ? status : 0;
  return first;
}

long wait(int pid, int flags, Integers into) {
  if (into.size() < 2) return -EINVAL;
  int status = 0;
  const pid_t found = waitpid(pid, &status, flags | __WALL);
  return report(into, found, status);
}

int64_t nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

// The answer to a step or to a call that touches memory comes within microseconds: asking again is cheaper than sleeping and being
// woken. Process groups and -1 are refused: a spin must not steal a child of Node's own. The yield lets a tracee run that shares our
// CPU (23 instead of 33 microseconds a step); alone on the CPU it costs nothing that the step would notice.
long waitSpin(int pid, int microseconds, Integers into) {
  if (into.size() < 2 || pid <= 0) return -EINVAL;
  const int64_t deadline = nanoseconds() + microseconds * 1000LL;
  for (;;) {
    int status = 0;
    const pid_t found = waitpid(pid, &status, WNOHANG | __WALL);
    if (found != 0 || nanoseconds() >= deadline) return report(into, found, status);
    sched_yield();
  }
}

long peekWaitable() {
  siginfo_t info{};
  const int result = waitid(P_ALL, 0, &info, WNOWAIT | WNOHANG | WEXITED | WSTOPPED | __WALL | __WNOTHREAD);
  if (result < 0) return errno == ECHILD ? 0 : -errno;
  return info.si_pid;
}

long peekSpin(int microseconds) {
  const int64_t deadline = nanoseconds() + microseconds * 1000LL;
  for (;;) {
    const long found = peekWaitable();
    if (found != 0 || nanoseconds() >= deadline) return found;
    sched_yield();
  }
}

// Whoever looks by himself needs no SIGCHLD for each stop of a tracee, and Node's handler for it costs as much as half a stop: it takes
// a lock and writes to two pipes. SA_NOCLDSTOP leaves the signals for deaths, which are what Node's own children are about.
long signalStops(int wanted) {
  struct sigaction action;
  if (sigaction(SIGCHLD, nullptr, &action) < 0) return -errno;
  action.sa_flags = wanted ? action.sa_flags & ~SA_NOCLDSTOP : action.sa_flags | SA_NOCLDSTOP;
  return orErrno(sigaction(SIGCHLD, &action, nullptr));
}

}  // namespace

void exportWait(Napi::Object exports) {
  exportAll(exports, {
                         bind<wait>("wait"),
                         bind<waitSpin>("waitSpin"),
                         bind<peekWaitable>("peekWaitable"),
                         bind<peekSpin>("peekSpin"),
                         bind<signalStops>("signalStops"),
                     });
}

}  // namespace deet
