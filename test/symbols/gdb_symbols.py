"""What gdb knows of a program's symbols, as JSON: run by gdb, told by the environment what to ask (SPECS) and where to write (OUT)."""
import json
import os
import re

import gdb

specs = json.load(open(os.environ["SPECS"]))
answer = {"breaks": {}, "addresses": {}, "types": {}}


def places(spec):
    """Address and line of each location of a breakpoint; line 0 where gdb shows none."""
    try:
        gdb.execute("break " + spec, to_string=True)
    except gdb.error:
        return []
    breakpoint = gdb.breakpoints()[-1]
    text = gdb.execute("info breakpoints %d" % breakpoint.number, to_string=True)
    breakpoint.delete()
    found = re.finditer(r"(0x[0-9a-f]{8,})\s+(?:(?:in .*? at )?(?:\S.*?)??:(\d+)$|<)", text, re.MULTILINE)
    return [[int(match.group(1), 16), int(match.group(2) or 0)] for match in found]


def is_named_value(symbol):
    if str(symbol.type) == "__CORE_ADDR":  # a label
        return False
    return symbol.is_variable or symbol.is_argument or (symbol.is_constant and symbol.type.code != gdb.TYPE_CODE_ENUM)


def scopes(address):
    """From the innermost block outwards: lists of variables, and names of functions."""
    result = []
    block = gdb.block_for_pc(address)
    while block and not block.is_global and not block.is_static:
        names = sorted(symbol.name for symbol in block if is_named_value(symbol))
        if names:
            result.append(names)
        if block.function:
            result.append(block.function.name)
        block = block.superblock
    return result


def describe(type):
    code = type.code
    if code == gdb.TYPE_CODE_TYPEDEF:
        return ["typedef", type.name, describe(type.target())]
    if code == gdb.TYPE_CODE_PTR:
        return ["pointer", describe_short(type.target())]
    if code == gdb.TYPE_CODE_ARRAY:
        low, high = type.range()
        return ["array", high - low + 1, describe(type.target())]
    if code == gdb.TYPE_CODE_ENUM:
        return ["enum", type.tag, type.sizeof, [[field.name, field.enumval] for field in type.fields()]]
    if code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        return ["union" if code == gdb.TYPE_CODE_UNION else "struct", type.tag, type.sizeof]
    if code == gdb.TYPE_CODE_FUNC:
        return ["function"]
    return ["base", type.unqualified().name, type.sizeof]


def describe_short(type):
    type = type.unqualified()
    return type.name if type.name else str(type.code == gdb.TYPE_CODE_FUNC)


def described(name):
    result = {}
    for tag in ("struct", "union", "enum", ""):
        try:
            type = gdb.lookup_type((tag + " " + name).strip())
        except gdb.error:
            continue
        text = describe(type)
        if type.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
            text.append([[field.name, field.bitpos, field.bitsize, describe(field.type)] for field in type.fields()])
        result[tag] = text
    return result


for setting in ("breakpoint pending off", "confirm off", "width 0", "pagination off"):
    gdb.execute("set " + setting)
for spec in specs["breaks"]:
    answer["breaks"][spec] = places(spec)
for address in specs["addresses"]:
    line = gdb.find_pc_line(address)
    end = line.last + 1 if line.last is not None else 0
    answer["addresses"][address] = {
        "file": line.symtab.fullname() if line.symtab else None,
        "line": line.line,
        "low": line.pc,
        "high": end,
        "scopes": scopes(address),
    }
for name in specs["types"]:
    answer["types"][name] = described(name)
json.dump(answer, open(os.environ["OUT"], "w"))
