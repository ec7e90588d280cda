import assert from 'node:assert/strict';
import type { LabDefinition, Session } from 'deet';

/** The values of the list, from the frame of main. */
const walk = async (session: Session): Promise<unknown[]> => {
  const values: unknown[] = [];
  for (let at = 'head'; (await session.evaluate(at)) !== 0n; at += '->next') values.push(await session.evaluate(`${at}->value`));
  return values;
};

const numbers = ['5', '9', '3', '7', '1'];

const lab: LabDefinition = {
  fixed: ['main.c', 'list.h'],
  limits: { seconds: 5 },
  checks: [
    { name: 'prints one number', args: ['5'], expect: { stdout: '5', status: 0 } },
    { name: 'prints numbers that come in order', args: ['1', '3', '5'], expect: { stdout: '1 3 5', status: 0 } },
    { name: 'prints numbers that come backwards', weight: 2, args: ['5', '3', '1'], expect: { stdout: '1 3 5', status: 0 } },
    {
      name: 'no insertion loses a node',
      weight: 3,
      args: numbers,
      run: async (session) => {
        const inserted: number[] = [];
        await session.break('insert');
        for (const number of numbers) {
          await session.continue();
          await session.finish();
          await session.next();
          inserted.push(Number(number));
          inserted.sort((a, b) => a - b);
          assert.deepEqual(await walk(session), inserted, `After ${number} is inserted the list is to be ${inserted.join(' ')}.`);
        }
      },
    },
    {
      name: 'frees every node',
      weight: 2,
      args: ['1', '3', '5'],
      run: async (session) => {
        const [made, freed] = [await session.break('make_node'), await session.break('free_node')];
        while ((await session.continue()).reason !== 'exit');
        assert.equal(freed.hits, made.hits, `${made.hits} nodes were made, and ${freed.hits} freed.`);
      },
    },
  ],
};

export default lab;
