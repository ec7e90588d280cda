// Signals sent to processes and threads, kcmp(2) and CPU affinity.
#include "binding.h"
#include "facilities.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace deet {
namespace {

// kill(0) is deet's own group and kill(-1) is everything that the user owns: never what a debugger means.
long sendSignal(int pid, int signal) { return pid == 0 || pid == -1 ? -EINVAL : orErrno(kill(pid, signal)); }

long sendSignalToThread(int pid, int tid, int signal) { return orErrno(syscall(SYS_tgkill, pid, tid, signal)); }

long compare(int pid1, int pid2, int type, int64_t a, int64_t b) {
  return orErrno(syscall(SYS_kcmp, pid1, pid2, type, static_cast<unsigned long>(a), static_cast<unsigned long>(b)));
}

// A CPU set crosses as one bigint, bit n for CPU n, however many CPUs there are (up to CPU_SETSIZE).
constexpr size_t kSetWords = sizeof(cpu_set_t) / sizeof(uint64_t);

Napi::Value setAffinity(const Napi::CallbackInfo& info) {
  uint64_t words[kSetWords] = {};
  size_t count = kSetWords;
  int sign = 0;
  info[1].As<Napi::BigInt>().ToWords(&sign, &count, words);
  if (sign != 0 || count > kSetWords) return Napi::Number::New(info.Env(), -EINVAL);
  const pid_t tid = info[0].As<Napi::Number>().Int32Value();
  return Napi::Number::New(info.Env(), orErrno(syscall(SYS_sched_setaffinity, tid, sizeof words, words)));
}

Napi::Value getAffinity(const Napi::CallbackInfo& info) {
  uint64_t words[kSetWords] = {};
  const pid_t tid = info[0].As<Napi::Number>().Int32Value();
  const long result = orErrno(syscall(SYS_sched_getaffinity, tid, sizeof words, words));
  if (result < 0) return Napi::Number::New(info.Env(), result);
  return Napi::BigInt::New(info.Env(), 0, kSetWords, words);
}

}  // namespace

void exportProcess(Napi::Object exports) {
  exportAll(exports, {
                         bind<sendSignal>("kill"),
                         bind<sendSignalToThread>("killThread"),
                         bind<compare>("compare"),
                     });
  exports.Set("setAffinity", Napi::Function::New<setAffinity>(exports.Env(), "setAffinity"));
  exports.Set("getAffinity", Napi::Function::New<getAffinity>(exports.Env(), "getAffinity"));
}

}  // namespace deet
