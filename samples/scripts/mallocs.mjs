// Logs every malloc and free of a program, and what was never freed.   node samples/scripts/mallocs.mjs PROGRAM [ARG...]
import { launch } from 'deet';

const [program, ...args] = process.argv.slice(2);
if (!program) {
  console.error('Usage: mallocs.mjs PROGRAM [ARG...]');
  process.exit(2);
}

const session = await launch(program, { args, stdout: 'inherit', stderr: 'inherit' });
try {
  // Before main there is the loader's own life, which nobody asked about.
  await session.break('main', { temporary: true });
  await session.continue();
  const malloc = await session.break('malloc');
  const free = await session.break('free');
  const sizes = new Map();
  for (;;) {
    const stop = await session.continue();
    if (stop.reason === 'exit') break;
    const at = stop.breakpoint?.id;
    if (at !== malloc.id && at !== free.id) continue;
    const argument = await stop.frame.register('rdi');
    const caller = stop.thread.frames(2)[1]?.toString();
    if (at === free.id) {
      console.log(`free(0x${argument.toString(16)})  by ${caller}`);
      sizes.delete(argument);
      continue;
    }
    // Breakpoints inside of malloc's own work do not count: finish runs to its return.
    malloc.enabled = free.enabled = false;
    const finished = await session.finish();
    malloc.enabled = free.enabled = true;
    if (finished.reason === 'exit') break;
    const result = await finished.frame.register('rax');
    sizes.set(result, { size: argument, caller });
    console.log(`malloc(${argument}) = 0x${result.toString(16)}  by ${caller}`);
  }
  console.log(`never freed: ${sizes.size}`);
  for (const [address, { size, caller }] of sizes) console.log(`  0x${address.toString(16)}, ${size} bytes, by ${caller}`);
} finally {
  session.close();
}
