// A jump into data: a function pointer is set to an array. The kernel forbids to execute what is meant to be written. Dies of
// SIGSEGV with the program counter at the array itself.
static unsigned char data[16] = {0xc3}; // 0xc3 is `ret`: it would even work, were it code

int main(void) {
  void (*function)(void) = (void (*)(void))(void *)data;
  function();
  return 0;
}
