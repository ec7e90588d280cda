/** What `console.log` and the messages of failing tests show of an object, instead of the engine behind it (node:util, `util.inspect.custom`). */
export const inspect: unique symbol = Symbol.for('nodejs.util.inspect.custom');
