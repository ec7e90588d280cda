/** The session numbers its breakpoints from 0; to some clients 0 is no number. */
export const clientId = (id: number): number => id + 1;
