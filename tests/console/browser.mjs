// A real browser on a real server's console.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { tokenFor } from '../e2e/tokens.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const screenshots = resolve(
  process.env.CALLSTATE_SCREENSHOTS ?? join(here, '../../build/screenshots'),
);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const DESKTOP = { width: 1360, height: 900 };
export const PHONE = { width: 375, height: 740 };

/** Who may look at everything of the tenant. */
export const auditor = (more) => ({ user: 'ann.auditor', role: 'AUDITOR', ...more });

// What a browser says of every answer that is no success: some of them are asked for.
const STATUS = /^Failed to load resource: the server responded with a status of/;

export class Browser {
  static async start() {
    const browser = new Browser();
    browser.chromium = await chromium.launch({
      executablePath: process.env.CALLSTATE_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox'],
    });
    return browser;
  }

  stop() {
    return this.chromium.close();
  }

  /** A page of its own, which knows nothing of others. */
  async page(server, { size = DESKTOP, colours = 'light' } = {}) {
    const context = await this.chromium.newContext({
      viewport: size,
      colorScheme: colours,
      deviceScaleFactor: size === PHONE ? 2 : 1,
      reducedMotion: 'reduce',
    });
    await context.addInitScript(() => {
      globalThis.violations = [];
      addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
        globalThis.violations.push(`${violatedDirective} ${blockedURI}`),
      );
    });
    const page = await context.newPage();
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(error.stack));
    page.on('console', (message) => {
      const said = ['error', 'warning'].includes(message.type()) && !STATUS.test(message.text());
      if (said) complaints.push(message.text());
    });
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    return Object.assign(page, { server, complaints, asked });
  }
}

export const open = (page, hash = '') => page.goto(`${page.server.http}/console/${hash}`);

export async function tryToken(page, token) {
  await page.fill('#token', token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Signs in, and goes to where the hash says. */
export async function signIn(page, hash = '#/', who = auditor()) {
  await open(page, hash);
  await tryToken(page, tokenFor(who));
  await page.locator('header.top').waitFor();
}

export const goTo = (page, hash) => page.evaluate((to) => (location.hash = to), hash);

/** A call's page, with all of its events. */
export async function openCall(page, id) {
  await goTo(page, `#/calls/${id}`);
  await page.locator('.page.call[data-whole=true]').waitFor();
}

/** Nothing was complained of, and nothing kept from happening by the policy. */
export async function assertQuiet(page) {
  assert.deepEqual(page.complaints, []);
  assert.deepEqual(await page.evaluate(() => globalThis.violations), []);
  const { http } = page.server;
  const strangers = page.asked.filter((url) => !url.startsWith(http) && !url.startsWith('blob:'));
  assert.deepEqual(strangers, [], 'something was asked of another server');
}

/** Closes the page, which must have been quiet. */
export async function done(page) {
  await assertQuiet(page);
  await page.context().close();
}

export async function screenshot(page, name) {
  mkdirSync(screenshots, { recursive: true });
  // What sticks to the top of the window would lie in the middle of the picture.
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}

/** axe finds nothing that is serious. */
export async function assertAccessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const found = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, help, nodes }) =>
        `${id}: ${help}: ${nodes
          .slice(0, 3)
          .map((node) => `${node.html} ${node.failureSummary}`)
          .join('; ')}`,
    );
  assert.deepEqual(found, [], `axe on ${what}`);
}

/** The page is not wider than what it is seen in. */
export async function assertFits(page, what) {
  const [wide, seen] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  assert.ok(wide <= seen, `${what} is ${wide} px wide, and ${seen} px are seen`);
}
