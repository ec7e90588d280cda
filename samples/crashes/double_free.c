// The same memory freed twice, by two owners who do not know of each other. glibc notices, says so on stderr, and aborts: SIGABRT.
#include <stdlib.h>

struct person {
  char *name;
};

static void forget(struct person *person) {
  free(person->name);
}

int main(void) {
  struct person one = {malloc(20)};
  struct person copy = one; // copies the pointer, not the name
  forget(&one);
  forget(&copy);
  return 0;
}
