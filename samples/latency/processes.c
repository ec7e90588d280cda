// What does a process cost? Microseconds from the call to the child's end, by fork(), vfork() and posix_spawn(), each the mean of N
// (first argument, 200), with M megabytes (second argument, 0) of used memory in the parent: fork() copies the page tables of all of it.
// Exit status 0.
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *const program[] = {"/bin/true", NULL};
static char *const environment[] = {NULL};

static pid_t by_fork(void) {
  pid_t pid = fork();
  if (pid == 0) _exit(0);
  return pid;
}

static pid_t by_vfork(void) {
  pid_t pid = vfork(); // parent and child share one memory; the parent sleeps until the child is gone
  if (pid == 0) _exit(0);
  return pid;
}

static pid_t by_fork_and_exec(void) {
  pid_t pid = fork();
  if (pid == 0) {
    execve(program[0], program, environment);
    _exit(127);
  }
  return pid;
}

static pid_t by_posix_spawn(void) {
  pid_t pid = -1;
  posix_spawn(&pid, program[0], NULL, NULL, program, environment);
  return pid;
}

static double microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static void measure(const char *name, pid_t (*start)(void), int times) {
  double begin = microseconds();
  for (int i = 0; i < times; i++) {
    pid_t pid = start();
    if (pid > 0) waitpid(pid, NULL, 0);
  }
  printf("%-22s %8.1f us\n", name, (microseconds() - begin) / times);
}

int main(int argc, char *argv[]) {
  int times = argc > 1 ? atoi(argv[1]) : 200;
  size_t bytes = (argc > 2 ? atol(argv[2]) : 0) << 20;
  char *memory = malloc(bytes + 1);
  if (times < 1 || memory == NULL) return 2;
  memset(memory, 1, bytes + 1);
  setvbuf(stdout, NULL, _IOLBF, 0);
  measure("fork", by_fork, times);
  measure("vfork", by_vfork, times);
  measure("fork and exec", by_fork_and_exec, times);
  measure("posix_spawn (and exec)", by_posix_spawn, times);
  free(memory);
  return 0;
}
