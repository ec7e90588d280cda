/** Type units stand before the compilation unit in .debug_info (-fdebug-types-section): the unit that has a name must be found behind them. */
import { describe, expect, it } from 'vitest';
import { openImage } from '../../src/symbols/open.js';
import { compileText } from '../helpers/build.js';

const text = `
struct point { int x, y; };
struct line { struct point from, to; };
struct line drawn;
int length(struct line *line) { return line->to.x - line->from.x; }
int main(void) { return length(&drawn); }
`;

describe.each(['-gdwarf-4', '-gdwarf-5'])('names behind type units, %s', (version) => {
  it('functions and breakpoint places', () => {
    const image = openImage(compileText('type_units.c', text, [version, '-fdebug-types-section']));
    expect(image.locationsOfFunction?.('main').map(({ position }) => position?.line)).toEqual([6]);
    expect(image.functionsNamed('length')).toHaveLength(1);
    expect(image.variablesNamed('drawn')).toHaveLength(1);
  });
});
