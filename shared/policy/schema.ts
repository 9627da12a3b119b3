import { z } from 'zod';
import { allowedId, idPattern } from '../contract/ids.ts';
import { metadataLimits } from '../contract/transaction.ts';
import type { Degradation } from '../domain/decision.ts';
import { entityKinds } from '../domain/entities.ts';
import { outcomes } from '../domain/outcome.ts';
import { listFields } from '../domain/policy.ts';
import { firstCounts } from '../domain/rowFormat.ts';
import { signalNames } from '../domain/signals/names.ts';
import { ruleLimits } from './ruleLimits.ts';

/** Bounds of a policy document. */
export const policyLimits = { rules: 100, lists: 20, rates: 200, textCharacters: 200, ownKinds: 4 } as const;

/** Of a policy's own kinds; a rule reads them as `entity.<kind>`. */
const ownKindPattern = '^[a-z][A-Za-z0-9]{0,15}$';

const causes = [
  'LATE',
  'NO_MODEL',
  'NOT_AVAILABLE',
  'NO_RATE',
  'MODEL_INVALID',
  'STORE_UNAVAILABLE',
  'RULE_FAILED',
] as const satisfies readonly Degradation['cause'][];

const currency = z.string().regex(/^[A-Z]{3}$/, 'a currency is three capitals, as ISO 4217 has them');
const rate = z
  .string()
  .regex(
    /^(?=.*[1-9])[0-9]{1,12}(\.[0-9]{1,12})?$/,
    'a rate is a positive decimal in quotes, at most 12 digits before and 12 after the point',
  );
const hundredths = (value: number): boolean => Math.round(value * 100) / 100 === value;
const points = z
  .number()
  .min(-1000)
  .max(1000)
  .refine(hundredths, 'at most 2 decimals')
  .meta({ description: 'At most 2 decimals' });
const cutoff = z.number().min(0).max(1000).refine(hundredths, 'at most 2 decimals').meta({ description: 'At most 2 decimals' });
const name = z.string().regex(new RegExp(idPattern), `a name is ${allowedId}`);
const text = z.string().min(1).max(policyLimits.textCharacters);

/** May be left out, and has no default in the document: a policy published before it was known keeps its hash. */
const alertSwitch = (description: string) =>
  z
    .boolean()
    .optional()
    .meta({ description: `${description}. Default: true` });

const threshold = z.number().min(-1e16).max(1e16);
const signal = z.strictObject({ threshold, points });
/** A signal that 0.2 brought: left out of a policy, it never triggers. */
const laterSignal = z.strictObject({ threshold: threshold.nullable(), points }).optional();
const firstSignals: readonly string[] = signalNames.slice(0, firstCounts.signals);

const rule = z
  .strictObject({
    id: name,
    when: z.string().min(1).max(ruleLimits.expressionCharacters).meta({ description: 'A CEL expression of type bool' }),
    text,
    points: points.optional(),
    outcome: z.enum(outcomes).optional(),
  })
  .meta({ oneOf: [{ required: ['points'] }, { required: ['outcome'] }] });

const list = z
  .strictObject({
    kind: z.enum(['allow', 'block']),
    field: z.enum(listFields).meta({ description: 'The field of a transaction whose values the list holds' }),
    outcome: z
      .enum(outcomes)
      .optional()
      .meta({ description: 'Of an allow list always ALLOW; of a block list REVIEW or BLOCK (default)' }),
    overrides: z
      .boolean()
      .default(false)
      .meta({ description: 'An allow list only: a hit excepts the payment from the outcomes of rules and block lists' }),
    text: text.optional(),
  })
  .meta({
    oneOf: [
      { properties: { kind: { const: 'allow' }, outcome: { const: 'ALLOW' } } },
      { properties: { kind: { const: 'block' }, outcome: { enum: ['REVIEW', 'BLOCK'] }, overrides: { const: false } } },
    ],
  });

const ownKind = z
  .strictObject({
    kind: z.string().regex(new RegExp(ownKindPattern), 'a kind is a small letter, then at most 15 letters or digits'),
    metadata: z.string().min(1).max(metadataLimits.keyCharacters),
  })
  .meta({ description: 'A kind of its own: its entities are the values of a metadata key' });

const trackedKind = z.union([z.enum(entityKinds), ownKind], `a kind is one of ${entityKinds.join(', ')}, or {kind, metadata}`);

/** The shape of a policy. What a shape cannot say (rules that compile, unique ids, ordered cut-offs) is in `parsePolicy`. */
export const policyShape = z
  .strictObject({
    baseCurrency: currency,
    rates: z.record(currency, rate).meta({ maxProperties: policyLimits.rates }),
    cutoffs: z.strictObject({ review: cutoff, block: cutoff }),
    signals: z.strictObject(
      Object.fromEntries(signalNames.map((signalName) => [signalName, firstSignals.includes(signalName) ? signal : laterSignal])),
    ),
    rules: z.array(rule).max(policyLimits.rules),
    lists: z.record(name, list).meta({ maxProperties: policyLimits.lists }),
    failTo: z.enum(outcomes).default('REVIEW'),
    failOn: z.array(z.enum(causes)).max(causes.length).nullable().default(null),
    population: z
      .strictObject({ mean: z.number().min(-100).max(100), sd: z.number().gt(0).max(100) })
      .default({ mean: 11.5, sd: 1.5 })
      .meta({ description: 'Mean and standard deviation of ln(amount in minor units of the base currency)' }),
    merchantPrior: z
      .strictObject({ a: z.number().gt(0).max(1e9), b: z.number().gt(0).max(1e9) })
      .default({ a: 0.5, b: 49.5 })
      .meta({ description: "Beta prior of a merchant's fraud share: (frauds + a) / (labelled + a + b)" }),
    entities: z
      .array(trackedKind)
      .max(entityKinds.length + policyLimits.ownKinds)
      .optional()
      .meta({ description: 'Kinds of entities that payments are counted on; left out: device, ip, beneficiary and instrument' }),
    learnedWeight: z.number().min(0).max(1).default(0).meta({ description: 'Weight of the learned layer, 0 = off' }),
    alerts: z
      .strictObject({
        blocks: z.boolean(),
        reviewsFrom: cutoff.nullable(),
        degraded: z.boolean(),
        deadLetters: alertSwitch('Messages that can never be decided'),
        model: alertSwitch("A model in force that is too old; only the default tenant's policy counts"),
        verifier: alertSwitch("Checkpoints that fail or are overdue; only the default tenant's policy counts"),
      })
      .optional()
      .meta({ description: 'What alerts are sent about. Default: everything but REVIEWs' }),
  })
  .meta({ title: 'Aegis policy' });

/** The published JSON Schema, as docs/policy.schema.json holds it. */
export const policyJsonSchema = (): unknown => z.toJSONSchema(policyShape, { io: 'input', target: 'draft-2020-12' });
