// Two forks, four processes. The parent wants two children, `reader` and `writer`.
// Bug: the second fork() is run by the first child as well, so there are two writers; one has the reader as its parent.
// Fix: `./nested_forks fixed`: what only the child does, and its end, stand right behind its fork().
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void be(const char *role) {
  printf("I am the %s\n", role);
  fflush(stdout);
  while (wait(NULL) > 0)
    ;
  _exit(0);
}

static void two_children(void) {
  pid_t reader = fork();
  pid_t writer = fork(); // reached by the parent and by the reader
  if (writer == 0) be("writer");
  if (reader == 0) be("reader");
}

static void two_children_fixed(void) {
  pid_t reader = fork();
  if (reader == 0) be("reader"); // does not come back
  pid_t writer = fork();
  if (writer == 0) be("writer");
}

int main(int argc, char *argv[]) {
  if (argc > 1 && strcmp(argv[1], "fixed") == 0)
    two_children_fixed();
  else
    two_children();
  be("parent");
}
