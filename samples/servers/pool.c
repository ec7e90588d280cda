// The search server with a thread pool: ./pool [PORT [CLIENTS]]. Four workers take clients from a queue: a crowd of clients waits its
// turn instead of becoming a crowd of threads. Serves CLIENTS clients (all that come without it), lets the workers finish, and joins
// them; exit status 0.
#include "search.h"
#include <pthread.h>

enum { WORKERS = 4, PLACES = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
static int queue[PLACES]; // a ring: `waiting` clients from `first` on; all under lock
static int first, waiting;

static void put(int client) {
  pthread_mutex_lock(&lock);
  while (waiting == PLACES) pthread_cond_wait(&not_full, &lock);
  queue[(first + waiting) % PLACES] = client;
  waiting++;
  pthread_cond_signal(&not_empty);
  pthread_mutex_unlock(&lock);
}

static int take(void) {
  pthread_mutex_lock(&lock);
  while (waiting == 0) pthread_cond_wait(&not_empty, &lock); // `while`, not `if`: see pthread_cond_wait(3) on spurious wake-ups
  int client = queue[first];
  first = (first + 1) % PLACES;
  waiting--;
  pthread_cond_signal(&not_full);
  pthread_mutex_unlock(&lock);
  return client;
}

static void *work(void *unused) {
  int client;
  while ((client = take()) >= 0) { // -1 means: go home
    handle_client(client);
    close(client);
  }
  return unused;
}

int main(int argc, char *argv[]) {
  int listener = listen_on(argc, argv);
  pthread_t worker[WORKERS];
  for (int i = 0; i < WORKERS; i++) {
    if (pthread_create(&worker[i], NULL, work, NULL) != 0) return 1;
  }
  for (long left = clients_wanted(argc, argv); left != 0; left--) {
    int client = accept(listener, NULL, NULL);
    if (client >= 0) put(client);
  }
  for (int i = 0; i < WORKERS; i++) put(-1);
  for (int i = 0; i < WORKERS; i++) pthread_join(worker[i], NULL);
  return 0;
}
