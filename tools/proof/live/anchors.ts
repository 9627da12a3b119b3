import type { Anchor } from '../suspicion.ts';

const headBytes = 32;
const firstCapacity = 1_024;

/** Heads that checkpoints hold, of many chains: 48 bytes each beside the chain's name. */
export class Anchors {
  readonly #max: number;
  /** The newest anchor of a chain; each one names the one before it, -1 for none. */
  readonly #newest = new Map<string, number>();
  #before = new Int32Array(firstCapacity);
  #checkpoints = new Uint32Array(firstCapacity);
  #sequences = new Float64Array(firstCapacity);
  #heads = Buffer.alloc(firstCapacity * headBytes);
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** In the order of checkpoints. Throws an Error when there are more than fit. */
  add(chain: string, { checkpoint, sequence, head }: Anchor): void {
    if (this.#count === this.#max)
      throw new Error(`the checkpoints hold more than ${this.#max} heads of these chains: verify smaller shares (--share)`);
    if (this.#count === this.#before.length) this.#grow();
    const at = this.#count++;
    this.#before[at] = this.#newest.get(chain) ?? -1;
    this.#checkpoints[at] = checkpoint;
    this.#sequences[at] = sequence;
    this.#heads.write(head, at * headBytes, 'hex');
    this.#newest.set(chain, at);
  }

  /** Oldest first. */
  of(chain: string): readonly Anchor[] {
    const found: Anchor[] = [];
    for (let at = this.#newest.get(chain) ?? -1; at >= 0; at = this.#before[at]!) {
      const head = this.#heads.toString('hex', at * headBytes, (at + 1) * headBytes);
      found.push({ checkpoint: this.#checkpoints[at]!, sequence: this.#sequences[at]!, head });
    }
    return found.reverse();
  }

  chains(): Iterable<string> {
    return this.#newest.keys();
  }

  #grow(): void {
    const capacity = Math.min(this.#max, this.#before.length * 2);
    const grown = <Kept extends { set(from: Kept): void }>(next: Kept, kept: Kept): Kept => {
      next.set(kept);
      return next;
    };
    this.#before = grown(new Int32Array(capacity), this.#before);
    this.#checkpoints = grown(new Uint32Array(capacity), this.#checkpoints);
    this.#sequences = grown(new Float64Array(capacity), this.#sequences);
    this.#heads = grown(Buffer.alloc(capacity * headBytes), this.#heads);
  }
}
