// A fork bomb with a fuse: every process forks again and again. A counter in shared memory stops it after as many children as its
// argument says (300 without one), then all of them end. Try it with `set process-limit 50`. There is no fix but not to do it.
// Exit status 0.
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
  int limit = argc > 1 ? atoi(argv[1]) : 300;
  atomic_int *born = mmap(NULL, sizeof *born, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (born == MAP_FAILED) return 1;
  pid_t first = getpid();
  while (atomic_fetch_add(born, 1) < limit) {
    fork(); // parent and child both stay in the loop
  }
  while (wait(NULL) > 0)
    ;
  if (getpid() == first) printf("%d children were born\n", limit);
  return 0;
}
