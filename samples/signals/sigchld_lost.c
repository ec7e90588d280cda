// A SIGCHLD handler that loses children. Signals of one kind are not counted: while one is pending, further ones melt into it.
// Bug: five children end while the signal is blocked, one SIGCHLD arrives, the handler reaps one child; four stay zombies.
// Fix: `./sigchld_lost fixed`: the handler calls waitpid(..., WNOHANG) until there is nobody left to reap.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 5 };

static volatile sig_atomic_t reaped;

static void on_child(int signal) {
  (void)signal;
  if (waitpid(-1, NULL, WNOHANG) > 0) reaped++;
}

static void on_child_fixed(int signal) {
  (void)signal;
  while (waitpid(-1, NULL, WNOHANG) > 0) reaped++;
}

int main(int argc, char *argv[]) {
  int fixed = argc > 1 && strcmp(argv[1], "fixed") == 0;
  signal(SIGCHLD, fixed ? on_child_fixed : on_child);

  // A server that is busy with something else: the signal waits until it is unblocked.
  sigset_t child_signal;
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_signal, NULL);
  for (int i = 0; i < CHILDREN; i++) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    siginfo_t info;
    waitid(P_PID, child, &info, WEXITED | WNOWAIT); // waits for its end, and leaves it to the handler
  }
  sigprocmask(SIG_UNBLOCK, &child_signal, NULL);

  printf("%d children started, %d reaped\n", CHILDREN, (int)reaped);
  return 0;
}
