// Starting a program under ptrace, from a process with many threads.
//
// The lecture's recipe is fork, then ptrace(PTRACE_TRACEME), then exec. In Node each part of it has a trap, because the process that
// forks has a dozen threads, a garbage collector and handlers for signals. These are the hazards, and what launch.cc does about each.
//
// A lock that another thread holds. fork copies the memory but only the calling thread. If another thread was inside malloc at that
// moment, its lock is copied locked, and nobody is left to open it: the child's first malloc waits forever. The same holds for
// stdio's locks, the dynamic linker's, V8's. So between clone and exec the child allocates nothing, prints nothing and calls only
// functions that signal-safety(7) lists as async-signal-safe, or bare system calls. Everything it needs (paths, argv, the environment,
// the list of redirections) is laid out before, as arrays of plain pointers and numbers: `ChildPlan`.
//
// The cost of a copy. fork copies the page tables: 0.5 ms for a small Node, 62 ms when its heap has grown to 500 MB, and every page
// written afterwards faults. So the child is made with CLONE_VM | CLONE_VFORK, as posix_spawn(3) does: it borrows the parent's memory,
// and the calling thread sleeps until the child has called exec or _exit. The price of this is the next three hazards.
//
// Shared memory. What the child writes, the parent finds written. The child therefore writes to its own stack only, and `ChildPlan`
// is const to it. Its working directory, descriptors and signal dispositions are copies (no CLONE_FS, CLONE_FILES, CLONE_SIGHAND).
//
// The shared stack. With plain vfork(2) both processes use one stack: a child that returns from the function that called vfork
// destroys the frame to which the parent will return. clone(2) with a stack of its own avoids this; a page without access below that
// stack turns an overflow into a clean fault.
//
// errno and other thread-local variables. The child uses the thread pointer of the suspended thread, so its errno is the parent's
// errno. This is harmless while that thread sleeps, as long as nobody trusts errno across the call: the child sends its own errno
// through the pipe, and the parent looks only at clone's result.
//
// Signal handlers running in the child. A signal that reaches the child before exec would run Node's handler, on Node's memory, in
// another process. So all signals are blocked around clone (even the two that glibc hides, hence the raw system calls), and the child
// sets every disposition to default before any can be unblocked. This also undoes what exec would keep: Node ignores SIGPIPE, and
// a shell may have started it with SIGINT ignored; the program shall find neither, nor any blocked signal.
//
// A traced child that stops too early. After PTRACE_TRACEME every signal stops the child until its tracer continues it, but the
// tracer sleeps in vfork: a Ctrl-C in that moment would lock both. So a traced child enters exec with all signals blocked except
// SIGTRAP, with which the kernel reports the exec, and the parent empties the mask (PTRACE_SETSIGMASK) at that stop. Pending
// signals are delivered when the program starts, as if they had come a little later. (SIGSTOP cannot be blocked: a SIGSTOP sent from
// outside within these microseconds must be answered by SIGKILL.)
//
// Exceptions past the fork. An exception that leaves the child's code would unwind into the parent's frames and run the
// parent's JavaScript a second time. The child's function is noexcept, uses no type with a destructor, and is handed C data only.
//
// The forgotten exit. If exec fails and the child simply returns, there are two debuggers, sharing one terminal and one history
// file. Every path of the child's function ends in exec or in _exit(127): not exit, which would run the parent's atexit handlers
// and flush its buffers a second time.
//
// Silence about a failure. A child that _exit(127)s looks like a program that returned 127. The child reports which step failed, on
// which item, and errno through a pipe whose ends are close-on-exec: a record in it means failure; end of file means that exec
// happened and closed it. The parent never waits for the pipe: after vfork the answer is there or it never comes, so another thread's
// fork that holds a copy of the descriptor cannot keep it waiting.
//
// Zombies. A failed child is dead but stays in the process table until somebody waits for it. The launcher does so, by pid: waitpid(-1)
// might take a child that belongs to Node's child_process.
//
// Leaked descriptors. A program that inherits deet's descriptors keeps pipes open (a reader never sees end of file) and ports bound, and
// `ls -l /proc/self/fd` in it shows things that a student cannot explain. Marking each one close-on-exec where it is opened is not
// enough: libraries forget, and between open and fcntl another thread may fork. The child marks all from 3 up with one close_range(2).
// The reverse exists too: Node marks 0, 1 and 2 close-on-exec, and the child clears that, or the program would start without them.
//
// Borrowed flags. A pipe or terminal that deet passes on is one open file for both, and Node may have made it non-blocking: the program's
// writes would fail with EAGAIN when the reader is slow, and output would be lost. The child makes 0, 1 and 2 blocking again.
//
// A redirection that blocks. Opening a fifo waits for its other end, and while the child waits the parent sleeps in vfork. Files are
// opened with O_NONBLOCK, which is cleared afterwards: a fifo that nobody has open for writing reads as empty, and one that nobody has
// open for reading is refused (ENXIO).
//
// A terminal left with the dead. The child hands the terminal to its own group, as the last thing before exec. If exec fails, it hands it
// back: otherwise the foreground group would be one without processes, and deet would be stopped by SIGTTIN when it next reads a key.
//
// An orphan. If deet is killed before it could set PTRACE_O_EXITKILL, the kernel would detach the child and let it run. The launcher sets
// that option itself, at the exec stop; the caller's options replace it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace deet {

// LaunchStep of src/native.ts, in its order.
enum class LaunchStep : int32_t { Fork, Tty, Redirect, Cwd, Group, Personality, Trace, Exec };

// One redirection: `path` is opened on `fd`, or, when it is null, the descriptor `from` is duplicated to it.
struct Redirection {
  int fd;
  const char* path;
  int flags;
  int mode;
  int from;
};

// No more than so much of a resource (RLIMIT_...), for good: setrlimit(2), the soft and the hard limit.
struct Limit {
  int resource;
  uint64_t most;
};

// All that the child knows. Plain data, complete before clone, never written after.
struct ChildPlan {
  const char* path;
  char* const* argv;
  char* const* environment;
  const char* cwd;  // or null
  const char* tty;  // or null
  const Redirection* redirections;
  size_t redirectionCount;
  const Limit* limits;
  size_t limitCount;
  bool processGroup;
  bool session;  // a session of its own instead, without a terminal
  bool foreground;
  bool disableRandomization;
  bool trace;
  int reportDescriptor;  // write end of the pipe; above every redirection's fd
};

// What went wrong in the child; crosses the pipe in one write.
struct LaunchFailure {
  LaunchStep step;
  int32_t error;
  int32_t index;  // of the redirection; -1: the step has no items
};

// Starts the child. On success `pid` is it, stopped at its exec when traced (the stop not yet waited for); else 0, and no child is left.
struct LaunchOutcome {
  int32_t pid;
  LaunchFailure failure;
};

}  // namespace deet
