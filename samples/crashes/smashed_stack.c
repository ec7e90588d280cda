// A local array overrun: the loop writes over the saved frame pointer and the return address. Nothing happens until the function
// returns: `ret` finds 0x4242424242424242, which is no address. Dies of SIGSEGV with no way back to main in sight.
// (Compilers guard against it with -fstack-protector; this file switches that off for one function.)
__attribute__((noinline, optimize("no-stack-protector"))) static void fill(int count) {
  volatile char text[16];
  for (volatile int i = 0; i < count; i++) text[i] = 'B';
  (void)text;
}

int main(void) {
  fill(8);
  fill(64);
  return 0;
}
