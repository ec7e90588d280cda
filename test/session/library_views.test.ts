/** Objects of the C++ library: as gdb shows them with libstdc++'s own printers, as children, in expressions, and as JavaScript. */
import { describe, expect, it } from 'vitest';
import { launch } from '../../src/index.js';
import { formatMember, formatValue } from '../../src/language/format.js';
import { typeOf } from '../../src/language/evaluate.js';
import { parseExpression } from '../../src/language/parser.js';
import { typeName } from '../../src/language/type-name.js';
import type { Session } from '../../src/session/session.js';
import { fixture, lineOf } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { gdbAnswers } from '../language/oracle.js';
import { driven, endOf, stopOf } from './drive.js';

leakGuard();

const line = String(lineOf('library.cc', '// free'));

const stopped = (body: (session: Session) => Promise<void> | void, variant: 'plain' | 'clang' = 'plain'): Promise<void> =>
  driven(fixture('library', variant), async (session) => {
    session.break(line);
    stopOf(await session.run());
    await body(session);
    expect(endOf(await session.continue())).toBe('exited 0');
  });

const names =
  's big empty ws sv v ve vb vs vv vp m mv mm st um us l fl d dl up un upp sp sp2 sn wp o on os p t va vi sk q pq it mi li at bs rv one'.split(
    ' ',
  );

