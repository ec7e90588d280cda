// Calls within calls, for breakpoints, backtraces, `finish` and `up`. Prints a line in each function; exit status 0.
#include <stdio.h>

int func3(int a) {
  printf("func3 got %d\n", a);
  return a + 1;
}

int func2(int a, int b) {
  printf("func2 got %d and %d\n", a, b);
  int sum = func3(a) + func3(b);
  return sum;
}

int func1(int a) {
  printf("func1 got %d\n", a);
  int result = func2(a, a * 2);
  return result * 10;
}

int main(void) {
  int answer = func1(2);
  printf("main has %d\n", answer);
  return 0;
}
