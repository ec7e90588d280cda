// exec() that fails, and nobody looks. It returns only then, so whatever stands behind it is run by the child.
// Bug: the child goes on as if it were the parent and saves the file, too; its status 0 tells the parent that all went well.
// Fix: `./exec_fails fixed`: behind exec() stand the message and _exit(127), the shell's status for a command not found.
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const command[] = {"no-such-compressor", "-9", NULL};

static pid_t start(void) {
  pid_t pid = fork();
  if (pid == 0) {
    execvp(command[0], command);
    // only reached when exec failed
  }
  return pid;
}

static pid_t start_fixed(void) {
  pid_t pid = fork();
  if (pid == 0) {
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
  }
  return pid;
}

int main(int argc, char *argv[]) {
  pid_t pid = argc > 1 && strcmp(argv[1], "fixed") == 0 ? start_fixed() : start();
  int status = 0;
  waitpid(pid, &status, 0); // in the child that went on, pid is 0 and there is nobody to wait for
  printf("compressor's status %d; saving the file\n", WEXITSTATUS(status));
  return 0;
}
