/** `$name.member = 1`: a convenience variable that holds an aggregate can be written in parts. */
import type { ConvenienceVariables } from './context.js';
import { ComputedPlace, type Place } from './place.js';
import { Value } from './value.js';

export class VariablePlace implements Place {
  readonly kind = 'variable';

  constructor(
    private readonly name: string,
    private readonly value: Value,
    private readonly variables: ConvenienceVariables,
  ) {}

  get #current(): Value {
    return this.variables.get(this.name) ?? this.value;
  }

  read(offset: number, length: number): Uint8Array {
    return new ComputedPlace(this.#current.bytes()).read(offset, length);
  }

  write(offset: number, bytes: Uint8Array): void {
    const copy = Uint8Array.from(this.#current.bytes());
    copy.set(bytes.subarray(0, Math.max(0, copy.length - offset)), offset);
    this.variables.set(this.name, Value.of(this.value.type, copy));
  }
}
