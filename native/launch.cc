// Launching: the plan is laid out, a child is cloned on shared memory, the child follows the plan, the parent learns how it went.
// Why each line is as it is: launch.h.
#include "launch.h"

#include "descriptor.h"
#include "facilities.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>
#include <vector>

// The child runs on a stack that the sanitizers do not know, in memory that is the parent's.
#define IN_CHILD __attribute__((no_sanitize("address", "undefined")))

namespace deet {
namespace {

constexpr int kHighestFd = INT_MAX - 1;
constexpr int kSignals = 64;
constexpr size_t kMaskSize = kSignals / 8;

// The kernel's own struct sigaction (rt_sigaction(2)): all zero is SIG_DFL with no flags and an empty mask.
struct KernelAction {
  uintptr_t handler, flags, restorer, mask;
};

uint64_t bit(int signal) { return uint64_t{1} << (signal - 1); }

IN_CHILD void setMask(uint64_t mask) { syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, kMaskSize); }

// ---- The child, between clone and exec: async-signal-safe calls and system calls only. ----

[[noreturn]] IN_CHILD void fail(const ChildPlan& plan, LaunchStep step, int index = -1) {
  const LaunchFailure failure{step, errno, index};
  // A pipe takes a record of this size whole; if it cannot be written, the exit status 127 is all that can be said.
  [[maybe_unused]] const ssize_t written = write(plan.reportDescriptor, &failure, sizeof failure);
  _exit(127);
}

IN_CHILD void resetSignalActions() {
  const KernelAction standard{};
  for (int signal = 1; signal <= kSignals; signal++)
    if (signal != SIGKILL && signal != SIGSTOP) syscall(SYS_rt_sigaction, signal, &standard, nullptr, kMaskSize);
}

IN_CHILD void hideDescriptors() {
  if (syscall(SYS_close_range, 3, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0) return;
  // Before Linux 5.11, or a filter that does not know the call. A gap proves nothing, so all possible numbers are marked.
  rlimit limit{};
  syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limit);
  for (rlim_t descriptor = 3; descriptor < limit.rlim_cur; descriptor++) fcntl(static_cast<int>(descriptor), F_SETFD, FD_CLOEXEC);
}

// open(2) that cannot block; -1 with errno.
IN_CHILD int openNow(const char* path, int flags, int mode) {
  const int descriptor = open(path, flags | O_NONBLOCK | O_CLOEXEC, mode);
  if (descriptor >= 0 && (flags & O_NONBLOCK) == 0) fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
  return descriptor;
}

// Makes `target` a copy of `source` that survives exec.
IN_CHILD bool place(int source, int target) { return source == target ? fcntl(target, F_SETFD, 0) == 0 : dup2(source, target) >= 0; }

IN_CHILD void openTerminal(const ChildPlan& plan) {
  if (setsid() < 0) fail(plan, LaunchStep::Tty);
  const int terminal = openNow(plan.tty, O_RDWR, 0);
  if (terminal < 0) fail(plan, LaunchStep::Tty);
  // EPERM: it controls another session (somebody's terminal window). It can still be written and read, only its Ctrl-C stays there.
  if (ioctl(terminal, TIOCSCTTY, 0) < 0 && errno != EPERM) fail(plan, LaunchStep::Tty);
  for (int standard = 0; standard <= 2; standard++)
    if (!place(terminal, standard)) fail(plan, LaunchStep::Tty);
  if (terminal > 2) close(terminal);
}

IN_CHILD void redirect(const ChildPlan& plan) {
  for (int standard = 0; standard <= 2; standard++) fcntl(standard, F_SETFD, 0);
  for (size_t index = 0; index < plan.redirectionCount; index++) {
    const Redirection& entry = plan.redirections[index];
    const bool opened = entry.path != nullptr;
    const int source = opened ? openNow(entry.path, entry.flags, entry.mode) : entry.from;
    if (source < 0 || !place(source, entry.fd)) fail(plan, LaunchStep::Redirect, static_cast<int>(index));
    if (opened && source != entry.fd) close(source);
  }
  for (int standard = 0; standard <= 2; standard++) {
    const int flags = fcntl(standard, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) != 0) fcntl(standard, F_SETFL, flags & ~O_NONBLOCK);
  }
}

// A limit that is lower already stays: to raise it takes rights. Refused, as by a filter of system calls: the program runs without.
IN_CHILD void lowerLimits(const ChildPlan& plan) {
  for (size_t index = 0; index < plan.limitCount; index++) {
    const Limit& wanted = plan.limits[index];
    rlimit limit{};
    if (syscall(SYS_prlimit64, 0, wanted.resource, nullptr, &limit) != 0) continue;
    const rlim_t most = wanted.most < limit.rlim_max ? wanted.most : limit.rlim_max;
    limit = {most, most};
    syscall(SYS_prlimit64, 0, wanted.resource, &limit, nullptr);
  }
}

