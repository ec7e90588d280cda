// The abstraction of command.h, used: spawn(), status(), output(), a step before exec, and a command that does not exist.
// Prints five lines and leaves no zombie and no descriptor. Exit status 0.
#define _GNU_SOURCE
#include "command.h"
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

// Before exec: the child may use one second of CPU time and no more.
static int limit_cpu(void *seconds) {
  struct rlimit limit = {*(rlim_t *)seconds, *(rlim_t *)seconds};
  return setrlimit(RLIMIT_CPU, &limit);
}

int main(void) {
  char *const exit_three[] = {"sh", "-c", "exit 3", NULL};
  printf("status: %d\n", command_status(&(struct command){.argv = exit_three}));

  int status;
  char *const greet[] = {"echo", "hello from the child", NULL};
  char *text = command_output((struct command){.argv = greet}, &status);
  printf("output: %s", text);
  free(text);

  rlim_t one = 1;
  char *const show_limit[] = {"sh", "-c", "ulimit -t", NULL};
  text = command_output((struct command){.argv = show_limit, .pre_exec = limit_cpu, .argument = &one}, &status);
  printf("CPU seconds allowed: %s", text);
  free(text);

  // Two at a time: start both, then wait for both.
  char *const first[] = {"sleep", "0.1", NULL};
  char *const second[] = {"sh", "-c", "kill -TERM $$", NULL};
  pid_t a = command_spawn(&(struct command){.argv = first});
  pid_t b = command_spawn(&(struct command){.argv = second});
  int status_a = command_wait(a), status_b = command_wait(b);
  printf("both ended: %d and %d\n", status_a, status_b);

  char *const missing[] = {"no-such-program", NULL};
  if (command_spawn(&(struct command){.argv = missing}) < 0) printf("%s: %s\n", missing[0], strerror(errno));
  return 0;
}
