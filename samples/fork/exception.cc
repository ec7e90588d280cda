// An exception thrown in the child and caught above the fork (C++; an error handed up with return codes does the same).
// Bug: the child's exception unwinds out of run_in_child() into main's handler: the child now deletes the parent's files.
// Fix: `./exception fixed`: nothing may leave the child but _exit(): catch everything there.
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

static void parse(const char *text) {
  if (*text != '{') throw std::runtime_error("expected {");
}

static int wait_for(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

static int run_in_child() {
  pid_t pid = fork();
  if (pid == 0) {
    parse("oops");
    _exit(0);
  }
  return wait_for(pid);
}

static int run_in_child_fixed() {
  pid_t pid = fork();
  if (pid == 0) {
    try {
      parse("oops");
    } catch (const std::exception &) {
      _exit(1);
    }
    _exit(0);
  }
  return wait_for(pid);
}

int main(int argc, char *argv[]) {
  bool fixed = argc > 1 && strcmp(argv[1], "fixed") == 0;
  try {
    int status = fixed ? run_in_child_fixed() : run_in_child();
    printf("the child's status: %d\n", status);
  } catch (const std::exception &error) {
    printf("main failed (%s): deleting its files\n", error.what()); // main did not fail; its copy did
  }
  return 0;
}
