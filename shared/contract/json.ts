/** A JSON number with the text it was written in. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Strictly parsed JSON: objects are Maps in the order of the text. */
export type Json = null | boolean | string | JsonNumber | readonly Json[] | ReadonlyMap<string, Json>;

/** The text is not JSON as the contract wants it. The message names the place and never repeats the text. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
}

/** Objects and arrays inside one another, the outermost included. */
export const maximumDepth = 16;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const zero = 0x30;
const nine = 0x39;

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** One for all: three characters of a hostile text would else take some 200 bytes each. */
const emptyObject: ReadonlyMap<string, Json> = new Map();
const emptyArray: readonly Json[] = Object.freeze([]);

/**
 * RFC 8259 in one pass, with what leaves room for two readings refused: a byte order mark, duplicate keys, `__proto__`, lone
 * surrogates (written or escaped) and more than `maximumDepth` levels. Throws JsonFault.
 */
export function parseJson(text: string): Json {
  return new Parser(text, true).document();
}

/** The same, but a key `__proto__` is left for the reader to refuse: in a batch it spoils its row alone. */
export function parseJsonOfRows(text: string): Json {
  return new Parser(text, false).document();
}

/** The same as plain values: numbers as doubles, objects without a prototype. */
export function toPlain(json: Json): unknown {
  if (json instanceof JsonNumber) return Number(json.text);
  if (Array.isArray(json)) return json.map(toPlain);
  if (json instanceof Map) {
    const plain: Record<string, unknown> = Object.create(null);
    for (const [key, value] of json) plain[key] = toPlain(value);
    return plain;
  }
  return json;
}

class Parser {
  private readonly text: string;
  private readonly refusesProto: boolean;
  private at = 0;
  private depth = 0;

  constructor(text: string, refusesProto: boolean) {
    this.text = text;
    this.refusesProto = refusesProto;
  }

  document(): Json {
    if (this.text.charCodeAt(0) === 0xfeff) throw new JsonFault('not JSON: the text begins with a byte order mark');
    this.skipSpace();
    const value = this.value();
    this.skipSpace();
    if (this.at < this.text.length) this.fail('more text after the value');
    return value;
  }

  private value(): Json {
    const code = this.text.charCodeAt(this.at);
    if (code === quote) return this.string();
    if (code === openBrace) return this.object();
    if (code === openBracket) return this.array();
    if ((code >= zero && code <= nine) || code === 0x2d) return this.number();
    if (code === 0x74) return this.word('true', true);
    if (code === 0x66) return this.word('false', false);
    if (code === 0x6e) return this.word('null', null);
    return this.fail(this.at < this.text.length ? 'a value was expected' : 'the text ends too early');
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) return this.fail('a value was expected');
    this.at += word.length;
    return value;
  }

  private object(): ReadonlyMap<string, Json> {
    this.enter();
    if (this.text.charCodeAt(this.at) === closeBrace) return this.leave(emptyObject);
    const members = new Map<string, Json>();
    for (;;) {
      if (this.text.charCodeAt(this.at) !== quote) this.fail('a key in quotes was expected');
      const keyAt = this.at;
      const key = this.string();
      if (this.refusesProto && key === '__proto__') this.fail('the key __proto__ is not allowed', keyAt);
      if (members.has(key)) this.fail('the key occurs twice in its object', keyAt);
      this.skipSpace();
      if (this.text.charCodeAt(this.at) !== colon) this.fail('a colon was expected');
      this.at++;
      this.skipSpace();
      members.set(key, this.value());
      this.skipSpace();
      const code = this.text.charCodeAt(this.at);
      if (code === closeBrace) return this.leave(members);
      if (code !== comma) this.fail('a comma or closing brace was expected');
      this.at++;
      this.skipSpace();
    }
  }

  private array(): readonly Json[] {
    this.enter();
    if (this.text.charCodeAt(this.at) === closeBracket) return this.leave(emptyArray);
    const elements: Json[] = [];
    for (;;) {
      elements.push(this.value());
      this.skipSpace();
      const code = this.text.charCodeAt(this.at);
      if (code === closeBracket) return this.leave(elements);
      if (code !== comma) this.fail('a comma or closing bracket was expected');
      this.at++;
      this.skipSpace();
    }
  }

  private enter(): void {
    this.depth++;
    if (this.depth > maximumDepth) this.fail(`more than ${maximumDepth} levels of objects and arrays`);
    this.at++;
    this.skipSpace();
  }

  private leave<T>(container: T): T {
    this.depth--;
    this.at++;
    return container;
  }

  private string(): string {
    const { text } = this;
    const start = this.at + 1;
    let at = start;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === quote) break;
      if (code === backslash) return this.escapedString(start, at);
      if (!(code >= 0x20)) this.fail(at < text.length ? 'a control character in a string' : 'the text ends within a string', at);
      at++;
    }
    this.at = at + 1;
    return this.wellFormed(text.slice(start, at), start);
  }

  private escapedString(start: number, firstEscape: number): string {
    const { text } = this;
    let value = text.slice(start, firstEscape);
    let at = firstEscape;
    let plainFrom = at;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === quote) break;
      if (code === backslash) {
        value += text.slice(plainFrom, at);
        const letter = text.charAt(at + 1);
        if (letter === 'u') {
          value += String.fromCharCode(this.hexadecimal(at + 2));
          at += 6;
        } else {
          value += escapes[letter] ?? this.fail('an unknown escape in a string', at);
          at += 2;
        }
        plainFrom = at;
      } else {
        if (!(code >= 0x20)) {
          this.fail(at < text.length ? 'a control character in a string' : 'the text ends within a string', at);
        }
        at++;
      }
    }
    this.at = at + 1;
    return this.wellFormed(value + text.slice(plainFrom, at), start);
  }

  private hexadecimal(at: number): number {
    const digits = this.text.slice(at, at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail('four hexadecimal digits were expected', at);
    return Number.parseInt(digits, 16);
  }

  private wellFormed(value: string, at: number): string {
    if (!value.isWellFormed()) this.fail('a lone surrogate in a string', at);
    return value;
  }

  private number(): JsonNumber {
    const start = this.at;
    if (this.text.charCodeAt(this.at) === 0x2d) this.at++;
    if (this.text.charCodeAt(this.at) === zero) this.at++;
    else this.digits();
    if (this.text.charCodeAt(this.at) === 0x2e) {
      this.at++;
      this.digits();
    }
    const code = this.text.charCodeAt(this.at);
    if (code === 0x65 || code === 0x45) {
      this.at++;
      const sign = this.text.charCodeAt(this.at);
      if (sign === 0x2b || sign === 0x2d) this.at++;
      this.digits();
    }
    return new JsonNumber(this.text.slice(start, this.at));
  }

  private digits(): void {
    const start = this.at;
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (!(code >= zero && code <= nine)) break;
      this.at++;
    }
    if (this.at === start) this.fail('a digit was expected');
  }

  private skipSpace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }

  private fail(what: string, at = this.at): never {
    throw new JsonFault(`not JSON at character ${at + 1}: ${what}`);
  }
}
