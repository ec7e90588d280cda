// Counts from 1 to its argument (5 without one), a number a line: a loop to put breakpoints and conditions in. Exit status 0.
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char *argv[]) {
  long target = argc > 1 ? atol(argv[1]) : 5;
  long total = 0;
  for (long i = 1; i <= target; i++) {
    total += i;
    printf("%ld\n", i);
  }
  printf("Their sum is %ld.\n", total);
  return 0;
}
