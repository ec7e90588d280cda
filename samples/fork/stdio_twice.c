// Output that comes twice. Into a pipe or a file stdio collects what is printed; fork() copies what it has collected so far.
// Bug: `./stdio_twice | cat` shows "starting" twice: parent and child each flush their copy. On a terminal it shows once, because
//      there each line is written at its end.
// Fix: `./stdio_twice fixed | cat`: fflush() before fork() (or the child leaves by _exit(), which flushes nothing).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
  printf("starting\n");
  if (argc > 1 && strcmp(argv[1], "fixed") == 0) fflush(stdout);
  if (fork() == 0) {
    printf("child\n");
    exit(0); // flushes the child's copy of the buffer
  }
  wait(NULL);
  printf("parent\n");
  return 0;
}
