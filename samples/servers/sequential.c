// The search server, one client after the other: ./sequential [PORT [CLIENTS]]. Simple and right, but a client that connects and says
// nothing keeps all others waiting. Serves CLIENTS clients (all that come without it); exit status 0.
#include "search.h"

int main(int argc, char *argv[]) {
  int listener = listen_on(argc, argv);
  for (long left = clients_wanted(argc, argv); left != 0; left--) {
    int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    handle_client(client);
    close(client);
  }
  return 0;
}
