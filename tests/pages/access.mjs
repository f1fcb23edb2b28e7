// What a reader finds on the page of `lakewright access`, in headless Chromium, as JSON.
//
//   node access.mjs MODULES PAGE WORD

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, file, word] = process.argv.slice(2);
const require = createRequire(path.join(modules, 'none.js'));
const { chromium } = require('playwright-core');
const { default: packaged } = await import(pathToFileURL(require.resolve('@sparticuz/chromium')));
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const address = pathToFileURL(file).href;
const found = { errors: [], requests: [], violations: [], incomplete: [] };
// The package turns off what readers' browsers have on, and puts all into one process.
const OFF = ['--disable-web-security', '--allow-running-insecure-content', '--disable-site-isolation-trials', '--single-process', '--no-zygote'];
const args = packaged.args.filter((one) => !OFF.includes(one));
const browser = await chromium.launch({ executablePath: await packaged.executablePath(), args });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) found.errors.push(message.text());
  });
  page.on('pageerror', (error) => found.errors.push(String(error)));
  page.on('request', (request) => {
    if (request.url() !== address) found.requests.push(request.url());
  });
  await page.goto(address);
  found.heading = await page.locator('h1').textContent();
  // The search stands above the overview.
  found.order = await page.evaluate(() => document.getElementById('filter').compareDocumentPosition(document.querySelector('.overview')) & Node.DOCUMENT_POSITION_FOLLOWING);
  const cells = () => page.locator('.overview .level').count();
  const drawn = () => page.locator('details.target').count();
  found.cells = [await cells()];
  found.targets = [await drawn()];
  found.rowsBeforeOpening = await page.locator('details.target tbody tr').count();
  await page.keyboard.press('/');
  found.focus = await page.evaluate(() => document.activeElement.id);
  await page.keyboard.type(word);
  await page.waitForFunction(() => document.getElementById('count').textContent.includes(' of '));
  found.cells.push(await cells());
  found.targets.push(await drawn());
  found.count = await page.locator('#count').textContent();
  found.says = await page.locator('.overview .level').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
  // A badge leads to the rows that it is made of.
  await page.locator('.overview .level').first().focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('details.target[open] tr.marked');
  found.marked = await page.locator('tr.marked').innerText();
  await page.locator('#filter').focus();
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.getElementById('count').textContent.includes(' of '));
  found.cells.push(await cells());

  await page.evaluate(axe);
  const check = async (where) => {
    await page.evaluate(async () => {
      for (let round = 0; round < 4; round += 1) {
        for (const details of document.querySelectorAll('details:not([open])')) details.open = true;
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
      }
    });
    const result = await page.evaluate(() => axe.run(document, {
      runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
      rules: { 'target-size': { enabled: true } },
      // axe would fetch the style sheet again, which the page's policy forbids.
      preload: false,
    }));
    for (const key of ['violations', 'incomplete']) {
      for (const one of result[key]) for (const node of one.nodes) found[key].push({ where, rule: one.id, target: node.target.join(' '), html: node.html.slice(0, 160), why: [...node.any, ...node.all, ...node.none].map((part) => part.message).join(' ').slice(0, 300) });
    }
  };
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await check(colorScheme);
  }
  await page.setViewportSize({ width: 360, height: 800 });
  await page.waitForSelector('.cards-list .card');
  await check('narrow');
  found.width = await page.evaluate(() => document.documentElement.scrollWidth);
  found.cards = await page.locator('.cards-list .card').count();
  if (process.env.SCREENSHOTS) {
    await page.screenshot({ path: path.join(process.env.SCREENSHOTS, 'access-360.png') });
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(address);
    await page.screenshot({ path: path.join(process.env.SCREENSHOTS, 'access-1440.png') });
  }
} finally {
  await browser.close();
}
process.stdout.write(`${JSON.stringify(found)}\n`);
