// The search server, a thread for each connection: ./threads [PORT [CLIENTS]]. Cheaper than a process, but all share one memory and
// one fate. Serves CLIENTS clients (all that come without it) and waits for the last of them; exit status 0.
#include "search.h"
#include <pthread.h>
#include <stdint.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER;
static int busy; // threads with a client; under lock

static void *serve(void *argument) {
  int client = (int)(intptr_t)argument; // by value: a pointer to the loop's variable would show the next client already
  handle_client(client);
  close(client);
  pthread_mutex_lock(&lock);
  if (--busy == 0) pthread_cond_signal(&idle);
  pthread_mutex_unlock(&lock);
  return NULL;
}

int main(int argc, char *argv[]) {
  int listener = listen_on(argc, argv);
  for (long left = clients_wanted(argc, argv); left != 0; left--) {
    int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    pthread_mutex_lock(&lock);
    busy++;
    pthread_mutex_unlock(&lock);
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)client) == 0)
      pthread_detach(thread); // nobody joins it: its stack is freed when it ends
    else
      serve((void *)(intptr_t)client); // no thread to be had: serve it here
  }
  pthread_mutex_lock(&lock);
  while (busy > 0) pthread_cond_wait(&idle, &lock);
  pthread_mutex_unlock(&lock);
  return 0;
}
