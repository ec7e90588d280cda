// A safe way to start programs: fork and exec are here, once, and nobody else needs them. What can go wrong in between is dealt with:
//   - everything is prepared before fork(); the child makes async-signal-safe calls only, and never comes back from here;
//   - a failed step in the child is reported to the parent through a pipe that closes by itself when exec succeeds;
//   - every descriptor made here is close-on-exec, so that no other child inherits it;
//   - every child is waited for: by command_status(), by command_output(), or by whoever called command_spawn().
#pragma once
#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE before the first #include: pipe2() needs it"
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct command {
  char *const *argv;        // argv[0] is looked up in PATH; NULL ends the list
  int (*pre_exec)(void *);  // optional: run in the child right before exec; async-signal-safe calls only; not 0 means failure
  void *argument;           // for pre_exec
  int output;               // becomes the child's stdout; 0: the parent's
};

// Starts the command. Returns its pid, which the caller must wait for, or -1 with errno, also when it was exec that failed.
static inline pid_t command_spawn(const struct command *command) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) < 0) return -1;

  pid_t pid = fork();
  if (pid == 0) {
    if (command->output == 0 || dup2(command->output, STDOUT_FILENO) >= 0) {
      if (command->pre_exec == NULL || command->pre_exec(command->argument) == 0) execvp(command->argv[0], command->argv);
    }
    int error = errno;
    if (write(report[1], &error, sizeof error) < 0) _exit(126);
    _exit(127);
  }

  int error = pid < 0 ? errno : 0;
  close(report[1]);
  // End of file: exec has happened. An int: the errno of what failed.
  ssize_t got = pid < 0 ? 0 : read(report[0], &error, sizeof error);
  close(report[0]);
  if (got > 0) {
    waitpid(pid, NULL, 0);
    pid = -1;
  }
  errno = error;
  return pid;
}

// Waits for a pid from command_spawn(). Its exit status, 128 + N when signal N killed it, or -1 with errno.
static inline int command_wait(pid_t pid) {
  int status;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Runs the command to its end: command_wait()'s result, or -1 with errno when it could not be started.
static inline int command_status(const struct command *command) {
  pid_t pid = command_spawn(command);
  return pid < 0 ? -1 : command_wait(pid);
}

// Runs the command to its end and returns what it wrote to stdout, ended by a 0 byte, for the caller to free; NULL with errno on failure.
static inline char *command_output(struct command command, int *status) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return NULL;
  command.output = ends[1];
  pid_t pid = command_spawn(&command);
  int error = errno;
  close(ends[1]); // or read() below would never see the end
  char *text = NULL;
  size_t length = 0;
  ssize_t got = 0;
  do {
    char *longer = realloc(text, length + 4097);
    if (longer == NULL) {
      error = ENOMEM;
      free(text);
      text = NULL;
      break;
    }
    text = longer;
    got = pid < 0 ? 0 : read(ends[0], text + length, 4096);
    if (got > 0) length += got;
  } while (got > 0);
  close(ends[0]);
  if (pid >= 0) *status = command_wait(pid);
  if (pid < 0 || text == NULL) {
    free(text);
    errno = error;
    return NULL;
  }
  text[length] = '\0';
  return text;
}
