// A lock held over fork by another thread. fork() copies memory, locks included, but only the thread that calls it.
// Bug: the logger holds log_lock while main forks. In the child it is locked for ever, by a thread that is not there: the child
//      hangs in write_log(), and the parent in waitpid(). (Both give up after ten minutes.)
// Fix: `./held_lock fixed`: between fork and exec (or _exit) the child makes only async-signal-safe calls; see signal-safety(7).
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t lock_taken, may_release;

static void write_log(const char *text) {
  pthread_mutex_lock(&log_lock);
  printf("%s\n", text);
  pthread_mutex_unlock(&log_lock);
}

// Stands for a thread that happens to be inside the lock when another one forks.
static void *logger(void *unused) {
  (void)unused;
  pthread_mutex_lock(&log_lock);
  sem_post(&lock_taken);
  sem_wait(&may_release);
  pthread_mutex_unlock(&log_lock);
  return NULL;
}

int main(int argc, char *argv[]) {
  int fixed = argc > 1 && strcmp(argv[1], "fixed") == 0;
  alarm(600);
  pthread_t thread;
  pthread_create(&thread, NULL, logger, NULL);
  sem_wait(&lock_taken);

  pid_t child = fork();
  if (child == 0) {
    alarm(600); // an alarm is not inherited
    if (fixed) {
      static const char text[] = "child started\n";
      if (write(STDOUT_FILENO, text, sizeof text - 1) < 0) _exit(1);
    } else {
      write_log("child started");
    }
    _exit(0);
  }

  sem_post(&may_release); // too late for the child: it has its own copy of the lock
  pthread_join(thread, NULL);
  waitpid(child, NULL, 0);
  write_log("child ended");
  return 0;
}