// The terminal that was given to the child's group, and whose it was: a dead group must not keep it, or deet would be stopped by
// SIGTTIN at its next read. SIGTTOU, which would stop us for changing this from the background, is still blocked.
struct Foreground {
  int terminal = -1;
  pid_t before = -1;
};

IN_CHILD Foreground takeForeground(const ChildPlan& plan) {
  Foreground taken;
  const pid_t group = getpid();
  taken.terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (taken.terminal < 0) {
    if (errno == ENXIO || errno == ENOENT) return taken;  // there is no terminal: nothing to take
    fail(plan, LaunchStep::Group);
  }
  if (ioctl(taken.terminal, TIOCGPGRP, &taken.before) < 0 || ioctl(taken.terminal, TIOCSPGRP, &group) < 0) fail(plan, LaunchStep::Group);
  return taken;
}

IN_CHILD int runChild(void* argument) noexcept {
  const ChildPlan& plan = *static_cast<const ChildPlan*>(argument);
  resetSignalActions();
  hideDescriptors();
  if (plan.tty != nullptr) openTerminal(plan);
  redirect(plan);
  if (plan.cwd != nullptr && chdir(plan.cwd) < 0) fail(plan, LaunchStep::Cwd);
  // The leader of a session leads its group already, and the terminal that it opened is its own.
  const bool newGroup = plan.processGroup && plan.tty == nullptr;
  if (newGroup && (plan.session ? setsid() : setpgid(0, 0)) < 0) fail(plan, LaunchStep::Group);
  if (plan.disableRandomization) {
    const int persona = personality(0xffffffff);
    if (persona < 0 || personality(persona | ADDR_NO_RANDOMIZE) < 0) fail(plan, LaunchStep::Personality);
  }
  if (plan.trace && syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0) < 0) fail(plan, LaunchStep::Trace);
  lowerLimits(plan);
  const Foreground taken = newGroup && plan.foreground ? takeForeground(plan) : Foreground{};
  setMask(plan.trace ? ~bit(SIGTRAP) : 0);
  execve(plan.path, plan.argv, plan.environment);
  const int reason = errno;
  setMask(~uint64_t{0});
  if (taken.terminal >= 0) ioctl(taken.terminal, TIOCSPGRP, &taken.before);
  errno = reason;
  fail(plan, LaunchStep::Exec);
}

// ---- The parent. ----

class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    const uint64_t all = ~uint64_t{0};
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before_, kMaskSize);
  }
  ~AllSignalsBlocked() { setMask(before_); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  uint64_t before_ = 0;
};

// The child's stack, with a page below it that nobody may touch.
class ChildStack {
 public:
  ChildStack() : base_(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {
    if (*this) mprotect(base_, kGuard, PROT_NONE);
  }
  ~ChildStack() {
    if (*this) munmap(base_, kSize);
  }
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;

  explicit operator bool() const { return base_ != MAP_FAILED; }
  void* top() const { return static_cast<char*>(base_) + kSize; }

 private:
  static constexpr size_t kGuard = 4096, kSize = 64 * 1024;
  void* base_;
};

LaunchOutcome failure(LaunchStep step, int error) { return {0, {step, error, -1}}; }

// The stop at exec, seen without consuming it: the program starts with no signal blocked, and dies with its tracer.
void finishTracedExec(pid_t pid) {
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WEXITED | WNOWAIT | __WALL) < 0 && errno == EINTR) {
  }
  if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) return;  // killed meanwhile: the caller's wait will say so
  const uint64_t none = 0;
  syscall(SYS_ptrace, PTRACE_SETSIGMASK, pid, sizeof none, &none);
  syscall(SYS_ptrace, PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL);
}

LaunchOutcome launch(ChildPlan& plan) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return failure(LaunchStep::Fork, errno);
  Descriptor readEnd(ends[0]), lowWriteEnd(ends[1]);
  // No redirection may land on the descriptor that would report its failure.
  int highest = 2;
  for (size_t index = 0; index < plan.redirectionCount; index++) highest = std::max(highest, std::min(plan.redirections[index].fd, kHighestFd));
  Descriptor writeEnd(fcntl(lowWriteEnd.get(), F_DUPFD_CLOEXEC, highest + 1));
  if (!writeEnd && errno == EINVAL) writeEnd = std::move(lowWriteEnd);  // that fd is beyond the limit: its dup2 will say so
  if (!writeEnd) return failure(LaunchStep::Fork, errno);
  lowWriteEnd.reset();
  plan.reportDescriptor = writeEnd.get();

  const ChildStack stack;
  if (!stack) return failure(LaunchStep::Fork, errno);
  pid_t pid;
  int cloneError;
  {
    const AllSignalsBlocked blocked;
    pid = clone(runChild, stack.top(), CLONE_VM | CLONE_VFORK | SIGCHLD, &plan);
    cloneError = errno;
  }
  if (pid < 0) return failure(LaunchStep::Fork, cloneError);
  writeEnd.reset();

  LaunchOutcome outcome{pid, {}};
  if (read(readEnd.get(), &outcome.failure, sizeof outcome.failure) == sizeof outcome.failure) {
    while (waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
    }
    outcome.pid = 0;
    return outcome;
  }
  if (plan.trace) finishTracedExec(pid);
  return outcome;
}

