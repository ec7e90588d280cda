// The signals that this thread does not take (pthread_sigmask(3)), until the end of a block.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace deet {

class SignalMask {
 public:
  // `how`: SIG_BLOCK, these as well; SIG_SETMASK, these only.
  SignalMask(int how, const sigset_t& signals) { pthread_sigmask(how, &signals, &before_); }
  ~SignalMask() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalMask(const SignalMask&) = delete;
  SignalMask& operator=(const SignalMask&) = delete;

 private:
  sigset_t before_;
};

}  // namespace deet
