import { afterEach, describe, expect, it } from 'vitest';
import { FunctionFailed } from '../../../tools/local/functionFailed.ts';
import { FunctionHost, type HostOptions } from '../../../tools/local/functionHost.ts';

/** Functions and their instances, on handlers that wait until they are told to go on. */

const hosts: FunctionHost[] = [];
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
});

const hostOf = (options: Partial<HostOptions> & { timeoutMs?: number } = {}): FunctionHost => {
  const { timeoutMs = 10_000, ...more } = options;
  const host = new FunctionHost({
    model: { logicalId: 'Waits', stage: 'waits', environment: {}, timeoutMs },
    handler: new URL('./stubs/waits.ts', import.meta.url).href,
    environment: {},
    isBackground: false,
    maxInstances: 1,
    onCommitted: () => undefined,
    onOutput: () => undefined,
    ...more,
  });
  hosts.push(host);
  return host;
};

const threadOf = async (answer: Promise<unknown>): Promise<number> => ((await answer) as { threadId: number }).threadId;

describe('a function', () => {
  it('has one event at a time in an instance unless told otherwise: the next one waits', async () => {
    const host = hostOf({ timeoutMs: 1_000 });
    const first = host.invoke({ wait: 'a' }).catch((error: unknown) => error);
    const second = host.invoke({ release: 'a' });
    expect(await first).toBeInstanceOf(FunctionFailed);
    expect(await threadOf(second)).toBeGreaterThan(0);
  });

  it('gives an instance as many events at a time as it is told', async () => {
    const host = hostOf({ eventsPerInstanceMax: 2 });
    const waits = host.invoke({ wait: 'a' });
    const releases = host.invoke({ release: 'a' });
    expect(await threadOf(releases)).toBe(await threadOf(waits));
  });

  it('starts another instance before it gives a second event to one, and then the least busy one gets it', async () => {
    const host = hostOf({ maxInstances: 2, eventsPerInstanceMax: 2 });
    const first = host.invoke({ wait: 'a' });
    const second = host.invoke({});
    const other = await threadOf(second);
    // The second instance is free again, the first one is not.
    expect(await threadOf(host.invoke({}))).toBe(other);
    const beside = host.invoke({ wait: 'b' });
    // Both have one event now: the first instance takes the next.
    const releases = await threadOf(host.invoke({ release: 'a' }));
    expect(releases).toBe(await threadOf(first));
    expect(releases).not.toBe(other);
    expect(await threadOf(host.invoke({}))).toBe(releases);
    // Before the stop: what is rejected while nobody listens fails the run.
    const besideEnd = expect(beside).rejects.toThrow(/^waits: the instance ended with code 1$/);
    await host.stop();
    await besideEnd;
  });

  it('fails one event of an instance without its neighbours', async () => {
    const host = hostOf({ eventsPerInstanceMax: 3 });
    const waits = host.invoke({ wait: 'a' });
    await expect(host.invoke({ fail: true })).rejects.toThrow(/^waits: asked to$/);
    await host.invoke({ release: 'a' });
    expect(await threadOf(waits)).toBeGreaterThan(0);
  });

  it('after a timeout gives that instance nothing more, lets its other events end, and ends it', async () => {
    const host = hostOf({ eventsPerInstanceMax: 2, timeoutMs: 1_500 });
    const warm = await threadOf(host.invoke({}));
    const late = host.invoke({ wait: 'never' });
    const lateEnd = expect(late).rejects.toThrow(/^waits: timed out after 1.5 s$/);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const beside = host.invoke({ wait: 'also never' });
    const besideEnd = expect(beside).rejects.toThrow(/^waits: timed out after 1.5 s$/);
    await lateEnd;
    const next = threadOf(host.invoke({}));
    await besideEnd;
    expect(await next).not.toBe(warm);
  });

  it('that does not load fails its events', async () => {
    const host = hostOf({ handler: new URL('./stubs/none.ts', import.meta.url).href });
    await expect(host.invoke({})).rejects.toThrow(/^waits: Cannot find module/);
  });
});
