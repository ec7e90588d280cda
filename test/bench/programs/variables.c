// A loop over several lines, with variables of several kinds: what steps of an editor are measured on.
struct point {
  int x, y;
  struct point *next;
};

static double visit(int count, const char *name) {
  struct point second = {3, 4, 0}, first = {1, 2, &second};
  int numbers[20] = {0};
  double sum = 0;
  for (int i = 0; i < count; i++) {
    first.x += i;
    numbers[i % 20] = first.x;
    second.y += name[0];
    sum += second.y;
  }
  return sum;
}

int main(void) {
  return visit(1000000, "name") < 0;
}
