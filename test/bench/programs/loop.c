// Calls visit() as often as the first argument says: what breakpoints are measured on. Single-threaded, no system call in the loop.
#include <stdlib.h>

static volatile long total;

static void visit(int i) {
  total += i; // visited
}

int main(int argc, char *argv[]) {
  long times = argc > 1 ? atol(argv[1]) : 1;
  for (int i = 0; i < times; i++) visit(i);
  return 0;
}
