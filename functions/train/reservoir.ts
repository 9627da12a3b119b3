/** A uniform sample of at most `capacity` of however many items are offered (Vitter's algorithm R), in bounded memory. */
export class Reservoir<T> {
  readonly #capacity: number;
  readonly #random: () => number;
  readonly #items: T[] = [];
  #offered = 0;

  constructor(capacity: number, random: () => number) {
    this.#capacity = capacity;
    this.#random = random;
  }

  offer(item: T): void {
    this.#offered += 1;
    if (this.#items.length < this.#capacity) {
      this.#items.push(item);
      return;
    }
    const slot = Math.floor(this.#random() * this.#offered);
    if (slot < this.#capacity) this.#items[slot] = item;
  }

  get offered(): number {
    return this.#offered;
  }

  get items(): readonly T[] {
    return this.#items;
  }
}
