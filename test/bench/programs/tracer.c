// The yardstick: what a tracer in C costs that does nothing but the kernel's part of a debugger's work (ptrace(2), wait(2), proc(5)).
// Each loop is the plain one: a blocking wait, registers read and written whole, memory through /proc/PID/mem.
//
//   tracer lift   ADDRESS PROGRAM ARGUMENTS...                a breakpoint passed by lifting it, one step, and planting it again
//   tracer check  ADDRESS OFFSET PROGRAM ARGUMENTS...         the same, and an int at rbp + OFFSET is compared at each hit
//   tracer jump   ADDRESS LENGTH PROGRAM ARGUMENTS...         passed by running a copy of the instruction that jumps back: one stop
//   tracer jcheck ADDRESS LENGTH OFFSET PROGRAM ARGUMENTS...  the same, and an int at rbp + OFFSET is compared at each hit
//   tracer step   ADDRESS COUNT PROGRAM ARGUMENTS...          COUNT single steps from ADDRESS on
//   tracer follow ADDRESS PROGRAM ARGUMENTS...                no breakpoint; all descendants are traced, from ADDRESS to the end
//
// Prints how many events there were, and the nanoseconds that each took: `1000 24310`.
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;
static int memory;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void start(char *words[]) {
  child = fork();
  if (child < 0) err(1, "fork");
  if (child == 0) {
    personality(ADDR_NO_RANDOMIZE);
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    execv(words[0], words);
    err(1, "%s", words[0]);
  }
  int status;
  if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status)) errx(1, "%s did not start", words[0]);
  ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_EXITKILL);
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/mem", child);
  memory = open(path, O_RDWR | O_CLOEXEC);
  if (memory < 0) err(1, "%s", path);
}

static void read_memory(uint64_t address, void *bytes, size_t size) {
  if (pread(memory, bytes, size, address) != (ssize_t)size) err(1, "read at 0x%lx", address);
}

static void write_memory(uint64_t address, const void *bytes, size_t size) {
  if (pwrite(memory, bytes, size, address) != (ssize_t)size) err(1, "write at 0x%lx", address);
}

// Lets the child run and waits for its stop. False: it has ended.
static int go(int request) {
  int status;
  if (ptrace(request, child, NULL, NULL) < 0) err(1, "ptrace %d", request);
  if (waitpid(child, &status, __WALL) < 0) err(1, "waitpid");
  return WIFSTOPPED(status);
}

static const uint8_t trap = 0xcc;
static uint8_t original;

static void plant(uint64_t address) {
  read_memory(address, &original, 1);
  write_memory(address, &trap, 1);
}

static void lift(uint64_t address) { write_memory(address, &original, 1); }

// Runs to a breakpoint at the address and takes it away: the clock starts there.
static void run_to(uint64_t address) {
  struct user_regs_struct registers;
  plant(address);
  if (!go(PTRACE_CONT)) errx(1, "0x%lx was not reached", address);
  lift(address);
  ptrace(PTRACE_GETREGS, child, NULL, &registers);
  registers.rip = address;
  ptrace(PTRACE_SETREGS, child, NULL, &registers);
}

static void compare(uint64_t address) {
  int value;
  read_memory(address, &value, sizeof value);
  if (value == -1) errx(1, "the condition holds");
}

// offset: 0, or where the int lies that is compared with -1.
static long lift_loop(uint64_t address, long offset) {
  struct user_regs_struct registers;
  long hits = 0;
  while (go(PTRACE_CONT)) {
    hits++;
    ptrace(PTRACE_GETREGS, child, NULL, &registers);
    if (offset != 0) compare(registers.rbp + offset);
    registers.rip = address;
    ptrace(PTRACE_SETREGS, child, NULL, &registers);
    lift(address);
    if (!go(PTRACE_SINGLESTEP)) break;
    write_memory(address, &trap, 1);
  }
  return hits;
}

