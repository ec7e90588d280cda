// A pipe whose write end was left open. read() reports end of file when no process has the write end open any more.
// Bug: neither side closes the end it does not need. The child waits for more, although it holds the write end itself; the
//      parent waits for the child. (Both give up after ten minutes.)
// Fix: `./write_end_open fixed`: right after fork() each side closes the other's end.
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void print_in_capitals(int from) {
  char c;
  while (read(from, &c, 1) == 1) putchar(toupper((unsigned char)c));
  fflush(stdout);
}

int main(int argc, char *argv[]) {
  int fixed = argc > 1 && strcmp(argv[1], "fixed") == 0;
  alarm(600);
  int ends[2]; // ends[0] to read from, ends[1] to write to
  if (pipe(ends) < 0) return 1;

  pid_t child = fork();
  if (child == 0) {
    alarm(600);
    if (fixed) close(ends[1]);
    print_in_capitals(ends[0]);
    _exit(0);
  }

  close(ends[0]);
  if (write(ends[1], "end of story\n", 13) != 13) return 1;
  if (fixed) close(ends[1]);
  waitpid(child, NULL, 0);
  return 0;
}
