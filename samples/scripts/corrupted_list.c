// A list that is right for a while: builds a list of argv[1] (10) nodes, sorted, and prints it. One of the insertions loses the rest of the
// list. Which one, and why? corrupted_list.mjs finds out. Exit status: the number of nodes that are missing.
#include <stdio.h>
#include <stdlib.h>

struct node {
  int value;
  struct node *next;
};

static struct node *insert(struct node *head, int value) {
  struct node *new = malloc(sizeof *new);
  new->value = value;
  new->next = NULL;
  if (head == NULL || value <= head->value) {
    new->next = head;
    return new;
  }
  struct node *at = head;
  while (at->next != NULL && at->next->value < value) at = at->next;
  if (at->next == NULL || at->next->value != value) new->next = at->next; // equal values: forgotten
  at->next = new;
  return head;
}

static int length(const struct node *head) {
  int count = 0;
  for (; head != NULL; head = head->next) count++;
  return count;
}

int main(int argc, char *argv[]) {
  int wanted = argc > 1 ? atoi(argv[1]) : 10;
  int inserted = 0;
  struct node *head = NULL;
  while (inserted < wanted) {
    int value = inserted * 37 % 29;
    head = insert(head, value);
    inserted++;
  }
  for (const struct node *at = head; at != NULL; at = at->next) printf("%d ", at->value);
  printf("\n");
  return wanted - length(head);
}
