#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void count(int from) {
  char text[256];
  int lines = 0;
  ssize_t length;
  while ((length = read(from, text, sizeof text)) > 0)
    for (ssize_t i = 0; i < length; i++)
      if (text[i] == '\n') lines++;
  printf("%d lines\n", lines);
}

int main(void) {
  int ends[2];
  if (pipe(ends) < 0) return 1;
  if (fork() == 0) {
    count(ends[0]);
    exit(0);
  }
  close(ends[0]);
  char text[256];
  ssize_t length;
  while ((length = read(STDIN_FILENO, text, sizeof text)) > 0)
    if (write(ends[1], text, length) < 0) return 1;
  close(ends[1]);
  return 0;
}
