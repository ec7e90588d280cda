// A write to a pipe that nobody can read any more. Dies of SIGPIPE, silently: as `yes | head -1` does to `yes`.
#include <stdio.h>
#include <unistd.h>

int main(void) {
  int ends[2];
  if (pipe(ends) < 0) return 1;
  close(ends[0]); // the last reader
  if (write(ends[1], "anyone there?\n", 14) < 0) perror("write"); // only reached where SIGPIPE is ignored
  return 0;
}
