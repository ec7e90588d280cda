// An assertion that does not hold: assert() prints what it expected on stderr and calls abort(). Dies of SIGABRT.
#include <assert.h>
#include <stdio.h>

static int square_root(int n) {
  assert(n >= 0);
  int root = 0;
  while ((root + 1) * (root + 1) <= n) root++;
  return root;
}

int main(void) {
  printf("%d\n", square_root(16));
  printf("%d\n", square_root(-16));
  return 0;
}
