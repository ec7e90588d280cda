// Two locks in opposite order. Two threads move money between two accounts, each account with a lock of its own.
// Bug: one thread locks A and then wants B, the other locks B and then wants A: both wait for ever, and main for both.
//      (It gives up after ten minutes.)
// Fix: `./lock_order fixed`: every thread takes the locks in the same order, here by their numbers.
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct account {
  int number;
  long balance;
  pthread_mutex_t lock;
};

static struct account a = {1, 100, PTHREAD_MUTEX_INITIALIZER};
static struct account b = {2, 100, PTHREAD_MUTEX_INITIALIZER};
static pthread_barrier_t both_hold_one; // makes sure of the bad moment, which otherwise comes once a week

static void transfer(struct account *from, struct account *to, long amount) {
  pthread_mutex_lock(&from->lock);
  pthread_barrier_wait(&both_hold_one);
  pthread_mutex_lock(&to->lock);
  from->balance -= amount;
  to->balance += amount;
  pthread_mutex_unlock(&to->lock);
  pthread_mutex_unlock(&from->lock);
}

static void transfer_fixed(struct account *from, struct account *to, long amount) {
  struct account *first = from->number < to->number ? from : to;
  struct account *second = first == from ? to : from;
  pthread_mutex_lock(&first->lock);
  pthread_mutex_lock(&second->lock);
  from->balance -= amount;
  to->balance += amount;
  pthread_mutex_unlock(&second->lock);
  pthread_mutex_unlock(&first->lock);
}

static void (*move)(struct account *, struct account *, long) = transfer;

static void *there(void *unused) {
  move(&a, &b, 30);
  return unused;
}

static void *back(void *unused) {
  move(&b, &a, 10);
  return unused;
}

int main(int argc, char *argv[]) {
  alarm(600);
  if (argc > 1 && strcmp(argv[1], "fixed") == 0) move = transfer_fixed;
  pthread_barrier_init(&both_hold_one, NULL, 2);
  pthread_t one, two;
  pthread_create(&one, NULL, there, NULL);
  pthread_create(&two, NULL, back, NULL);
  pthread_join(one, NULL);
  pthread_join(two, NULL);
  printf("%ld and %ld\n", a.balance, b.balance);
  return 0;
}
