// A null pointer at the end of a list: the loop looks one node too far. Dies of SIGSEGV, writing to address 8: a field of a struct at 0.
#include <stddef.h>

struct node {
  long value;
  struct node *next;
};

static void append(struct node *list, struct node *last) {
  struct node *p = list;
  while (p != NULL) p = p->next; // should stop at the last node: p->next != NULL
  p->next = last;
}

int main(void) {
  struct node second = {2, NULL}, first = {1, &second}, third = {3, NULL};
  append(&first, &third);
  return 0;
}
