// A recursion 100,000 deep, for backtraces (needs an unlimited stack).
static void bottom(void) { __asm__ volatile(""); }

static int down(int n) {
  if (n == 0) {
    bottom();
    return 0;
  }
  return 1 + down(n - 1);
}

int main(void) { return down(100000) != 100000; }
