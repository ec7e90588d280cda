// A signal handler of our own in front of the one that Node has for the signal.
#pragma once

#include <signal.h>

namespace deet {

// Tells Node's handler, too. Calls only what signal-safety(7) allows, if that does.
inline void passOn(const struct sigaction& node, int signal, siginfo_t* info, void* context) {
  if (node.sa_flags & SA_SIGINFO) {
    node.sa_sigaction(signal, info, context);
  } else if (node.sa_handler != SIG_DFL && node.sa_handler != SIG_IGN) {
    node.sa_handler(signal);
  }
}

// The signal must have a listener in JavaScript already: its handler is kept in `node`. Returns -1 as sigaction(2) does.
inline int standInFront(int signal, void (*handler)(int, siginfo_t*, void*), struct sigaction& node) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  return sigaction(signal, &action, &node);
}

}  // namespace deet
