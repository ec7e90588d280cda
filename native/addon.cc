// The addon's entry point. It keeps no state for an isolate, so it can be loaded by any number of worker threads; what
// belongs to the process is the SIGBUS handler of mapped_file.cc and those of interrupt.cc and
// last_resort.cc.
#include "facilities.h"

static Napi::Object initialize(Napi::Env, Napi::Object exports) {
  deet::exportDebugRegisters(exports);
  deet::exportDemangle(exports);
  deet::exportFileNames(exports);
  deet::exportInterrupt(exports);
  deet::exportLastResort(exports);
  deet::exportLaunch(exports);
  deet::exportLines(exports);
  deet::exportMappedFile(exports);
  deet::exportMemory(exports);
  deet::exportNameScan(exports);
  deet::exportPipe(exports);
  deet::exportProcess(exports);
  deet::exportPtrace(exports);
  deet::exportSockDiag(exports);
  deet::exportTerminal(exports);
  deet::exportWait(exports);
  return exports;
}

NODE_API_MODULE(deet, initialize)
