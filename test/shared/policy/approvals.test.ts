import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { Policy } from '../../../shared/domain/policy.ts';
import { readSystemChain } from '../../../shared/ledger/systemChain.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { policyHash } from '../../../shared/policy/hash.ts';
import { approvePolicy, publishPolicy, readActivePolicy, readPolicyVersion } from '../../../shared/policy/store.ts';
import { policyPointerKey } from '../../../shared/store/names.ts';

const tenant = 'acme';

/** People, each with a key; `made` is a key that ana made for a person who does not exist. */
const people = {
  ana: { identity: 'ana', by: 'key_ana', madeBy: ['cli'] },
  rotated: { identity: 'ana', by: 'key_ana2', madeBy: ['cli'] },
  ben: { identity: 'ben', by: 'key_ben', madeBy: ['cli'] },
  cleo: { identity: 'sub:cleo', by: 'sub:cleo', madeBy: [] },
  made: { identity: 'ghost', by: 'key_ghost', madeBy: ['key_ana', 'ana', 'cli'] },
} as const;
type Person = keyof typeof people;

const policyOf = (review: number): Policy => ({ ...defaultPolicy, cutoffs: { review, block: 70 } });

type Step =
  | { readonly kind: 'publish'; readonly by: Person; readonly review: number; readonly status: 'draft' | 'active' }
  | { readonly kind: 'approve'; readonly by: Person; readonly version: number };

const person = fc.constantFrom<Person>('ana', 'rotated', 'ben', 'cleo', 'made');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('publish' as const),
    by: person,
    review: fc.integer({ min: 41, max: 44 }),
    status: fc.constantFrom('draft', 'active', 'active'),
  }),
  fc.record({ kind: fc.constant('approve' as const), by: person, version: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: fc.constant('approve' as const), by: person, version: fc.integer({ min: 2, max: 4 }) }),
);

const newWorld = (approvalsNeeded: number) => {
  const table = memoryTable();
  let atMs = 1_000;
  return {
    table,
    publish: (by: Person, review: number, status: 'draft' | 'active', more: { ifVersion?: number } = {}) => {
      const { identity: author, by: key } = people[by];
      atMs += 1;
      return publishPolicy(table, tenant, { policy: policyOf(review), status, by: key, author, atMs, approvalsNeeded, ...more });
    },
    approve: (by: Person, version: number) => {
      atMs += 1;
      return approvePolicy(table, tenant, { version, ...people[by], atMs, approvalsNeeded });
    },
    active: async () => (await readActivePolicy(table, tenant)).version,
  };
};

type World = ReturnType<typeof newWorld>;

const act = ({ publish, approve }: World, one: Step): Promise<unknown> =>
  one.kind === 'publish' ? publish(one.by, one.review, one.status) : approve(one.by, one.version);

/** Whether those who approved are as many others as are needed. */
const isApproved = async ({ table }: World, version: number, needed: number): Promise<boolean> => {
  const { asked } = (await readPolicyVersion(table, tenant, version))!;
  const names = new Set(asked!.approvals.map(({ identity }) => identity));
  const own = asked!.author === 'ana' ? ['ana', 'ghost'] : [asked!.author];
  return names.size === asked!.approvals.length && names.size >= needed && own.every((name) => !names.has(name));
};

