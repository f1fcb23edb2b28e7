// What a reader finds on the page of a review, in headless Chromium, as JSON.
//
//   node review.mjs MODULES PAGE WORD

import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, file, word] = process.argv.slice(2);
const require = createRequire(path.join(modules, 'none.js'));
const { chromium } = require('playwright-core');
const { default: packaged } = await import(pathToFileURL(require.resolve('@sparticuz/chromium')));

const address = pathToFileURL(file).href;
const found = { errors: [], requests: [] };
const browser = await chromium.launch({ executablePath: await packaged.executablePath(), args: packaged.args });
try {
  const page = await browser.newPage({ viewport: { width: 360, height: 800 }, colorScheme: 'light' });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) found.errors.push(message.text());
  });
  page.on('pageerror', (error) => found.errors.push(String(error)));
  page.on('request', (request) => {
    if (request.url() !== address) found.requests.push(request.url());
  });
  await page.goto(address);

  const count = (selector) => page.locator(selector).count();
  const visible = () => count('details.finding:not([hidden])');
  found.findings = await count('details.finding');

  // The search, from the keyboard alone.
  await page.keyboard.press('/');
  found.searchHasFocus = await page.evaluate(() => document.activeElement.id === 'filter');
  await page.keyboard.type(word);
  found.filtered = await visible();
  found.othersHaveTheWord = await page.evaluate((text) => {
    const hidden = [...document.querySelectorAll('details.finding[hidden]')];
    return hidden.filter((one) => one.textContent.toLowerCase().includes(text.toLowerCase())).length;
  }, word);
  found.count = await page.locator('#count').textContent();
  await page.keyboard.press('Escape');
  found.afterEscape = await visible();

  // A finding opens and closes by the keyboard.
  const finding = page.locator('section > details.finding').first();
  const isOpen = () => finding.evaluate((one) => one.open);
  found.open = [await isOpen()];
  await finding.locator('> summary').focus();
  for (const key of ['Enter', 'Space']) {
    await page.keyboard.press(key);
    found.open.push(await isOpen());
  }

  // The width of a telephone, with everything open.
  await page.locator('#open').click();
  found.opened = await count('details.finding[open]');
  found.width = await page.evaluate(() => document.documentElement.scrollWidth);

  const colours = () => page.evaluate(() => {
    const style = getComputedStyle(document.documentElement);
    return [getComputedStyle(document.body).color, style.getPropertyValue('--gained').trim()];
  });
  found.light = await colours();
  await page.emulateMedia({ colorScheme: 'dark' });
  found.dark = await colours();
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });
} finally {
  await browser.close();
}
process.stdout.write(`${JSON.stringify(found)}\n`);
