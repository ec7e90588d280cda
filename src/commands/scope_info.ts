/** `info scope`: which variables are visible at a place, and where the compiler keeps them. */
import type { LoadedImage } from '../inferior/frame.js';
import { toFile } from '../inferior/images.js';
import { locationText } from '../language/location-text.js';
import { sizeOf } from '../language/types.js';
import type { Session } from '../session/session.js';
import type { Scope } from '../symbols/model.js';
import type { Command } from './command.js';
import { scopesOf } from './frames.js';
import { message } from './results.js';

interface Place {
  readonly scopes: readonly Scope[];
  readonly loaded: LoadedImage | undefined;
}

const placeNamed = (session: Session, where: string): Place => {
  const [place] = session.resolvePlaces(where);
  const loaded = place?.loaded;
  const scopes = loaded?.image.scopesAt(toFile(loaded, place.address)) ?? [];
  // In an inlined call what surrounds the call is not visible.
  const outermost = scopes.findIndex(({ kind }) => kind !== 'block');
  return { loaded, scopes: scopes.slice(0, outermost + 1) };
};

export const infoScope: Command = {
  name: 'scope',
  aliases: ['sc'],
  group: 'look',
  usage: '[LOCATION]',
  about: 'The variables that are visible at a place, and where they are kept.',
  completes: ['location'],
  run: ({ session, text }) => {
    const where = text.trim();
    const { frame } = where === '' ? session.selection() : { frame: undefined };
    const { scopes, loaded } = frame ? { scopes: [...scopesOf(frame)], loaded: frame.loaded } : placeNamed(session, where);
    const title = where === '' ? (frame?.functionName ?? 'this place') : where;
    const variables = scopes.flatMap((scope) => scope.variables());
    if (variables.length === 0) return message(`Scope for ${title}:\nContains no locals or arguments.`);
    const lines = variables.map(({ name, location, type }) => {
      const size = sizeOf(type);
      return `Symbol ${name} is ${locationText(location, loaded?.bias ?? 0n)}${size === undefined ? '' : `, length ${size}`}.`;
    });
    return message([`Scope for ${title}:`, ...lines].join('\n'));
  },
};
