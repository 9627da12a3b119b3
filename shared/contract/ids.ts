import { hasCardNumber } from './cardNumbers.ts';

/** The alphabet of every identifier a caller chooses. */
export const idPattern = '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$';

const id = new RegExp(idPattern);

export const isId = (text: string): boolean => id.test(text);

/** Of a payee: handles have an `@`. */
export const beneficiaryIdPattern = '^[A-Za-z0-9][A-Za-z0-9_.:@+-]{0,63}$';

const beneficiaryId = new RegExp(beneficiaryIdPattern);

export const isBeneficiaryId = (text: string): boolean => beneficiaryId.test(text);

export const allowedBeneficiaryId = '1-64 of A-Z a-z 0-9 . _ : - @ +, beginning with a letter or digit';

/** A route owns this name. */
export const isTransactionId = (text: string): boolean => isId(text) && text !== 'latest';

export const allowedId = '1-64 of A-Z a-z 0-9 . _ : -, beginning with a letter or digit';

const tenant = /^[a-z0-9-]{1,32}$/;

export const isTenant = (text: string): boolean => tenant.test(text);

/** 1-128 visible ASCII characters that hide no card number; any other correlation id is replaced. */
export const isCorrelationId = (text: string): boolean => /^[\x21-\x7e]{1,128}$/.test(text) && !hasCardNumber(text);
