# The addon: C++20, our sources warning-free (-Werror); node-addon-api as a system header, so that its warnings are not ours.
# The Debug build is the one that native/test_asan.sh tests: it carries AddressSanitizer and UndefinedBehaviorSanitizer.
{
  # Whether the C++ runtime can be linked in (Fedora, for one, packages libstdc++.a separately); see native/demangle.cc.
  'variables': { 'runtime%': '<!(test -e "$(${CXX:-g++} -print-file-name=libstdc++.a)" && echo static || echo shared)' },
  'targets': [{
    'target_name': 'deet',
    'sources': [
      'native/addon.cc', 'native/debug_registers.cc', 'native/demangle.cc', 'native/file_names.cc', 'native/interrupt.cc', 'native/last_resort.cc', 'native/launch.cc', 'native/lines.cc',
      'native/mapped_file.cc', 'native/memory.cc', 'native/name_scan.cc', 'native/pipe.cc', 'native/process.cc', 'native/ptrace.cc', 'native/sock_diag.cc', 'native/terminal.cc', 'native/wait.cc',
    ],
    'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED'],
    'cflags!': ['-O3', '-fno-exceptions', '-fno-omit-frame-pointer', '-Wno-unused-parameter'],
    'cflags_cc!': ['-std=gnu++17', '-fno-exceptions', '-fno-rtti'],
    'cflags': ['-O2', '-Wall', '-Wextra', '-Werror', '-fvisibility=hidden'],
    'cflags_cc': [
      '-std=gnu++20', '-fexceptions',
      # Relative to build/, where the compiler runs: an absolute path may have a blank in it.
      '-isystem', '../<!(node -p "require(\'node-addon-api\').include_dir")',
    ],
    # A signal handler points into the addon: it must stay loaded when the worker that loaded it ends.
    'ldflags': ['-Wl,-z,nodelete'],
    'conditions': [
      ['runtime=="static"', { 'defines': ['DEET_STATIC_RUNTIME'], 'ldflags': ['-static-libstdc++', '-Wl,--exclude-libs,ALL'] }],
    ],
    'configurations': {
      'Debug': {
        'cflags': ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
        'ldflags': ['-fsanitize=address,undefined'],
      },
    },
  }],
}
