// Memory used after free(): the node is freed, its place is given to a string, and the list still points there. Dies of SIGSEGV,
// through a pointer that reads as text: 0x4141414141414141 is "AAAAAAAA".
#include <stdlib.h>
#include <string.h>

struct node {
  struct node *next;
  long value;
};

static void drop(struct node *node) {
  free(node);
}

int main(void) {
  struct node *node = calloc(1, sizeof *node);
  struct node *list = node;
  drop(node);
  char *name = malloc(sizeof *node);
  memset(name, 'A', sizeof *node);
  list->next->value = 1;
  free(name);
  return 0;
}
