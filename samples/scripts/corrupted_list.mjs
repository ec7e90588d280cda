// Finds the insertion that corrupts the list of corrupted_list.c: after each one the list is walked, in the program's own memory, until it has
// fewer nodes than were put in.   node samples/scripts/corrupted_list.mjs [NODES]
import { launch } from 'deet';

const folder = new URL('.', import.meta.url).pathname;

/** The values of a list, by following its pointers. */
const walk = async (frame) => {
  const values = [];
  for (let at = 'head'; (await frame.evaluate(at)) !== 0n; at += '->next') values.push(await frame.evaluate(`${at}->value`));
  return values;
};

const session = await launch(process.env.LIST ?? `${folder}corrupted_list`, { args: [process.argv[2] ?? '60'] });
try {
  await session.break('corrupted_list.c:39');
  let before = [];
  for (;;) {
    const stop = await session.continue();
    if (stop.reason === 'exit') {
      console.log('The list was never corrupted.');
      break;
    }
    const { frame } = stop;
    const inserted = (await frame.evaluate('inserted')) + 1;
    const now = await walk(frame);
    if (now.length !== inserted) {
      const value = await frame.evaluate('value');
      console.log(
        `Insertion ${inserted}, of ${value}, loses ${inserted - now.length} nodes: ${before.filter((each) => !now.includes(each)).join(' ')}`,
      );
      console.log(`before: ${before.join(' ')}\nafter:  ${now.join(' ')}`);
      break;
    }
    before = now;
  }
} finally {
  session.close();
}
