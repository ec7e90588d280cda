#include "list.h"

#include <stdio.h>
#include <stdlib.h>

struct node *make_node(int value, struct node *next) {
  struct node *node = malloc(sizeof *node);
  if (!node) abort();
  *node = (struct node){value, next};
  return node;
}

void free_node(struct node *node) { free(node); }

int main(int argc, char *argv[]) {
  struct node *head = NULL;
  for (int inserted = 1; inserted < argc; inserted++) {
    head = insert(head, atoi(argv[inserted]));
  }
  for (struct node *at = head; at; at = at->next) printf(at->next ? "%d " : "%d\n", at->value);
  free_all(head);
  return 0;
}
