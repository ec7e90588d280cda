// Runaway children. The parent means to start three workers, one for each job.
// Bug: a worker does not end after its job. It falls back into the loop and starts workers of its own: 8 processes, 7 jobs done.
// Fix: `./runaway fixed`: a worker leaves by _exit(); 4 processes, 3 jobs.
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void work(int job) {
  printf("job %d\n", job);
}

static void start_workers(void) {
  for (int job = 0; job < 3; job++) {
    if (fork() == 0) {
      work(job); // and then? The loop is the child's loop, too.
    }
  }
}

static void start_workers_fixed(void) {
  for (int job = 0; job < 3; job++) {
    if (fork() == 0) {
      work(job);
      fflush(stdout); // _exit() does not
      _exit(0);
    }
  }
}

int main(int argc, char *argv[]) {
  setvbuf(stdout, NULL, _IOLBF, 0); // a line at a time: fork() would copy what waits in the buffer
  if (argc > 1 && strcmp(argv[1], "fixed") == 0)
    start_workers_fixed();
  else
    start_workers();
  while (wait(NULL) > 0) // every process waits for its own children
    ;
  return 0;
}
