// dup2() and close() in the wrong order. The parent wants to read what the child prints.
// Bug: the child closes the pipe's end and then copies it: dup2() fails with EBADF, which nobody sees. The child's line goes past
//      the parent to the terminal, and the parent reads 0 bytes.
// Fix: `./dup2_order fixed`: first dup2(), then close().
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void redirect(int from) {
  close(from);
  dup2(from, STDOUT_FILENO);
}

static void redirect_fixed(int from) {
  dup2(from, STDOUT_FILENO);
  close(from);
}

int main(int argc, char *argv[]) {
  int fixed = argc > 1 && strcmp(argv[1], "fixed") == 0;
  int ends[2];
  if (pipe(ends) < 0) return 1;

  if (fork() == 0) {
    close(ends[0]);
    if (fixed)
      redirect_fixed(ends[1]);
    else
      redirect(ends[1]);
    execlp("echo", "echo", "hello", NULL);
    _exit(127);
  }

  close(ends[1]);
  char text[100];
  ssize_t got = 0, more;
  while ((more = read(ends[0], text + got, sizeof text - got)) > 0) got += more;
  wait(NULL);
  printf("the parent read %zd bytes\n", got);
  return 0;
}
