#include "list.h"

#include <stddef.h>

struct node *insert(struct node *head, int value) {
  if (!head || value < head->value) return make_node(value, head);
  struct node *at = head;
  while (at->next && at->next->value < value) at = at->next;
  at->next = make_node(value, at->next);
  return head;
}

void free_all(struct node *head) {
  while (head) {
    struct node *next = head->next;
    free_node(head);
    head = next;
  }
}
