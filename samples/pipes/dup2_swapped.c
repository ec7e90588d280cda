// The arguments of dup2() swapped. The parent writes a list into a pipe, and the child is to sort it.
// Bug: dup2(STDIN_FILENO, end) makes the pipe's end a copy of standard input, not the other way round: `sort` reads the terminal, the pipe has no
//      reader any more, and the parent's write() ends with SIGPIPE or EPIPE.
// Fix: `./dup2_swapped fixed`: dup2(OLD, NEW), the descriptor that there is comes first.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void redirect(int end) {
  dup2(STDIN_FILENO, end);
  close(end);
}

static void redirect_fixed(int end) {
  dup2(end, STDIN_FILENO);
  close(end);
}

int main(int argc, char *argv[]) {
  int fixed = argc > 1 && strcmp(argv[1], "fixed") == 0;
  int ends[2];
  if (pipe(ends) < 0) return 1;
  signal(SIGPIPE, SIG_IGN);

  pid_t child = fork();
  if (child == 0) {
    close(ends[1]);
    if (fixed)
      redirect_fixed(ends[0]);
    else
      redirect(ends[0]);
    execlp("sort", "sort", NULL);
    _exit(127);
  }

  close(ends[0]);
  if (!fixed) waitpid(child, NULL, 0); // `sort` has read what it took for its input
  ssize_t written = write(ends[1], "pear\nfig\napple\n", 15);
  close(ends[1]);
  if (fixed) waitpid(child, NULL, 0);
  printf("%s\n", written == 15 ? "the list was read" : "nobody read the list");
  return 0;
}
