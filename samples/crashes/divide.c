// A division by zero: the mean of no numbers. Dies of SIGFPE, which is about integers, whatever its name says; 0.0 / 0 is no error.
#include <stdio.h>

static int mean(const int *numbers, int count) {
  int sum = 0;
  for (int i = 0; i < count; i++) sum += numbers[i];
  return sum / count;
}

int main(void) {
  int numbers[] = {1, 2, 3};
  printf("%d\n", mean(numbers, 3));
  printf("%d\n", mean(numbers, 0));
  return 0;
}
