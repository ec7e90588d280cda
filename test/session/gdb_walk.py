# Carries out `rows` in gdb and prints where the program stands after each, in the form of drive.ts.
import json
import gdb

last_signal = None


def stopped(event):
    global last_signal
    last_signal = event.stop_signal if isinstance(event, gdb.SignalEvent) else None


ending = None


def exited(event):
    global ending
    ending = "exited %d" % event.exit_code if hasattr(event, "exit_code") else None


gdb.events.stop.connect(stopped)
gdb.events.exited.connect(exited)


def place():
    frame = gdb.selected_frame()
    name = frame.name() or "??"
    if frame.type() == gdb.SIGTRAMP_FRAME:
        name = "<signal handler called>"
    line = frame.find_sal().line
    where = "%s:%d" % (name, line) if line > 0 else name
    return "%s %#x" % (where, frame.pc()) if exact else where


places = []
for row in rows:
    last_signal = None
    try:
        text = gdb.execute(row, to_string=True)
    except gdb.error:
        places.append("error")
        continue
    if ending is None and gdb.selected_thread() is None and row.split()[0] not in ("break", "tbreak", "handle", "set", "delete", "skip"):
        value = gdb.parse_and_eval("$_exitsignal")
        names = {6: "SIGABRT", 9: "SIGKILL", 11: "SIGSEGV", 5: "SIGTRAP", 15: "SIGTERM", 14: "SIGALRM"}
        ending = "killed " + names[int(value)]
    if ending is not None:
        places.append(ending)
        break
    if gdb.selected_thread() is None:
        places.append("-")
        continue
    places.append(("%s in " % last_signal if last_signal else "") + place())
print("\n@@" + json.dumps(places))
