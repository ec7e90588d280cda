// A pipe whose ends do not pass to programs by accident: what a program under the debugger writes to, and deet reads.
#include "binding.h"
#include "facilities.h"

#include <fcntl.h>
#include <unistd.h>

namespace deet {
namespace {

// ends[0] is read, ends[1] is written (pipe(2)). No O_NONBLOCK: on the writing end the program would see it.
long makePipe(Integers ends) { return ends.size() < 2 ? -EINVAL : orErrno(pipe2(ends.data(), O_CLOEXEC)); }

}  // namespace

void exportPipe(Napi::Object exports) { exportAll(exports, {bind<makePipe>("makePipe")}); }

}  // namespace deet
