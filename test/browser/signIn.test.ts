import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isClean, reportRetry } from './checks.ts';
import { findChromium } from './chromium.ts';
import { takeover } from './traffic.ts';
import { startWorld, underPath, type World } from './world.ts';

const chromiumPath = findChromium();

describe.skipIf(chromiumPath === null)('signing in to the console in a browser', () => {
  let world: World;
  const { history, attack } = takeover(11);
  const victim = attack[0]!;

  beforeAll(async () => {
    world = await startWorld(chromiumPath!);
    for (const payment of [...history, ...attack]) expect((await world.call('POST', '/decisions', payment)).status).toBe(200);
  });

  afterAll(() => world?.stop());

  afterEach(reportRetry);

  it('shows only what the scopes of the key allow', async () => {
    const reader = await world.open({ key: await world.key('read'), at: `#/decision/${victim.transactionId}` });
    await reader.page.locator('.verdict.verified').waitFor();
    expect(await reader.page.locator('.disposition').count()).toBe(0);
    await reader.context.close();
    const sender = await world.open({ key: await world.key('ingest') });
    await sender.page.getByText('This key cannot read').waitFor();
    await sender.context.close();
  });

  it('signs in without a failed request, and knows the tenant', async () => {
    const tab = await world.open({ key: await world.key('read') });
    await tab.page.locator('.rows tbody tr').first().waitFor();
    expect(await tab.page.locator('.tenant').textContent()).toBe('Tenant dev');
    expect(tab.failures).toEqual([]);
    await tab.context.close();
  });

  it('refuses a key that is not valid, and forgets the key at sign-out', async () => {
    const tab = await world.open({ key: null });
    const { page } = tab;
    await page.getByLabel('API key').fill('aegis_dev_0000000000000000000000');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This key is not valid.').waitFor();
    await page.getByLabel('API key').fill(world.stack.key);
    await page.keyboard.press('Enter');
    await page.getByRole('navigation').waitFor();
    expect(await page.evaluate('[sessionStorage.length, JSON.stringify(localStorage)]')).toEqual([
      1,
      '{"aegis.scheme":"system"}',
    ]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    await tab.context.close();
  });

  it('fetches a token from a configured issuer: authorization code, PKCE, state', async () => {
    const issuer = 'https://login.example';
    const tab = await world.open({ key: null });
    const { page } = tab;
    const cors = { 'access-control-allow-origin': '*' };
    let challenge: string | null = null;
    // The API answers like this when the deployment names an issuer; the test plays the issuer.
    await page.route(
      (url) => url.origin === world.stack.url && url.pathname === '/',
      async (route) => {
        const answer = await route.fetch();
        const policy = answer.headers()['content-security-policy']!.replace("connect-src 'self'", `connect-src 'self' ${issuer}`);
        await route.fulfill({ response: answer, headers: { ...answer.headers(), 'content-security-policy': policy } });
      },
    );
    await page.route('**/console/settings.json', (route) =>
      route.fulfill({ json: { signIn: { issuer, clientId: 'aegis-console', audience: 'aegis' } } }),
    );
    await page.route(`${issuer}/.well-known/openid-configuration`, (route) =>
      route.fulfill({
        headers: cors,
        json: { authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` },
      }),
    );
    await page.route(`${issuer}/authorize?*`, async (route) => {
      const asked = new URL(route.request().url()).searchParams;
      expect(Object.fromEntries(asked)).toMatchObject({
        response_type: 'code',
        client_id: 'aegis-console',
        code_challenge_method: 'S256',
        redirect_uri: `${world.stack.url}/`,
      });
      challenge = asked.get('code_challenge');
      // Not a redirect: the browser's driver would not be asked again for where it leads.
      const back = `${asked.get('redirect_uri')}?code=c0de&state=${asked.get('state')}`;
      await route.fulfill({
        contentType: 'text/html',
        body: `<meta http-equiv="refresh" content="0;url=${back.replaceAll('&', '&amp;')}">`,
      });
    });
    await page.route(`${issuer}/token`, async (route) => {
      const given = new URLSearchParams(route.request().postData()!);
      const verifier = given.get('code_verifier')!;
      expect(createHash('sha256').update(verifier).digest('base64url')).toBe(challenge);
      expect(given.get('code')).toBe('c0de');
      await route.fulfill({ headers: cors, json: { access_token: world.stack.key, token_type: 'Bearer' } });
    });
    await page.reload();
    await page.getByRole('button', { name: 'Sign in with login.example' }).click();
    await page.getByRole('navigation').waitFor();
    expect(new URL(page.url()).search).toBe('');
    expect(tab.troubles).toEqual([]);
    // An answer to a request of another tab is refused.
    await page.evaluate(
      `sessionStorage.setItem('aegis.signIn', '{"verifier":"v","state":"other"}'); sessionStorage.removeItem('aegis.key')`,
    );
    await page.goto(`${world.stack.url}/?code=c0de&state=forged`);
    await page.getByText('the answer belongs to another request').waitFor();
    await tab.context.close();
  });

  it.each([
    ['/v1/', ''],
    ['/restapis/a1b2/v1/_user_request_/', 'console'],
  ])('works under %s', async (prefix, name) => {
    const staged = await underPath(world.stack.url, prefix);
    const tab = await world.open({ url: staged.url + name });
    await tab.page.locator('.rows tbody tr').first().waitFor();
    await tab.page.locator('.rows tbody tr').first().click();
    await tab.page.locator('.decisionHead').waitFor();
    isClean(tab);
    await tab.context.close();
    await staged.stop();
  });
});
