// A write to a string literal, which lies in memory that is only read. Dies of SIGSEGV, although the pointer is a good one.
#include <ctype.h>

static void capitalize(char *word) {
  word[0] = toupper(word[0]);
}

int main(void) {
  char *greeting = "hello"; // char greeting[] = "hello" would be a copy of its own
  capitalize(greeting);
  return 0;
}
