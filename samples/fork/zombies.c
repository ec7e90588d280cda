// Zombies. A child that has ended keeps its entry in the process table until its parent asks how it ended.
// Bug: the parent never calls wait(): three zombies for as long as it lives. Look with `ps` or `info tree`, then press Enter.
// Fix: `./zombies fixed`: one waitpid() for each child.
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 3 };

int main(int argc, char *argv[]) {
  int fixed = argc > 1 && strcmp(argv[1], "fixed") == 0;
  pid_t child[CHILDREN];
  for (int i = 0; i < CHILDREN; i++) {
    child[i] = fork();
    if (child[i] == 0) _exit(i);
  }
  if (fixed) {
    for (int i = 0; i < CHILDREN; i++) waitpid(child[i], NULL, 0);
  }
  printf("%d children started, %s\n", CHILDREN, fixed ? "all waited for" : "none waited for");
  fflush(stdout);
  getchar(); // a program that lives long
  return 0;
}
