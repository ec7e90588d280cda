// wait(2): what happened to a tracee. All calls carry __WALL, because a tracee may be a thread or a clone with another exit signal.
#include "binding.h"
#include "facilities.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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
  pid_t found;
  do found = waitpid(pid, &status, flags | __WALL);
  while (found < 0 && errno == EINTR);  // a tick, see below
  return report(into, found, status);
}

// Waits block, and a timer's signal ends them: sleeping is how to leave the processor to the tracee (the kernel then runs it where we ran,
// with warm caches), and a spin would take it from the tracee when the machine is busy. The timer beats periodically, because a single
// shot could fall into the moment before the wait begins. It belongs to the calling thread, and its handler does nothing.
int tickSignal() { return SIGRTMIN + 7; }

long setTimer(timer_t timer, int microseconds) {
  itimerspec beat{};
  beat.it_value.tv_nsec = beat.it_interval.tv_nsec = microseconds * 1000L;
  return orErrno(timer_settime(timer, 0, &beat, nullptr));
}

long ticks(int microseconds) {
  static thread_local timer_t timer;
  static thread_local bool made = false;
  if (microseconds < 0 || microseconds >= 1'000'000) return -EINVAL;
  if (!made) {
    struct sigaction action {};
    action.sa_handler = [](int) {};  // without SA_RESTART: the wait ends with EINTR
    if (sigaction(tickSignal(), &action, nullptr) < 0) return -errno;
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = tickSignal();
    event._sigev_un._tid = gettid();
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0) return -errno;
    made = true;
  }
  return setTimer(timer, microseconds);
}

// Process groups and -1 are refused: a child of Node's own must not be taken.
long waitTick(int pid, Integers into) {
  if (into.size() < 2 || pid <= 0) return -EINVAL;
  int status = 0;
  const pid_t found = waitpid(pid, &status, __WALL);
  return found < 0 && errno == EINTR ? report(into, 0, 0) : report(into, found, status);
}

long peek(int flags) {
  siginfo_t info{};
  const int result = waitid(P_ALL, 0, &info, flags | WNOWAIT | WEXITED | WSTOPPED | __WALL | __WNOTHREAD);
  if (result < 0) return errno == ECHILD || errno == EINTR ? 0 : -errno;
  return info.si_pid;
}

long peekWaitable() { return peek(WNOHANG); }
long peekTick() { return peek(0); }

int64_t nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

// For a moment that is sure to be short, with a limit that is shorter than a tick. The yield lets a tracee run that shares our CPU.
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
                         bind<ticks>("ticks"),
                         bind<waitTick>("waitTick"),
                         bind<peekTick>("peekTick"),
                         bind<signalStops>("signalStops"),
                     });
}

}  // namespace deet
