import { tokenIssuerOf } from '../shared/edge/tokens.ts';

/** Whether a setting that is no plain number or word has the form it must have. */

const keyNames = ['data', 'master', 'signing'];
const keyArn = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/;

export const isExistingKeys = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).sort().join() === keyNames.join() &&
  Object.values(value).every((arn) => typeof arn === 'string' && keyArn.test(arn));

const tableArn = /^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table\/[\w.-]+$/;

export const isRestoredTable = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null || Object.keys(value).sort().join() !== 'arn,streamArn') return false;
  const { arn, streamArn } = value as Record<string, unknown>;
  return typeof arn === 'string' && tableArn.test(arn) && typeof streamArn === 'string' && streamArn.startsWith(`${arn}/stream/`);
};

export const isTokenIssuer = (value: unknown): boolean => {
  try {
    return tokenIssuerOf(JSON.stringify(value)) !== null;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
};

/** The functions whose load is isolated from that of the others. */
const hotStages = ['ingest', 'score', 'decide', 'read'];

export const isReservedConcurrency = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.entries(value).every(
    ([stage, count]) => hotStages.includes(stage) && Number.isInteger(count) && count >= 1 && count <= 10_000,
  );
