/** The places that a user names (`file:line`, a function, `*address`), in a session: for list, info line, until, jump. */
import type { SymbolImage } from '../symbols/model.js';
import { describeAddress, noSuchPlace, parseLocation, placesIn, type FoundPlace } from './locations.js';
import type { Session } from './session.js';

/** @throws DeetError when there is none. */
export const placesNamed = (text: string, session: Session): FoundPlace[] => {
  const spec = parseLocation(text, session.currentPlace());
  if (spec.kind === 'address') {
    const address = session.values.address(spec.expression);
    const loaded = session.imageAt(address);
    return [{ loaded, address, ...describeAddress(loaded, address) }];
  }
  const images = session.images();
  const found = images.flatMap((loaded) => placesIn(loaded, spec));
  if (found.length > 0) return found;
  throw noSuchPlace(
    spec,
    images.map(({ image }): SymbolImage => image),
  );
};
