// What the four servers share: a small text, how one client is served, and how to listen. A client sends a word and a newline; it gets
// every line of the text with that word, and how many there were. The servers differ only in who calls handle_client().
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const poem[] = { // William Blake, 1794
  "Tyger Tyger, burning bright,",
  "In the forests of the night;",
  "What immortal hand or eye,",
  "Could frame thy fearful symmetry?",
  "In what distant deeps or skies,",
  "Burnt the fire of thine eyes?",
  "On what wings dare he aspire?",
  "What the hand, dare seize the fire?",
  "And what shoulder, & what art,",
  "Could twist the sinews of thy heart?",
  "And when thy heart began to beat,",
  "What dread hand? & what dread feet?",
};

// send() instead of write(): a client that has gone away must not kill the server by SIGPIPE.
static inline void reply(int client, const char *text) {
  size_t sent = 0, length = strlen(text);
  while (sent < length) {
    ssize_t more = send(client, text + sent, length - sent, MSG_NOSIGNAL);
    if (more <= 0) return;
    sent += more;
  }
}

static inline int search(int client, const char *word) {
  int found = 0;
  for (size_t i = 0; i < sizeof poem / sizeof *poem; i++) {
    if (strstr(poem[i], word) == NULL) continue;
    reply(client, poem[i]);
    reply(client, "\n");
    found++;
  }
  return found;
}

// Reads the word, answers, and leaves closing to the caller.
static inline void handle_client(int client) {
  char word[64];
  size_t length = 0;
  while (length < sizeof word - 1 && read(client, word + length, 1) == 1 && word[length] != '\n') length++;
  word[length] = '\0';
  int found = length > 0 ? search(client, word) : 0;
  char count[32];
  snprintf(count, sizeof count, "%d found\n", found);
  reply(client, count);
}

// Listens on the loopback port of argv[1] (0 or none: the kernel picks one) and prints it. Ends the program when that fails.
static inline int listen_on(int argc, char *argv[]) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  address.sin_port = htons(argc > 1 ? atoi(argv[1]) : 0);
  int yes = 1;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 128) < 0) {
    perror("cannot listen");
    exit(1);
  }
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  alarm(600); // a server forgotten in some terminal ends after ten minutes
  return listener;
}

// How many clients to serve before the server ends: argv[2]; none: as many as come.
static inline long clients_wanted(int argc, char *argv[]) {
  return argc > 2 ? atol(argv[2]) : -1;
}
