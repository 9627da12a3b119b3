import { allowedBeneficiaryId, allowedId, isBeneficiaryId, isId } from '../../../shared/contract/ids.ts';
import { canonicalIp, ipNetwork } from '../../../shared/domain/ipAddress.ts';
import { invalid, notFound, type Problem } from '../../../shared/edge/problem.ts';
import type { ApiRequest } from '../../../shared/edge/request.ts';
import { entityHashes } from '../../../shared/entities/hashes.ts';
import type { MasterSecret } from '../../../shared/secrets/masterSecret.ts';
import { entityLookupKey } from '../../../shared/store/names.ts';

/** An entity as a request names it. */
export interface Named {
  readonly tenant: string;
  readonly kind: string;
  /** As it is counted: an address by its network. */
  readonly id: string;
  /** Names it in keys. */
  readonly digest: string;
  /** Where its notes are. */
  readonly notes: string;
}

interface IdRule {
  readonly allowed: string;
  /** The id as it is counted; null for what is none. */
  readonly canonical: (text: string) => string | null;
}

const plain = (isAllowed: (text: string) => boolean, allowed: string): IdRule => ({
  allowed,
  canonical: (text) => (isAllowed(text) ? text : null),
});

/** A policy's own kinds have the values of metadata, which may be any text. */
const rules: Readonly<Record<string, IdRule>> = {
  device: plain(isId, allowedId),
  ip: {
    allowed: 'an IPv4 or IPv6 address without a zone',
    canonical: (text) => {
      const address = canonicalIp(text);
      return address === null ? null : ipNetwork(address);
    },
  },
  beneficiary: plain(isBeneficiaryId, allowedBeneficiaryId),
  instrument: plain(isId, allowedId),
  merchant: plain(isId, allowedId),
};

/** The id as it is counted; null for what can be no id of the kind. */
export const canonicalId = (kind: string, text: string): string | null =>
  Object.hasOwn(rules, kind) ? rules[kind]!.canonical(text) : text;

/** The id of the entity that a path names. Throws a 400 for what can be no id of its kind. */
export const idIn = ({ parameters }: ApiRequest): string => {
  const { kind = '', id = '' } = parameters;
  const canonical = canonicalId(kind, id);
  if (canonical === null)
    throw invalid([{ pointer: '/id', detail: `id must be ${rules[kind]!.allowed}; given ${JSON.stringify(id)}` }]);
  return canonical;
};

/** The entity that a path names, which is no merchant. Throws a 400 and what reading the master secret throws. */
export const namedIn = (masterSecret: MasterSecret, request: ApiRequest): Promise<Named> => {
  const { tenant, parameters } = request;
  if (parameters.kind === 'merchant')
    throw invalid([{ pointer: '/kind', detail: 'kind must not be merchant: whose payments a merchant took is not noted' }]);
  return named(masterSecret, tenant, parameters.kind!, idIn(request));
};

export const named = async (masterSecret: MasterSecret, tenant: string, kind: string, id: string): Promise<Named> => {
  const digest = (await entityHashes(masterSecret)).digest(tenant, kind, id);
  return { tenant, kind, id, digest, notes: entityLookupKey(tenant, kind, digest, 0, 0).pk };
};

export const neverSeen = (kind: string, id: string): Problem => notFound(`The ${kind} ${id} was never seen.`);
