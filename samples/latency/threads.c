// What does a thread cost? Microseconds for pthread_create() and pthread_join(), the mean of N (first argument, 1000). Compare with
// ./processes: a thread shares the memory, so nothing is copied. Exit status 0.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void *nothing(void *unused) {
  return unused;
}

static double microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

int main(int argc, char *argv[]) {
  int times = argc > 1 ? atoi(argv[1]) : 1000;
  if (times < 1) return 2;
  double begin = microseconds();
  for (int i = 0; i < times; i++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL) != 0) return 1;
    pthread_join(thread, NULL);
  }
  printf("%-22s %8.1f us\n", "pthread_create", (microseconds() - begin) / times);
  return 0;
}
