// A client of the search servers: ./client PORT WORD [TIMES]. Asks TIMES (1) times, one connection each, and prints the last answer.
// Exit status 0, or 1 when the server could not be reached.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int ask(int port, const char *word, char *answer, size_t size) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int server = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(server, (struct sockaddr *)&address, sizeof address) < 0) {
    perror("connect");
    return -1;
  }
  dprintf(server, "%s\n", word);
  size_t length = 0;
  ssize_t got;
  while ((got = read(server, answer + length, size - 1 - length)) > 0) length += got;
  answer[length] = '\0';
  close(server);
  return 0;
}

int main(int argc, char *argv[]) {
  if (argc < 3) {
    fprintf(stderr, "Usage: %s PORT WORD [TIMES]\n", argv[0]);
    return 2;
  }
  int times = argc > 3 ? atoi(argv[3]) : 1;
  char answer[4096] = "";
  for (int i = 0; i < times; i++) {
    if (ask(atoi(argv[1]), argv[2], answer, sizeof answer) < 0) return 1;
  }
  fputs(answer, stdout);
  return 0;
}
