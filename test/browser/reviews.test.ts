import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isClean, reportRetry } from './checks.ts';
import { findChromium } from './chromium.ts';
import { takeover } from './traffic.ts';
import { startWorld, type Tab, type World } from './world.ts';

const chromiumPath = findChromium();

describe.skipIf(chromiumPath === null)('the reviews page in a browser', () => {
  let world: World;
  const [victim] = takeover(11).attack;

  beforeAll(async () => {
    world = await startWorld(chromiumPath!);
  });

  afterAll(() => world?.stop());

  afterEach(reportRetry);

  /** Requests of the tab that record a disposition. */
  const dispositionsOf = (tab: Tab): string[] => tab.requests.filter((asked) => /^POST .*\/review$/.test(asked));

  /** Selects the first review by keyboard and waits until it can be decided. */
  const selectReview = async ({ page }: Tab): Promise<string> => {
    await page.locator('.queue li').first().waitFor();
    await page.keyboard.press('j');
    await page.locator('.disposition button:enabled').first().waitFor();
    return (await page.locator('.queue [aria-current="true"] .id').textContent())!;
  };

  /** A blocked payment of a new account: it opens a review. */
  const arrival = async (name: string): Promise<void> => {
    const payment = { ...victim, accountId: `arrival-${name}`, userId: `arrival-${name}`, transactionId: `arrival-${name}` };
    const sent = await world.call('POST', '/decisions', { ...payment, amountMinor: 900_000_000 });
    expect(sent).toMatchObject({ status: 200, body: { outcome: expect.stringMatching(/REVIEW|BLOCK/) } });
  };

  const listed = ({ page }: Tab, name: string) => page.locator('.queue li .id', { hasText: new RegExp(`^arrival-${name}$`) });

  it('works through the reviews by keyboard, holding each disposition so that it can be undone', async () => {
    for (const name of ['keys-1', 'keys-2', 'keys-3']) await arrival(name);
    const tab = await world.open({ at: '#/reviews' });
    const { page } = tab;
    for (const name of ['keys-1', 'keys-2', 'keys-3']) await listed(tab, name).waitFor();
    const first = await selectReview(tab);
    const current = page.locator('.queue [aria-current="true"] .id');
    await page.keyboard.press('j');
    await expect.poll(() => current.textContent()).not.toBe(first);
    await page.keyboard.press('k');
    await expect.poll(() => current.textContent()).toBe(first);
    await page.locator('.disposition button:enabled').first().waitFor();
    // On a busy machine the five seconds can pass before the click; UNSURE leaves the review open, so that it can be tried again.
    const undone = async (): Promise<boolean> => {
      await page.locator('.disposition button:enabled').first().waitFor();
      await page.keyboard.press('u');
      await page.locator('.toast').getByText('Unsure').last().waitFor();
      const undo = page.getByRole('button', { name: /^Undo/ });
      return undo.click({ timeout: 5_000 }).then(
        () => true,
        () => false,
      );
    };
    await expect.poll(undone, { timeout: 60_000 }).toBe(true);
    await page.locator('.toast.held').waitFor({ state: 'detached' });
    await page.locator('.disposition button:enabled').first().waitFor();
    const transactionId = await page.getByLabel('Payment').inputValue();
    await page.keyboard.press('l');
    await page.locator('.toast.sent', { hasText: transactionId }).waitFor();
    await page.getByRole('button', { name: 'Closed' }).click();
    await page.locator('.queue li', { hasText: 'Legitimate' }).first().waitFor();
    isClean(tab);
    await tab.context.close();
  });

  it('does nothing by F, L, U and N while no review is selected', async () => {
    await arrival('unselected');
    const tab = await world.open({ at: '#/reviews' });
    const { page } = tab;
    await page.locator('.queue li').first().waitFor();
    expect(await page.locator('.queue [aria-current]').count()).toBe(0);
    expect(await page.locator('.disposition').count()).toBe(0);
    for (const key of 'fluFLUnflu') await page.keyboard.press(key);
    await page.getByText('No review is selected').waitFor();
    expect(await page.locator('.toast').count()).toBe(0);
    expect(await page.locator('.queue [aria-current]').count()).toBe(0);
    expect(dispositionsOf(tab)).toEqual([]);
    isClean(tab);
    await tab.context.close();
  });

  it('takes no letter of a note for a command while reviews arrive, and keeps the review and a draft for each', async () => {
    const sentences = [
      'Full refund for a lost luggage claim; the holder was unusually fluent.',
      'Likely fraud: followed up by phone, still unsure, full file follows.',
      'Just called: useful facts, no fault found, leave until Friday.',
      'Unlawful use of a lent phone, nothing further for now.',
    ];
    await arrival('draft-0');
    const tab = await world.open({ at: '#/reviews' });
    const { page, context } = tab;
    // A slow machine: keys wait while the page is busy.
    const session = await context.newCDPSession(page);
    await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
    const account = await selectReview(tab);
    const note = page.getByRole('textbox', { name: /^Note/ });
    const current = page.locator('.queue [aria-current="true"] .id');
    await page.keyboard.press('n');
    for (const [index, sentence] of sentences.entries()) {
      await arrival(`draft-${index + 1}`);
      // Half is typed before the new review is in the list, half after.
      await page.keyboard.type(sentence.slice(0, 30), { delay: 10 });
      await listed(tab, `draft-${index + 1}`).waitFor();
      await page.keyboard.type(sentence.slice(30), { delay: 10 });
      expect(await current.textContent()).toBe(account);
    }
    expect(await note.inputValue()).toBe(sentences.join(''));

    // The field loses the focus in the middle of a sentence: its other letters, j, f, l, u and space among them, are no commands.
    for (const blur of ['blur', 'click', 'Tab']) {
      await note.focus();
      await page.keyboard.type('Refund', { delay: 10 });
      if (blur === 'blur') await page.evaluate('document.activeElement.blur()');
      else if (blur === 'click') await page.getByRole('heading', { name: 'Reviews', exact: true }).click();
      else await page.keyboard.press(blur);
      await page.keyboard.type('ful unless just left. Unlawful flu, full of fluff. ', { delay: 10 });
      expect(await current.textContent()).toBe(account);
      expect(await page.locator('.toast').count()).toBe(0);
    }

    // Each review has a draft of its own.
    const draft = await note.inputValue();
    await page.getByRole('button', { name: 'arrival-draft-4' }).click();
    await expect.poll(() => current.textContent()).toBe('arrival-draft-4');
    expect(await note.inputValue()).toBe('');
    await note.fill('another');
    await page.getByRole('button', { name: account, exact: false }).click();
    await expect.poll(() => note.inputValue()).toBe(draft);
    expect(dispositionsOf(tab)).toEqual([]);

    // An undone disposition gives its note back.
    await note.press('Escape');
    await page.locator('.disposition button:enabled').first().waitFor();
    await page.keyboard.press('f');
    await page.locator('.toast.held').waitFor();
    await page.keyboard.press('z');
    await page.locator('.toast').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: account, exact: false }).click();
    await expect.poll(() => note.inputValue()).toBe(draft.trim());

    // Another analyst closes the review: it stays on the screen with its note.
    await note.fill('');
    await page.keyboard.type('Fluent caller, ', { delay: 10 });
    const transactionId = await page.getByLabel('Payment').inputValue();
    const closed = await world.call('POST', `/decisions/${transactionId}/review`, { disposition: 'LEGITIMATE' });
    expect(closed.status).toBe(200);
    await page.keyboard.type('full of luck. ', { delay: 10 });
    await page.getByText('This review is no longer in the list.').waitFor();
    await page.keyboard.type('Leave unfiled.', { delay: 10 });
    expect(await note.inputValue()).toBe('Fluent caller, full of luck. Leave unfiled.');
    expect(await page.locator('.toast').count()).toBe(0);
    expect(dispositionsOf(tab)).toEqual([]);
    isClean(tab);
    await tab.context.close();
  });

  it('decides one account with two clicks in quick succession', async () => {
    for (const name of ['double-1', 'double-2']) await arrival(name);
    const tab = await world.open({ at: '#/reviews' });
    const { page } = tab;
    for (const name of ['double-1', 'double-2']) await listed(tab, name).waitFor();
    await selectReview(tab);
    await page.getByRole('button', { name: /^Unsure/ }).dblclick();
    await page.locator('.toast').first().waitFor();
    await page.locator('.disposition button:enabled').first().waitFor();
    expect(await page.locator('.toast').count()).toBe(1);
    await page.keyboard.press('z');
    await tab.context.close();
  });
});
