import { currencyExponents } from '../domain/currency.ts';
import { canonicalIp } from '../domain/ipAddress.ts';
import type { Place, Transaction } from '../domain/transaction.ts';
import { hasCardNumber } from './cardNumbers.ts';
import { boundedFaults, cardNumberFault, type Fault, fault, pointerPart } from './fault.ts';
import { allowedBeneficiaryId, allowedId, isBeneficiaryId, isId, isTransactionId } from './ids.ts';
import { type Json, JsonFault, JsonNumber, parseJson } from './json.ts';
import { queueSafe } from './queueText.ts';
import { formatInstant, type Instant, parseInstant } from './time.ts';

export type ParsedTransaction =
  | { readonly ok: true; readonly transaction: Transaction }
  | ({
      readonly ok: false;
      /** Everything that is wrong, in the order of the contract's fields, unknown fields last. */
      readonly faults: readonly Fault[];
    } & PaymentIds);

/** Which payment of whom; each null where it can't be read. */
export interface PaymentIds {
  readonly transactionId: string | null;
  readonly accountId: string | null;
  readonly userId: string | null;
}

export const noIds: PaymentIds = { transactionId: null, accountId: null, userId: null };

/** A payment may be dated this far ahead of its receipt. */
const maximumAheadMs = 5 * 60_000;
const earliestMs = Date.UTC(2000, 0, 1);

export const metadataLimits = { pairs: 20, keyCharacters: 64, valueCharacters: 256 } as const;

/** The fields in the contract's order; `differingField` compares and reports in it. */
export const transactionFields = [
  'transactionId',
  'userId',
  'accountId',
  'occurredAt',
  'amountMinor',
  'currency',
  'channel',
  'deviceId',
  'merchantId',
  'merchantCategory',
  'ipAddress',
  'beneficiaryId',
  'instrumentId',
  'location',
  'metadata',
] as const;

const knownFields: ReadonlySet<string> = new Set(transactionFields);

/** One transaction from its JSON text. Never throws: text that is not JSON is a fault of the whole. */
export function parseTransactionText(text: string, receivedAtMs: number): ParsedTransaction {
  let json: Json;
  try {
    json = parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    return { ok: false, faults: [{ pointer: '', detail: error.message }], ...noIds };
  }
  return parseTransaction(json, receivedAtMs);
}

/** One transaction from strictly parsed JSON, with every fault at once. */
export function parseTransaction(json: Json, receivedAtMs: number): ParsedTransaction {
  const faults: Fault[] = [];
  if (!(json instanceof Map)) {
    findCardNumbers(json, '', faults);
    faults.push(fault('', 'a transaction', 'a JSON object', json));
    return { ok: false, faults, ...noIds };
  }
  const reader = new FieldReader(json, faults);
  const transactionId = reader.id('transactionId', isTransactionId);
  const userId = reader.id('userId', isId);
  const accountId = reader.id('accountId', isId);
  const occurredAt = reader.instant('occurredAt', receivedAtMs);
  const amountMinor = reader.amount('amountMinor');
  const currency = reader.currency('currency');
  const channel = reader.optionalId('channel');
  const deviceId = reader.optionalId('deviceId');
  const merchantId = reader.optionalId('merchantId');
  const merchantCategory = reader.optionalId('merchantCategory');
  const ipAddress = reader.ipAddress('ipAddress');
  const beneficiaryId = reader.beneficiaryId('beneficiaryId');
  const instrumentId = reader.optionalId('instrumentId');
  const location = reader.place('location');
  const metadata = reader.metadata('metadata');
  reader.refuseUnknown(knownFields, '');
  if (
    faults.length > 0 ||
    transactionId === null ||
    userId === null ||
    accountId === null ||
    occurredAt === null ||
    amountMinor === null ||
    currency === null
  ) {
    return { ok: false, faults: boundedFaults(faults), transactionId, accountId, userId };
  }
  return {
    ok: true,
    transaction: {
      transactionId,
      userId,
      accountId,
      occurredAtMs: occurredAt.epochMs,
      offsetMinutes: occurredAt.offsetMinutes,
      amountMinor,
      currency,
      channel,
      deviceId,
      merchantId,
      merchantCategory,
      ipAddress,
      beneficiaryId,
      instrumentId,
      location,
      metadata,
    },
  };
}

