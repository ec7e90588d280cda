// A child that returns into main's code. compress() wants to do its work in the background.
// Bug: the child comes back from compress() as the parent does, so main's last lines run twice: two bills are sent.
// Fix: `./child_returns fixed`: a child never returns from the function that forked it.
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void compress(const char *file) {
  if (fork() == 0) {
    printf("compressing %s\n", file);
    fflush(stdout);
    return; // into main, which does not know that there are two of it now
  }
}

static void compress_fixed(const char *file) {
  if (fork() == 0) {
    printf("compressing %s\n", file);
    fflush(stdout);
    _exit(0);
  }
}

int main(int argc, char *argv[]) {
  if (argc > 1 && strcmp(argv[1], "fixed") == 0)
    compress_fixed("photos");
  else
    compress("photos");
  while (wait(NULL) > 0)
    ;
  printf("sending the bill\n");
  return 0;
}