// ---- JavaScript's plan as the child's. ----

// Strings and the array of pointers to them that exec wants, ended by null.
class StringArray {
 public:
  explicit StringArray(const Napi::Array& array) {
    for (uint32_t index = 0; index < array.Length(); index++) strings_.push_back(Napi::Value(array[index]).As<Napi::String>().Utf8Value());
    for (std::string& string : strings_) pointers_.push_back(string.data());
    pointers_.push_back(nullptr);
  }
  char* const* data() const { return pointers_.data(); }

 private:
  std::vector<std::string> strings_;
  std::vector<char*> pointers_;
};

std::string text(const Napi::Object& object, const char* key) { return object.Get(key).As<Napi::String>().Utf8Value(); }

bool truth(const Napi::Object& object, const char* key) { return object.Get(key).ToBoolean(); }

int number(const Napi::Object& object, const char* key) { return object.Get(key).As<Napi::Number>().Int32Value(); }

// Owns the paths that the redirections point to.
class Redirections {
 public:
  explicit Redirections(const Napi::Array& array) {
    const uint32_t count = array.Length();
    paths_.reserve(count);
    for (uint32_t index = 0; index < count; index++) {
      const auto item = Napi::Value(array[index]).As<Napi::Object>();
      if (item.Has("from")) {
        entries_.push_back({number(item, "fd"), nullptr, 0, 0, number(item, "from")});
      } else {
        paths_.push_back(text(item, "path"));
        entries_.push_back({number(item, "fd"), paths_.back().c_str(), number(item, "flags"), number(item, "mode"), -1});
      }
    }
  }
  const Redirection* data() const { return entries_.data(); }
  size_t size() const { return entries_.size(); }

 private:
  std::vector<std::string> paths_;
  std::vector<Redirection> entries_;
};

std::vector<Limit> limitsIn(const Napi::Object& plan) {
  std::vector<Limit> limits;
  if (!plan.Has("limits")) return limits;
  const auto array = plan.Get("limits").As<Napi::Array>();
  for (uint32_t index = 0; index < array.Length(); index++) {
    const auto item = Napi::Value(array[index]).As<Napi::Object>();
    limits.push_back({number(item, "resource"), static_cast<uint64_t>(item.Get("most").As<Napi::Number>().Int64Value())});
  }
  return limits;
}

Napi::Value toValue(Napi::Env env, const LaunchOutcome& outcome) {
  static constexpr const char* kStepNames[] = {"fork", "tty", "redirect", "cwd", "group", "personality", "trace", "exec"};
  auto result = Napi::Object::New(env);
  if (outcome.pid > 0) {
    result.Set("pid", outcome.pid);
    return result;
  }
  result.Set("step", kStepNames[static_cast<size_t>(outcome.failure.step)]);
  result.Set("errno", outcome.failure.error);
  if (outcome.failure.index >= 0) result.Set("index", outcome.failure.index);
  return result;
}

Napi::Value launchFromJavaScript(const Napi::CallbackInfo& info) {
  const auto object = info[0].As<Napi::Object>();
  const std::string path = text(object, "path");
  const StringArray argv(object.Get("argv").As<Napi::Array>());
  const StringArray environment(object.Get("environment").As<Napi::Array>());
  const Redirections redirections(object.Get("redirections").As<Napi::Array>());
  const std::vector<Limit> limits = limitsIn(object);
  const bool hasCwd = object.Get("cwd").IsString(), hasTty = object.Get("tty").IsString();
  const std::string cwd = hasCwd ? text(object, "cwd") : "";
  const std::string tty = hasTty ? text(object, "tty") : "";
  ChildPlan plan{
      .path = path.c_str(),
      .argv = argv.data(),
      .environment = environment.data(),
      .cwd = hasCwd ? cwd.c_str() : nullptr,
      .tty = hasTty ? tty.c_str() : nullptr,
      .redirections = redirections.data(),
      .redirectionCount = redirections.size(),
      .limits = limits.data(),
      .limitCount = limits.size(),
      .processGroup = truth(object, "processGroup"),
      .session = truth(object, "session"),
      .foreground = truth(object, "foreground"),
      .disableRandomization = truth(object, "disableRandomization"),
      .trace = truth(object, "trace"),
      .reportDescriptor = -1,
  };
  return toValue(info.Env(), launch(plan));
}

}  // namespace

void exportLaunch(Napi::Object exports) {
  exports.Set("launch", Napi::Function::New<launchFromJavaScript>(exports.Env(), "launch"));
}

}  // namespace deet
