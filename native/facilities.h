// One function for each file of native/: it adds that kernel facility's functions to the addon's exports.
#pragma once

#include <napi.h>

namespace deet {

void exportDebugRegisters(Napi::Object exports);
void exportDemangle(Napi::Object exports);
void exportFileNames(Napi::Object exports);
void exportInterrupt(Napi::Object exports);
void exportLastResort(Napi::Object exports);
void exportLaunch(Napi::Object exports);
void exportLines(Napi::Object exports);
void exportMappedFile(Napi::Object exports);
void exportMemory(Napi::Object exports);
void exportNameScan(Napi::Object exports);
void exportPipe(Napi::Object exports);
void exportProcess(Napi::Object exports);
void exportPtrace(Napi::Object exports);
void exportSockDiag(Napi::Object exports);
void exportTerminal(Napi::Object exports);
void exportWait(Napi::Object exports);

}  // namespace deet
