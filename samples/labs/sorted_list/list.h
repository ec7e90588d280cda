struct node {
  int value;
  struct node *next;
};

/** Puts a value in its place, and returns the list's first node. */
struct node *insert(struct node *head, int value);
void free_all(struct node *head);

/** main.c's: what every node is made and freed with. */
struct node *make_node(int value, struct node *next);
void free_node(struct node *node);
