// Forks and reaps as many children as the first argument says, one after the other: what following a family is measured on.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
  long times = argc > 1 ? atol(argv[1]) : 1;
  for (int i = 0; i < times; i++) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
  }
  return 0;
}
