// The search server, a process for each connection: ./processes [PORT [CLIENTS]]. The double-fork trick: the child forks a grandchild
// and ends at once, so that the server waits for it without delay; the grandchild is adopted by init, which reaps it. No zombie, no
// SIGCHLD handler. Serves CLIENTS clients (all that come without it); exit status 0. The last grandchildren may outlive the server.
#include "search.h"
#include <sys/wait.h>

static void serve_in_grandchild(int listener, int client) {
  pid_t child = fork();
  if (child == 0) {
    if (fork() != 0) _exit(0); // the child: its only purpose was to make the grandchild an orphan
    close(listener);           // the grandchild
    alarm(60);                 // a client that says nothing must not keep it for ever
    handle_client(client);
    _exit(0);
  }
  close(client); // the server's copy; while it is open, the client sees no end of the answer
  if (child > 0) waitpid(child, NULL, 0);
}

int main(int argc, char *argv[]) {
  int listener = listen_on(argc, argv);
  for (long left = clients_wanted(argc, argv); left != 0; left--) {
    int client = accept(listener, NULL, NULL);
    if (client >= 0) serve_in_grandchild(listener, client);
  }
  return 0;
}
