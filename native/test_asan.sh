#!/bin/bash
# The addon's tests on a build with AddressSanitizer and UndefinedBehaviorSanitizer. Node itself is not instrumented, so the runtime
# must be loaded first, and leaks cannot be told from what Node keeps to its end. Programs that the tests launch get an environment
# of their own, without the preloaded runtime.
set -euo pipefail
cd "$(dirname "$0")/.."
[[ -f build/Makefile ]] || npx node-gyp configure
npx node-gyp build --debug --loglevel=warn
LD_PRELOAD=$(g++ -print-file-name=libasan.so)
export LD_PRELOAD DEET_ADDON_BUILD=Debug ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1
exec npx vitest run test/native
