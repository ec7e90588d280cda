// Prints a line a second, as often as its argument says (5 without one): long enough for Ctrl-C. Exit status 0.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
  int seconds = argc > 1 ? atoi(argv[1]) : 5;
  for (int i = 0; i < seconds; i++) {
    printf("%d\n", i);
    fflush(stdout); // so that a pipe shows each line when it is printed, too
    sleep(1);
  }
  return 0;
}
