// A write through a null pointer, two calls below main: killed by SIGSEGV at line 5 (exit code 139 in a shell).
#include <stdio.h>
void func2(int a) {
  int *p = NULL;
  *p = a;
  printf("This is never printed.\n");
}

void func1(int a) {
  printf("Calling func2\n"); // on a terminal; into a pipe it waits in stdio's buffer and dies with the process
  func2(a % 5);
}

int main(void) {
  func1(42);
  return 0;
}
