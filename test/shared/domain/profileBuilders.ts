import { emptyProfile, hash32, type Profile, type ProfileFacts } from '../../../shared/domain/profile.ts';
import { updateProfile } from '../../../shared/domain/profileUpdate.ts';

/** The time of a payment that says none. */
export const start = Date.UTC(2026, 10, 1, 9);

/** A payment as a profile learns from it. */
export const payment = (change: Partial<ProfileFacts> = {}): ProfileFacts => ({
  occurredAtMs: start,
  offsetMinutes: 0,
  spendMinor: 1000,
  deviceHash: hash32('device'),
  merchantHash: hash32('merchant'),
  categoryHash: hash32('category'),
  location: null,
  blocked: false,
  ...change,
});

/** The profile after these payments. */
export const learned = (payments: readonly ProfileFacts[]): Profile => payments.reduce(updateProfile, emptyProfile);