/** The JSON that goes onto the queue; it parses back to the same transaction. */
export function serializeTransaction(transaction: Transaction): string {
  const { channel, deviceId, merchantId, merchantCategory, ipAddress, beneficiaryId, instrumentId } = transaction;
  const { location, metadata } = transaction;
  let text = `{"transactionId":"${transaction.transactionId}","userId":"${transaction.userId}"`;
  text += `,"accountId":"${transaction.accountId}"`;
  text += `,"occurredAt":"${formatInstant(transaction.occurredAtMs, transaction.offsetMinutes)}"`;
  text += `,"amountMinor":${transaction.amountMinor},"currency":"${transaction.currency}"`;
  if (channel !== null) text += `,"channel":"${channel}"`;
  if (deviceId !== null) text += `,"deviceId":"${deviceId}"`;
  if (merchantId !== null) text += `,"merchantId":"${merchantId}"`;
  if (merchantCategory !== null) text += `,"merchantCategory":"${merchantCategory}"`;
  if (ipAddress !== null) text += `,"ipAddress":"${ipAddress}"`;
  if (beneficiaryId !== null) text += `,"beneficiaryId":"${beneficiaryId}"`;
  if (instrumentId !== null) text += `,"instrumentId":"${instrumentId}"`;
  if (location !== null) {
    text += `,"location":{"latitude":${plainDecimal(location.latitude)},"longitude":${plainDecimal(location.longitude)}}`;
  }
  if (metadata !== null) text += `,"metadata":${queueSafe(JSON.stringify(metadata))}`;
  return `${text}}`;
}

/** JSON pointer of the first field in which two transactions differ after parsing; null when they are the same content. */
export function differingField(a: Transaction, b: Transaction): string | null {
  for (const field of transactionFields) {
    if (field === 'occurredAt') {
      if (a.occurredAtMs !== b.occurredAtMs || a.offsetMinutes !== b.offsetMinutes) return '/occurredAt';
    } else if (field === 'location') {
      const part = differingPart(a.location, b.location);
      if (part !== null) return `/location${part}`;
    } else if (field === 'metadata') {
      const part = differingPart(a.metadata, b.metadata);
      if (part !== null) return `/metadata${part}`;
    } else if (a[field] !== b[field]) {
      return `/${field}`;
    }
  }
  return null;
}

/** Card numbers in every key and string below, each named by its pointer. */
export function findCardNumbers(json: Json, pointer: string, faults: Fault[]): void {
  if (typeof json === 'string') {
    if (hasCardNumber(json)) faults.push(cardNumberFault(pointer));
  } else if (Array.isArray(json)) {
    for (let i = 0; i < json.length; i++) findCardNumbers(json[i]!, `${pointer}/${i}`, faults);
  } else if (json instanceof Map) {
    for (const [key, value] of json) {
      const inner = pointer + pointerPart(key);
      if (hasCardNumber(key)) faults.push(cardNumberFault(inner));
      findCardNumbers(value, inner, faults);
    }
  }
}

/** Reads the fields of one object; what is wrong goes into `faults` and reads as null. */
class FieldReader {
  private readonly members: ReadonlyMap<string, Json>;
  private readonly faults: Fault[];

  constructor(members: ReadonlyMap<string, Json>, faults: Fault[]) {
    this.members = members;
    this.faults = faults;
  }

  id(field: string, isAllowed: (text: string) => boolean): string | null {
    const given = this.members.get(field);
    if (typeof given === 'string' && isAllowed(given) && !hasCardNumber(given)) return given;
    return this.refuse(field, field === 'transactionId' ? `${allowedId}, and not "latest"` : allowedId, given);
  }

  optionalId(field: string): string | null {
    return this.isAbsent(field) ? null : this.id(field, isId);
  }

  beneficiaryId(field: string): string | null {
    if (this.isAbsent(field)) return null;
    const given = this.members.get(field);
    if (typeof given === 'string' && isBeneficiaryId(given) && !hasCardNumber(given)) return given;
    return this.refuse(field, allowedBeneficiaryId, given);
  }

  ipAddress(field: string): string | null {
    if (this.isAbsent(field)) return null;
    const given = this.members.get(field);
    const address = typeof given === 'string' ? canonicalIp(given) : null;
    return address ?? this.refuse(field, 'an IPv4 or IPv6 address without zone, prefix or octets that begin with 0', given);
  }

  instant(field: string, receivedAtMs: number): Instant | null {
    const given = this.members.get(field);
    const instant = typeof given === 'string' ? parseInstant(given) : null;
    if (instant === null) {
      return this.refuse(field, 'an RFC 3339 date and time with seconds and Z or an offset up to 14:00', given);
    }
    if (instant.epochMs < earliestMs) return this.refuse(field, 'at or after 2000-01-01T00:00:00Z', given);
    if (instant.epochMs > receivedAtMs + maximumAheadMs) {
      return this.refuse(field, `at most 5 minutes after its receipt at ${formatInstant(receivedAtMs)}`, given);
    }
    return instant;
  }

  amount(field: string): number | null {
    const given = this.members.get(field);
    if (given instanceof JsonNumber && /^[1-9][0-9]{0,15}$/.test(given.text)) {
      const amount = Number(given.text);
      if (Number.isSafeInteger(amount)) return amount;
    }
    return this.refuse(field, `an integer of minor units, 1 to ${Number.MAX_SAFE_INTEGER}, in plain digits`, given);
  }

