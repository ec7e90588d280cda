# Everything of a core file that gdb knows, as JSON: threads with their frames, registers and locals.
import json
import gdb


def frames():
    found = []
    frame = gdb.newest_frame()
    while frame is not None and len(found) < 60:
        name = "<signal handler called>" if frame.type() == gdb.SIGTRAMP_FRAME else (frame.name() or "??")
        entry = {"name": name, "pc": "%#x" % frame.pc(), "line": frame.find_sal().line, "locals": {}}
        try:
            block = frame.block()
        except RuntimeError:
            block = None
        while block is not None and not (block.is_global or block.is_static):
            for symbol in block:
                if (symbol.is_variable or symbol.is_argument) and symbol.name not in entry["locals"]:
                    try:
                        entry["locals"][symbol.name] = frame.read_var(symbol).format_string()
                    except gdb.error as error:
                        entry["locals"][symbol.name] = "error"
            if block.function is not None:
                break
            block = block.superblock
        found.append(entry)
        frame = frame.older()
    return found


threads = []
for thread in sorted(gdb.selected_inferior().threads(), key=lambda each: each.num):
    thread.switch()
    newest = gdb.newest_frame()
    names = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip", "eflags", "fs_base"]
    registers = {name: "%#x" % (int(newest.read_register(name)) & (2**64 - 1)) for name in names}
    for i in range(16):
        for name, field, count in (("xmm%d" % i, "v2_int64", 2), ("ymm%d" % i, "v4_int64", 4)):
            try:
                parts = newest.read_register(name)[field]
                registers[name] = ["%#x" % (int(parts[k]) & (2**64 - 1)) for k in range(count)]
            except (ValueError, gdb.error):
                pass
    threads.append({"tid": thread.ptid[1], "id": thread.num, "frames": frames(), "registers": registers})

sorted(gdb.selected_inferior().threads(), key=lambda each: each.num)[0].switch()
values = {}
for expression in expressions:
    try:
        values[expression] = gdb.parse_and_eval(expression).format_string()
    except gdb.error as error:
        values[expression] = "error"
print("\n@@" + json.dumps({"threads": threads, "values": values}))
