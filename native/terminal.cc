// The terminal: which process group reads its keys, and its modes (tcsetpgrp(3), termios(3)). A process in the background that changes
// either is stopped by SIGTTOU, unless it blocks the signal: deet is in the background while its program runs.
#include "binding.h"
#include "facilities.h"
#include "signal_mask.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <cstring>

namespace deet {
namespace {

sigset_t ttou() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTTOU);
  return signals;
}

long terminalGroup(int descriptor) { return orErrno(tcgetpgrp(descriptor)); }

long setTerminalGroup(int descriptor, int group) {
  const SignalMask blocked(SIG_BLOCK, ttou());
  return orErrno(tcsetpgrp(descriptor, group));
}

Napi::Value terminalMode(const Napi::CallbackInfo& info) {
  termios mode{};  // tcgetattr leaves gaps as they were
  if (tcgetattr(info[0].As<Napi::Number>().Int32Value(), &mode) != 0) return info.Env().Undefined();
  auto copy = Napi::Uint8Array::New(info.Env(), sizeof mode);
  std::memcpy(copy.Data(), &mode, sizeof mode);
  return copy;
}

long setTerminalMode(int descriptor, Bytes bytes) {
  termios mode;
  if (bytes.size() != sizeof mode) return -EINVAL;
  std::memcpy(&mode, bytes.data(), sizeof mode);
  const SignalMask blocked(SIG_BLOCK, ttou());
  return orErrno(tcsetattr(descriptor, TCSADRAIN, &mode));
}

}  // namespace

void exportTerminal(Napi::Object exports) {
  exportAll(exports, {
                         bind<terminalGroup>("terminalGroup"),
                         bind<setTerminalGroup>("setTerminalGroup"),
                         bind<setTerminalMode>("setTerminalMode"),
                     });
  exports.Set("terminalMode", Napi::Function::New<terminalMode>(exports.Env(), "terminalMode"));
}

}  // namespace deet
