// waitpid() in a deadlock between siblings. Two filters, each at the end of a pipe from the parent, read until end of file.
// Bug: the second child inherits the write end of the first one's pipe. The parent closes its own copy and waits for the first
//      child; that waits for end of file, which the second child holds back; and the second waits for the parent to close the
//      other pipe, which comes after waitpid(). A circle of three. (All give up after ten minutes.)
// Fix: `./sibling_deadlock fixed`: O_CLOEXEC is of no use without exec; the child closes what is not its own.
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void count_bytes(const char *name, int from) {
  long bytes = 0;
  char c;
  while (read(from, &c, 1) == 1) bytes++;
  printf("%s counted %ld bytes\n", name, bytes);
  fflush(stdout);
  _exit(0);
}

int main(int argc, char *argv[]) {
  int fixed = argc > 1 && strcmp(argv[1], "fixed") == 0;
  alarm(600);

  int first_pipe[2];
  if (pipe(first_pipe) < 0) return 1;
  pid_t first = fork();
  if (first == 0) {
    alarm(600);
    close(first_pipe[1]);
    count_bytes("first", first_pipe[0]);
  }
  close(first_pipe[0]);

  int second_pipe[2];
  if (pipe(second_pipe) < 0) return 1;
  pid_t second = fork();
  if (second == 0) {
    alarm(600);
    if (fixed) close(first_pipe[1]); // inherited from the parent, and none of our business
    close(second_pipe[1]);
    count_bytes("second", second_pipe[0]);
  }
  close(second_pipe[0]);

  if (write(first_pipe[1], "abc", 3) != 3 || write(second_pipe[1], "abcde", 5) != 5) return 1;
  close(first_pipe[1]);
  waitpid(first, NULL, 0);
  close(second_pipe[1]);
  waitpid(second, NULL, 0);
  return 0;
}
