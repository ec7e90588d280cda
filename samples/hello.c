// The smallest program that does something: prints one line; exit status 0.
#include <stdio.h>

int main(void) {
  printf("Hello, world!\n");
  return 0;
}
