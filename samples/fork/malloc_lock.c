// The same with a lock that nobody sees: malloc's. glibc's fork() takes malloc's locks first and hands them over clean, but only
// those, and only fork(): _Fork() (the async-signal-safe one of POSIX 2024), a bare clone() or another C library do not.
// Bug: a thread is inside malloc while main calls _Fork(); sooner or later it holds the lock just then, and malloc() in that child
//      waits for ever. Main hangs in waitpid(). (Both give up after ten minutes.)
// Fix: `./malloc_lock fixed`: whatever the child needs is allocated before the fork.
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZE = 5000 }; // too big for the threads' own caches, which need no lock

static sem_t work;
static volatile int done;

// Housekeeping, a while of it for each child: gives free memory back to the kernel, inside malloc's lock for most of the time.
static void *keep_house(void *unused) {
  while (sem_wait(&work) == 0 && !done) {
    for (int i = 0; i < 1000; i++) malloc_trim(0);
  }
  return unused;
}

int main(int argc, char *argv[]) {
  int fixed = argc > 1 && strcmp(argv[1], "fixed") == 0;
  alarm(600);
  mallopt(M_ARENA_MAX, 1); // one heap and one lock for all threads, as programs with many threads come to share them
  sem_init(&work, 0, 0);
  pthread_t thread;
  pthread_create(&thread, NULL, keep_house, NULL);

  for (int i = 0; i < 500; i++) {
    char *prepared = malloc(SIZE);
    sem_post(&work);
    usleep(100); // other work, while the house is kept
    pid_t child = _Fork();
    if (child == 0) {
      alarm(600);
      char *buffer = fixed ? prepared : malloc(SIZE);
      _exit(buffer == NULL);
    }
    waitpid(child, NULL, 0);
    free(prepared);
  }

  done = 1;
  sem_post(&work);
  pthread_join(thread, NULL);
  printf("500 children came and went\n");
  return 0;
}
