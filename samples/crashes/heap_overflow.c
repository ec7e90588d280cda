// A string that is longer than its memory: the copy writes over the size of the block behind. Nothing happens until free() looks at it;
// then glibc aborts, far from the fault: SIGABRT.
#include <stdlib.h>

static void copy(char *to, const char *from) {
  while ((*to++ = *from++) != '\0')
    ;
}

int main(void) {
  char *name = malloc(24);
  char *other = malloc(24);
  copy(name, "Bartholomew Featherstonehaugh-Cholmondeley"); // 43 bytes, the last one for the 0 at the end
  free(other);
  free(name);
  return 0;
}
