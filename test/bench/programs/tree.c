// Forks as many children as the first argument says; all of them sleep.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
  long count = argc > 1 ? atol(argv[1]) : 1;
  for (int i = 0; i < count; i++)
    if (fork() == 0) {
      pause();
      _exit(0);
    }
  wait(NULL);
  return 0;
}
