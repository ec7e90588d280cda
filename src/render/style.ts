/**
 * Colour, or none: a style has the same functions either way, so that renderers need not ask. chalk is loaded only for a terminal (it takes
 * several milliseconds).
 */
export interface Style {
  readonly colour: boolean;
  dim(text: string): string;
  bold(text: string): string;
  error(text: string): string;
  warning(text: string): string;
  function(text: string): string;
  place(text: string): string;
  address(text: string): string;
  name(text: string): string;
  mark(text: string): string;
}

const same = (text: string): string => text;

export const plain: Style = {
  colour: false,
  dim: same,
  bold: same,
  error: same,
  warning: same,
  function: same,
  place: same,
  address: same,
  name: same,
  mark: same,
};

/** NO_COLOR (no-color.org): present and not empty. */
export const wantsColour = (terminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean =>
  terminal && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';

export const colourful = async (): Promise<Style> => {
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return {
    colour: true,
    dim: chalk.dim,
    bold: chalk.bold,
    error: chalk.red,
    warning: chalk.yellow,
    function: chalk.yellow,
    place: chalk.green,
    address: chalk.blue,
    name: chalk.cyan,
    mark: chalk.bold.red,
  };
};
