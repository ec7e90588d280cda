/** Giving up a long computation because the user pressed Ctrl-C: its loops ask here. */

/** No DeetError: what shows an error in the place of a value must not take it for one. */
export class Interrupted extends Error {
  constructor() {
    super('Quit');
  }
}

let isAsked: () => boolean = () => false;

/** @param asked has the user asked since it was last called? It costs next to nothing. */
export const hearInterrupts = (asked: () => boolean): void => {
  isAsked = asked;
};

/** @throws Interrupted */
export const checkInterrupt = (): void => {
  if (isAsked()) throw new Interrupted();
};
