// A SIGCHLD handler that races with its program. A shell notes each child as a job; the handler strikes the job out when it ends.
// Bug: a child that ends at once is struck out before it was noted, and then stays in the list for ever.
// Fix: `./sigchld_race fixed`: SIGCHLD is blocked from before fork() until the job is noted.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS = 10 };

static volatile pid_t jobs[JOBS];

static void add_job(pid_t pid) {
  for (int i = 0; i < JOBS; i++) {
    if (jobs[i] == 0) {
      jobs[i] = pid;
      return;
    }
  }
}

static void remove_job(pid_t pid) {
  for (int i = 0; i < JOBS; i++) {
    if (jobs[i] == pid) jobs[i] = 0;
  }
}

static void on_child(int signal) {
  (void)signal;
  pid_t pid;
  while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) remove_job(pid);
}

int main(int argc, char *argv[]) {
  int fixed = argc > 1 && strcmp(argv[1], "fixed") == 0;
  signal(SIGCHLD, on_child);
  sigset_t child_signal;
  sigemptyset(&child_signal);
  sigaddset(&child_signal, SIGCHLD);

  for (int i = 0; i < 3; i++) {
    if (fixed) sigprocmask(SIG_BLOCK, &child_signal, NULL);
    pid_t child = fork();
    if (child == 0) _exit(0);
    siginfo_t info;
    waitid(P_PID, child, &info, WEXITED | WNOWAIT); // stands for a busy machine: the child has ended when we go on
    add_job(child);
    if (fixed) sigprocmask(SIG_UNBLOCK, &child_signal, NULL);
  }

  int left = 0;
  for (int i = 0; i < JOBS; i++) left += jobs[i] != 0;
  printf("%d jobs still listed\n", left);
  return 0;
}
