import { type AccountAttackName, accountAttackScripts } from './accountAttacks.ts';
import { type NetworkAttackName, networkAttackScripts } from './networkAttacks.ts';

export type AttackName = AccountAttackName | NetworkAttackName;

/** The attacks whose truth is known, by name. */
export const attackScripts = { ...accountAttackScripts, ...networkAttackScripts };

export const attackNames = Object.keys(attackScripts) as readonly AttackName[];
