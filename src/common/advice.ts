/** What to do next, in the words of whoever drives deet: the prompt has commands, a script has methods, an editor has buttons and a debug console. */

export type Voice = 'prompt' | 'script' | 'editor';

/** Advice that is the same for all, or that each front end puts otherwise. */
export type Advice = string | Readonly<Record<Voice, string>>;

let voice: Voice = 'prompt';

/** A front end says once, at its start, who listens. */
export const speakTo = (listener: Voice): void => {
  voice = listener;
};

export const inWords = (advice: Advice): string => (typeof advice === 'string' ? advice : advice[voice]);

/** A command of the prompt that helps. @param purpose `for the list`, `and choose one` */
export const typing = (command: string, purpose = ''): Advice => {
  const end = purpose === '' ? '.' : ` ${purpose}.`;
  return {
    prompt: `Type "${command}"${end}`,
    script: `Call session.command('${command}')${end}`,
    editor: `Type "${command}" in the debug console${end}`,
  };
};

/** An expression that would do. */
export const evaluating = (expression: string): Advice => ({ prompt: `print ${expression}`, script: expression, editor: expression });

export const startIt: Advice = {
  prompt: 'Type "run" to start it.',
  script: "Start it with launch(), or once more with session.command('run').",
  editor: 'Launch it, or restart it.',
};

export const pauseIt: Advice = {
  prompt: 'Stop it first (Ctrl-C, or "interrupt").',
  script: 'Stop it first: session.pause(), then await what let it run.',
  editor: 'Pause it first.',
};

export const nameProgram: Advice = {
  prompt: 'Name one: file PROGRAM',
  script: 'Name one: launch(PROGRAM)',
  editor: 'Name one: "program" in the debug configuration.',
};

/** A hint may be a sentence, or an example. */
export const asSentence = (hint: string): string =>
  /^[a-z(]/.test(hint) && !/[.?]$/.test(hint) ? `As in: ${hint}` : hint.charAt(0).toUpperCase() + hint.slice(1);
