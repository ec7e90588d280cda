// An exit handler that the child runs, too. The program keeps a lock file while it works, and removes it at its end, however it ends: atexit().
// Bug: fork() copies the list of exit handlers, and exit() in the child runs them: the lock is gone while the parent still works.
// Fix: `./exit_handler fixed`: the child ends with _exit(), which runs no handlers.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char lock_file[] = "/tmp/exit_handler.XXXXXX";

static void remove_lock(void) { unlink(lock_file); }

int main(int argc, char *argv[]) {
  int fixed = argc > 1 && strcmp(argv[1], "fixed") == 0;
  if (mkstemp(lock_file) < 0) return 1;
  atexit(remove_lock);

  pid_t child = fork();
  if (child == 0) {
    if (fixed) _exit(0);
    exit(0);
  }
  waitpid(child, NULL, 0);
  puts(access(lock_file, F_OK) == 0 ? "the lock is held" : "somebody has removed the lock");
  return 0;
}
