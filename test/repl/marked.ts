/** Many commands in one session of deet or gdb: what each of them said. */

/** The commands, each with a mark before what it says. */
export const marked = (list: readonly string[]): string[] => list.flatMap((command, index) => [`echo @@${index}\\n`, command, 'echo \\n']);

/** What was said behind each mark, without what stands there for the person at the prompt alone: where in the text an error is, and the end of the session. */
export const answersIn = (text: string): string[] =>
  text
    .split(/^@@\d+\n/m)
    .slice(1)
    .map((answer) =>
      answer
        .replace(/\n {2}.*\n +\^\n/, '\n')
        .replace(/\nKilling running inferior .*/, '')
        .trimEnd(),
    );