const shown = async (session: Session, text: string): Promise<string> => {
  try {
    return formatValue(await session.evaluate(text), session.context());
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
};

describe('objects of the C++ library', () => {
  it.each([
    ['on one line', []],
    ['on several lines', ['set print pretty on']],
    ['with indexes and lines for arrays', ['set print array on', 'set print max-depth 1']],
  ] as const)('show as with the printers of the library, %s', (_, settings) =>
    stopped(async (session) => {
      const commands = names.map((name) => `print ${name}`);
      const all = gdbAnswers(fixture('library'), [...settings, ...commands], `library.cc:${line}`);
      for (const setting of settings) session.settings.set(...(setting.replace(/^set /, '').split(/ (?=\S+$)/) as [string, string]));
      const said: string[] = [];
      for (const [i, name] of names.entries()) said.push(`$${i + 1} = ${await shown(session, name)}`);
      const plain = (text: string): string => text.replace(/0x[0-9a-f]{5,}/g, '0xADDRESS');
      expect(said.map(plain)).toEqual(all.slice(settings.length).map(plain));
    }),
  );

  it('show the same in a program of clang, which describes the library less', async () => {
    const texts = new Map<string, string>();
    const plain = (text: string): string => text.replace(/0x[0-9a-f]{5,}/g, '0xADDRESS');
    await stopped(async (session) => {
      for (const name of names) texts.set(name, plain(await shown(session, name)));
    });
    await stopped(async (session) => {
      for (const name of names) expect([name, plain(await shown(session, name))]).toEqual([name, texts.get(name)]);
    }, 'clang');
  });

  it.each(['plain', 'clang'] as const)('have types that go by their short names, %s', (variant) =>
    stopped(async (session) => {
      const rows = [
        ['sizeof(std::vector<int>) == sizeof v', 'true'],
        ['*(std::map<std::string, int>*)&m', 'std::map with 2 elements = {["a"] = 1, ["b"] = 2}'],
        ['(*(std :: map<int,std::vector<int>> *) &mv)[1]', 'std::vector of length 2, capacity 2 = {1, 2}'],
        ['*(std::unordered_map<std::string, int>*)&um', 'std::unordered_map with 1 element = {["k"] = 7}'],
        ['*(std::list<int>*)&l', 'std::__cxx11::list = {[0] = 1, [1] = 2, [2] = 3}'],
        ['*(std::vector<std::string>*)&vs', 'std::vector of length 2, capacity 2 = {"a", "b"}'],
        ['*(std::set<int>*)&st', 'std::set with 3 elements = {[0] = 1, [1] = 2, [2] = 3}'],
      ];
      for (const [text, value] of rows) expect([text, await shown(session, text)]).toEqual([text, value]);
    }, variant),
  );

  it('are cut short', () =>
    stopped(async (session) => {
      session.settings.set('print elements', '2');
      expect(await shown(session, 'v')).toBe('std::vector of length 3, capacity 5 = {1, 2...}');
      expect(await shown(session, 'm')).toBe('std::map with 2 elements = {["a"] = 1, ["b"] = 2}');
      expect(await shown(session, 's')).toBe('"he"...');
    }));

  it('take part in expressions without a call', () =>
    stopped(async (session) => {
      const table = [
        ['v[1]', '2'],
        ['v[3]', 'no such element (index 3, there are 3)'],
        ['s[1]', "101 'e'"],
        ['*up', '5'],
        ['upp->n', '"nine"'],
        ['*sp + 1', '7'],
        ['*it', '1'],
        ['mi->second', '1'],
        ['m.size() + pv->size() + s.length()', '10'],
        ['m.empty()', 'false'],
        ['v.back()', '3'],
        ['l.size() * 10 + l.front() + l.back()', '34'],
        ['fl.empty() || fl.front() != 4', 'false'],
        ['sp.use_count() + wp.use_count() + sn.use_count()', '4'],
        ['vp[1].n', '"two"'],
        ['d[2] + dl[299]', '302'],
        ['o.has_value()', 'true'],
        ['*o + o.value()', '8'],
        ['vv[1][1]', '3'],
        ['a', 'std::array of length 3 = {1, 2, 3}'],
        ['a[1]', '2'],
        ['(*pv)[2]', '3'],
      ] as const;
      const said: [string, string][] = [];
      for (const [text] of table) said.push([text, await shown(session, text)]);
      expect(said).toEqual(table);
      const context = session.context();
      expect(typeName(typeOf(parseExpression('v[0]', context.names), context), 'c++')).toBe('int');
    }));

  it('call what only the library has', () =>
    stopped(async (session) => {
      const rows = [
        ['*s.c_str()', "104 'h'"],
        ['s.compare("hello")', '0'],
        ['s.find(\'l\', 0) + s.find("o", 0)', '6'],
      ];
      for (const [text, value] of rows) expect([text, await shown(session, text)]).toEqual([text, value]);
    }));

  it('that are not made yet, and raw ones, show their members', () =>
    stopped(async (session) => {
      expect(await shown(session, '*unmade')).toContain('_M_start = 0x4141414141414141');
      const value = await session.evaluate('up');
      expect(formatMember(value, session.context(), { raw: true })).toContain('_M_head_impl = ');
    }));

  it('print object on tells what an object of a virtual class is', () =>
    driven(fixture('classes'), async (session) => {
      session.break(String(lineOf('classes.cc', '// main')));
      stopOf(await session.run());
      const commands = ['print shape', 'print *shape', 'print square', 'print both'];
      const all = gdbAnswers(fixture('classes'), ['set print object on', ...commands], `classes.cc:${lineOf('classes.cc', '// main')}`);
      session.settings.set('print object', 'on');
      const said: string[] = [];
      for (const name of ['shape', '*shape', 'square', 'both']) said.push(`$${said.length + 1} = ${await shown(session, name)}`);
      expect(said).toEqual(all.slice(1, 5));
      expect(await shown(session, 'shape->area()')).toBe('36');
      expect(endOf(await session.continue())).toBe('exited 0');
    }));

  it('have their elements as children, some of many', async () => {
    await using session = await launch(fixture('library'), { stdout: 'pipe' });
    await session.break(line);
    const { frame } = await session.continue();
    if (!frame) throw new Error('no frame');
    const children = async (text: string, start?: number, count?: number): Promise<string[]> =>
      (await frame.value(text)).children(start, count).map(({ name, value }) => `${name} = ${value.text}`);
    expect(await children('dl', 290, 3)).toEqual(['[290] = 290', '[291] = 291', '[292] = 292']);
    expect(await children('m')).toEqual(['["a"] = 1', '["b"] = 2']);
    expect(await children('s')).toEqual([]);
    expect(await children('o')).toEqual(['[contained value] = 4']);
    expect(await children('v', 1)).toEqual(['[1] = 2', '[2] = 3']);
    const js = Object.fromEntries(
      await Promise.all(['s', 'v', 'm', 'st', 'o', 'on', 'va', 't', 'vp', 'p'].map(async (name) => [name, await frame.evaluate(name)])),
    );
    expect(js).toEqual({
      s: 'hello',
      v: [1, 2, 3],
      m: new Map([['a', 1], ['b', 2]]), // prettier-ignore
      st: [1, 2, 3],
      o: 4,
      on: null,
      va: 'var',
      t: [1, 2.5, 't'],
      vp: [{ x: 1, n: 'one' }, { x: 2, n: 'two' }], // prettier-ignore
      p: { first: 1, second: 'x' },
    });
  });
});