  currency(field: string): string | null {
    const given = this.members.get(field);
    if (typeof given === 'string' && currencyExponents[given] !== undefined) return given;
    return this.refuse(field, 'an active ISO 4217 code in capitals', given);
  }

  place(field: string): Place | null {
    if (this.isAbsent(field)) return null;
    const given = this.members.get(field)!;
    if (!(given instanceof Map)) return this.refuse(field, 'an object of latitude and longitude', given);
    const inner = new FieldReader(given, this.faults);
    const latitude = inner.degrees('latitude', 90, `/${field}/latitude`);
    const longitude = inner.degrees('longitude', 180, `/${field}/longitude`);
    inner.refuseUnknown(placeFields, `/${field}`);
    return latitude === null || longitude === null ? null : { latitude, longitude };
  }

  metadata(field: string): Readonly<Record<string, string>> | null {
    if (this.isAbsent(field)) return null;
    const given = this.members.get(field)!;
    if (!(given instanceof Map)) return this.refuse(field, 'an object of strings', given);
    if (given.size > metadataLimits.pairs) {
      this.faults.push({
        pointer: `/${field}`,
        detail: `${field} must be at most ${metadataLimits.pairs} pairs; given ${given.size}`,
      });
    }
    for (const [key, value] of given) this.checkPair(key, value, `/${field}${pointerPart(key)}`);
    return given.size === 0 ? null : Object.fromEntries(given as ReadonlyMap<string, string>);
  }

  refuseUnknown(known: ReadonlySet<string>, pointer: string): void {
    for (const [key, value] of this.members) {
      if (known.has(key)) continue;
      const inner = pointer + pointerPart(key);
      if (hasCardNumber(key)) this.faults.push(cardNumberFault(inner));
      else this.faults.push({ pointer: inner, detail: `unknown field; allowed are ${[...known].join(', ')}` });
      findCardNumbers(value, inner, this.faults);
    }
  }

  private degrees(field: string, limit: number, pointer: string): number | null {
    const given = this.members.get(field);
    if (given instanceof JsonNumber && /^-?[0-9]+(?:\.[0-9]+)?$/.test(given.text)) {
      const degrees = Number(given.text);
      if (Math.abs(degrees) <= limit) return degrees === 0 ? 0 : degrees;
    }
    return this.refuse(field, `a plain decimal from -${limit} to ${limit}, without an exponent`, given, pointer);
  }

  private checkPair(key: string, value: Json, pointer: string): void {
    const { keyCharacters, valueCharacters } = metadataLimits;
    if (hasCardNumber(key)) {
      this.faults.push(cardNumberFault(pointer));
    } else if (key === '' || isLonger(key, keyCharacters) || key === '__proto__') {
      this.faults.push(fault(pointer, 'a metadata key', `1-${keyCharacters} characters, and not "__proto__"`, key));
    }
    if (typeof value === 'string' && !isLonger(value, valueCharacters)) {
      if (hasCardNumber(value)) this.faults.push(cardNumberFault(pointer));
    } else {
      this.refuse('a metadata value', `a string of at most ${valueCharacters} characters`, value, pointer);
    }
  }

  private isAbsent(field: string): boolean {
    return (this.members.get(field) ?? null) === null;
  }

  private refuse(field: string, allowed: string, given: Json | undefined, pointer = `/${field}`): null {
    const before = this.faults.length;
    if (given !== undefined) findCardNumbers(given, pointer, this.faults);
    if (this.faults.length === before) this.faults.push(fault(pointer, field, allowed, given));
    return null;
  }
}

const placeFields: ReadonlySet<string> = new Set(['latitude', 'longitude']);

/** In characters, not UTF-16 units. */
function isLonger(text: string, characters: number): boolean {
  if (text.length <= characters) return false;
  if (text.length > 2 * characters) return true;
  return [...text].length > characters;
}

function differingPart(
  a: Place | Readonly<Record<string, string>> | null,
  b: Place | Readonly<Record<string, string>> | null,
): string | null {
  if (a === null || b === null) return a === b ? null : '';
  const left = new Map<string, unknown>(Object.entries(a));
  const right = new Map<string, unknown>(Object.entries(b));
  for (const key of [...new Set([...left.keys(), ...right.keys()])].sort()) {
    if (left.get(key) !== right.get(key)) return pointerPart(key);
  }
  return null;
}

/** A double's shortest decimal that reads back as the same, without an exponent. */
function plainDecimal(value: number): string {
  const text = String(value);
  const match = /^(-?)([0-9])(?:\.([0-9]+))?e-([0-9]+)$/.exec(text);
  if (match === null) return text;
  return `${match[1]}0.${'0'.repeat(Number(match[4]) - 1)}${match[2]}${match[3] ?? ''}`;
}
