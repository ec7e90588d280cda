// A recursion without an end: factorial(-1) never comes to 0. Dies of SIGSEGV when the stack is full, about a hundred thousand calls deep.
#include <stdio.h>

static long factorial(long n) {
  if (n == 0) return 1;
  return n * factorial(n - 1);
}

int main(void) {
  printf("%ld\n", factorial(-1));
  return 0;
}