describe('a policy where approvals are needed', () => {
  it('comes into force by enough others alone, or because the same policy was in force before, in any sequence of calls', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.integer({ min: 1, max: 2 }), async (steps, needed) => {
        const world = newWorld(needed);
        const inForce = new Set([policyHash(defaultPolicy)]);
        let active = await world.active();
        for (const one of steps) {
          await act(world, one);
          const now = await world.active();
          if (now === active) continue;
          const stored = (await readPolicyVersion(world.table, tenant, now))!;
          if (!inForce.has(stored.hash)) expect(await isApproved(world, now, needed)).toBe(true);
          expect(stored.status).toBe('active');
          inForce.add(stored.hash);
          active = now;
        }
        await expectEntered(world, active);
      }),
      { numRuns: 300 },
    );
  });

  it('comes into force no other way when all call at the same time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.integer({ min: 1, max: 2 }), async (steps, needed) => {
        const world = newWorld(needed);
        await world.publish('ana', 41, 'active');
        await world.publish('ben', 42, 'active');
        await Promise.all(steps.map((one) => act(world, one).catch(() => null)));
        await expectEntered(world, await world.active());
      }),
      { numRuns: 200 },
    );
  });

  /** The system chain says of each change how the version came into force, and the last that did is in force. */
  async function expectEntered({ table }: World, active: number): Promise<void> {
    const entries = (await readSystemChain(table, tenant, 1, 1_000)).map(({ body }) => body);
    const hashes = new Set([policyHash(defaultPolicy)]);
    let last = 1;
    for (const { event, version, policyHash: hash, status, author, approvedBy, approvalsNeeded } of entries) {
      if (status !== 'active') continue;
      if (event === 'POLICY_PUBLISHED') expect(hashes.has(String(hash))).toBe(true);
      else {
        const names = approvedBy as readonly string[];
        expect(new Set(names).size).toBe(names.length);
        expect(names.length).toBeGreaterThanOrEqual(Number(approvalsNeeded));
        expect(names).not.toContain(author);
      }
      hashes.add(String(hash));
      last = Number(version);
    }
    expect(active).toBe(last);
  }

  it('is pending until others have approved it', async () => {
    const { publish, approve, active, table } = newWorld(2);
    expect(await publish('ana', 41, 'active')).toMatchObject({ ok: true, version: 2, status: 'pending' });
    expect(await active()).toBe(1);
    for (const by of ['ana', 'rotated', 'made'] as const) expect(await approve(by, 2)).toEqual({ ok: false, cause: 'author' });
    expect(await approve('ben', 2)).toMatchObject({ ok: true, stored: { status: 'pending' }, needed: 2 });
    expect(await approve('ben', 2)).toMatchObject({ ok: true, stored: { status: 'pending' } });
    expect(await active()).toBe(1);
    expect(await approve('cleo', 2)).toMatchObject({ ok: true, stored: { status: 'active' } });
    expect(await active()).toBe(2);
    expect(await approve('cleo', 2)).toMatchObject({ ok: true, stored: { status: 'active' } });
    expect(await readPolicyVersion(table, tenant, 1)).toMatchObject({ status: 'superseded' });
  });

  it('is put back alone once it was in force, and so is the default', async () => {
    const { publish, approve, active } = newWorld(1);
    await publish('ana', 41, 'active');
    await approve('ben', 2);
    await publish('ben', 42, 'active');
    await approve('ana', 3);
    expect(await publish('cleo', 41, 'active')).toMatchObject({ version: 4, status: 'active' });
    expect(await active()).toBe(4);
    expect(await publish('ana', defaultPolicy.cutoffs.review, 'active')).toMatchObject({ status: 'active' });
    expect(await publish('ana', 43, 'active')).toMatchObject({ status: 'pending' });
  });

  it('is not approved over another that came into force since', async () => {
    const { publish, approve, active } = newWorld(1);
    await publish('ana', 41, 'active');
    await publish('ana', 42, 'active');
    await approve('ben', 3);
    expect(await approve('ben', 2)).toEqual({ ok: false, cause: 'stale' });
    expect(await active()).toBe(3);
  });

  it.each([
    ['a draft', async ({ publish }: World) => publish('ana', 41, 'draft'), 2, 'notPending'],
    ['the default', async () => null, 1, 'notPending'],
    ['a version that never was', async () => null, 9, 'unknown'],
  ] as const)('is no concern of %s', async (_, given, version, cause) => {
    const world = newWorld(1);
    await given(world);
    expect(await world.approve('ben', version)).toEqual({ ok: false, cause });
  });

  it('waits for one other at least, also when none is needed any more', async () => {
    const { table, publish, active } = newWorld(2);
    await publish('ana', 41, 'active');
    const approving = { version: 2, ...people.ben, atMs: 5, approvalsNeeded: 0 };
    expect(await approvePolicy(table, tenant, { ...approving, ...people.ana })).toEqual({ ok: false, cause: 'author' });
    expect(await approvePolicy(table, tenant, approving)).toMatchObject({ ok: true, stored: { status: 'active' } });
    expect(await active()).toBe(2);
  });

  it('goes on from a pointer of 0.1, which had no place', async () => {
    const { table, publish, approve, active } = newWorld(1);
    await publish('ana', 41, 'draft');
    const { place: _, ...old } = (await table.get(policyPointerKey(tenant)))!;
    await table.put(old as typeof old & { pk: string; sk: string });
    await publish('ana', 42, 'active');
    await approve('ben', 3);
    expect(await active()).toBe(3);
  });
});