// A page in the child, by a system call that it makes for us at its present pc.
static uint64_t child_page(void) {
  struct user_regs_struct before, registers;
  uint8_t saved[2];
  ptrace(PTRACE_GETREGS, child, NULL, &before);
  read_memory(before.rip, saved, sizeof saved);
  write_memory(before.rip, (const uint8_t[]){0x0f, 0x05}, 2);
  registers = before;
  registers.rax = SYS_mmap;
  registers.rdi = 0x200000; // within 2 GB of a program at 0x400000
  registers.rsi = 4096;
  registers.rdx = PROT_READ | PROT_EXEC;
  registers.r10 = MAP_PRIVATE | MAP_ANONYMOUS;
  registers.r8 = (uint64_t)-1;
  registers.r9 = 0;
  ptrace(PTRACE_SETREGS, child, NULL, &registers);
  if (!go(PTRACE_SINGLESTEP)) errx(1, "mmap");
  ptrace(PTRACE_GETREGS, child, NULL, &registers);
  write_memory(before.rip, saved, sizeof saved);
  ptrace(PTRACE_SETREGS, child, NULL, &before);
  if (registers.rax > -4096UL) errx(1, "mmap in the child failed");
  return registers.rax;
}

// The instruction must mean the same at another address.
static long jump_loop(uint64_t address, size_t length, long offset) {
  uint8_t copy[32];
  uint64_t slot = child_page();
  lift(address);
  read_memory(address, copy, length);
  int32_t distance = address + length - (slot + length + 5);
  copy[length] = 0xe9;
  memcpy(copy + length + 1, &distance, sizeof distance);
  write_memory(slot, copy, length + 5);
  write_memory(address, &trap, 1);
  struct user_regs_struct registers;
  long hits = 0;
  while (go(PTRACE_CONT)) {
    hits++;
    ptrace(PTRACE_GETREGS, child, NULL, &registers);
    if (offset != 0) compare(registers.rbp + offset);
    registers.rip = slot;
    ptrace(PTRACE_SETREGS, child, NULL, &registers);
  }
  return hits;
}

static long step_loop(long count) {
  struct user_regs_struct registers;
  for (long done = 0; done < count; done++) {
    if (!go(PTRACE_SINGLESTEP)) return done;
    ptrace(PTRACE_GETREGS, child, NULL, &registers);
  }
  kill(child, SIGKILL);
  return count;
}

static long follow_loop(void) {
  const long followed = PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
  ptrace(PTRACE_SETOPTIONS, child, NULL, followed);
  ptrace(PTRACE_CONT, child, NULL, NULL);
  long births = 0;
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, __WALL)) > 0) {
    if (!WIFSTOPPED(status)) continue;
    int event = status >> 16, signal = WSTOPSIG(status);
    births += event == PTRACE_EVENT_FORK;
    // The first stop of a newborn is a SIGSTOP that it shall not see.
    ptrace(PTRACE_CONT, pid, NULL, event != 0 || signal == SIGSTOP ? 0 : signal);
  }
  return births;
}

int main(int argc, char *argv[]) {
  if (argc < 5) errx(2, "usage: tracer lift|check|jump|jcheck|step|follow ADDRESS [NUMBER...] PROGRAM [ARGUMENT...]");
  const char *mode = argv[1];
  const uint64_t address = strtoul(argv[2], NULL, 0);
  const int numbered = strcmp(mode, "lift") != 0 && strcmp(mode, "follow") != 0;
  const long number = numbered ? strtol(argv[3], NULL, 0) : 0;
  const int checked = strcmp(mode, "jcheck") == 0;
  if (checked && argc < 6) errx(2, "usage: tracer jcheck ADDRESS LENGTH OFFSET PROGRAM [ARGUMENT...]");
  start(argv + 3 + numbered + checked);
  run_to(address);
  const int64_t begin = now();
  long events;
  if (strcmp(mode, "step") == 0) events = step_loop(number);
  else if (strcmp(mode, "follow") == 0) events = follow_loop();
  else {
    plant(address);
    if (checked) events = jump_loop(address, number, strtol(argv[4], NULL, 0));
    else events = strcmp(mode, "jump") == 0 ? jump_loop(address, number, 0) : lift_loop(address, number);
  }
  if (events == 0) errx(1, "nothing was measured");
  printf("%ld %ld\n", events, (long)((now() - begin) / events));
  return 0;
}
