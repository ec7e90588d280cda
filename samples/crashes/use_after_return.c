// A pointer to a local variable outlives the call: make_list() returns the address of its own stack frame, and the next call writes
// over it. Dies of SIGSEGV, through a pointer that reads as text: 0x2020202020202020 is eight spaces.
#include <stdio.h>

struct list {
  const char *name;
  int items[8];
};

static struct list *make_list(const char *name) {
  struct list list = {.name = name};
  struct list *result = &list; // keeps the compiler from noticing
  return result;
}

static void clear_screen(void) {
  volatile char blank[200];
  for (int i = 0; i < 200; i++) blank[i] = ' ';
  (void)blank;
}

int main(void) {
  struct list *list = make_list("shopping");
  clear_screen();
  printf("%c\n", list->name[0]);
  return 0;
}
