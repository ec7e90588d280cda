// Ctrl-C while JavaScript computes. Node tells its listeners when the event loop turns, which in a long loop is never; so a handler notes the signal, and
// the loop asks.
#include "binding.h"
#include "facilities.h"
#include "signal_chain.h"

#include <atomic>
#include <cerrno>

namespace deet {
namespace {

struct sigaction nodesAction;
std::atomic<bool> asked;
static_assert(std::atomic<bool>::is_always_lock_free);  // as signal handlers need it

void onInterrupt(int signal, siginfo_t* info, void* context) {
  const int savedErrno = errno;
  asked = true;
  passOn(nodesAction, signal, info, context);
  errno = savedErrno;
}

long noteInterrupts() { return orErrno(standInFront(SIGINT, onInterrupt, nodesAction)); }

long takeInterrupt() { return asked.load(std::memory_order_relaxed) && asked.exchange(false) ? 1 : 0; }

}  // namespace

void exportInterrupt(Napi::Object exports) {
  exportAll(exports, {bind<noteInterrupts>("noteInterrupts"), bind<takeInterrupt>("takeInterrupt")});
}

}  // namespace deet
