// What a reader finds in the portal, in headless Chromium, as JSON.
//
//   node portal.mjs MODULES FOLDER WORD
//
// With SCREENSHOTS=DIR it also writes pictures of some pages.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, folder, word] = process.argv.slice(2);
const require = createRequire(path.join(modules, 'none.js'));
const { chromium } = require('playwright-core');
const { default: packaged } = await import(pathToFileURL(require.resolve('@sparticuz/chromium')));
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const site = pathToFileURL(`${path.resolve(folder)}/`).href;
const found = { contrast: 21, errors: [], requests: [], dead: [], wide: [], violations: [], incomplete: [], pages: [], injected: [] };
// The package turns off what readers' browsers have on, and puts all into one process.
const OFF = ['--disable-web-security', '--allow-running-insecure-content', '--disable-site-isolation-trials', '--single-process', '--no-zygote'];
const args = packaged.args.filter((one) => !OFF.includes(one));
const browser = await chromium.launch({ executablePath: await packaged.executablePath(), args });

const watch = (page) => {
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) found.errors.push(message.text());
  });
  page.on('pageerror', (error) => found.errors.push(String(error)));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(site) && url !== 'data:,') found.requests.push(url);
  });
  page.on('dialog', (dialog) => {
    found.injected.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
};

// Shows the page of a route and waits until it is drawn.
const go = async (page, route) => {
  await page.evaluate((to) => {
    document.getElementById('main').dataset.old = 'yes';
    const first = document.querySelector('main > *');
    if (first) first.dataset.old = 'yes';
    location.hash = to;
  }, route);
  await page.waitForFunction((to) => location.hash === to && !document.querySelector('main > [data-old]') && document.querySelector('main h1'), route);
};

// Opens everything that can be opened, and what appears in it.
const openAll = (page) => page.evaluate(async () => {
  for (let round = 0; round < 4; round += 1) {
    for (const details of document.querySelectorAll('details:not([open])')) details.open = true;
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
  }
});

// The least contrast of a text in a drawing with the box or the lane that it stands on, which axe does not decide. Source:
// "relative luminance" and "contrast ratio" in WCAG 2.2.
const contrast = (page) => page.evaluate(() => {
  const luminance = (colour) => {
    const [red, green, blue] = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const all = [...document.querySelectorAll('.drawing text')].map((text) => {
    const ground = text.closest('.box')?.querySelector('rect') ?? document.querySelector('.drawing .lane');
    const [one, other] = [text, ground].map((element) => luminance(getComputedStyle(element).fill)).sort((a, b) => b - a);
    return (one + 0.05) / (other + 0.05);
  });
  return Math.min(21, ...all);
});

const markup = (page) => page.evaluate(() => {
  const bad = [...document.querySelectorAll('img, iframe, object, embed, script:not([src]):not([type="application/json"]), [style], [onclick], [onerror], [onload], a[href^="javascript"]')];
  return bad.map((element) => element.outerHTML.slice(0, 120));
});

try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' });
  watch(page);
  await page.goto(`${site}index.html`);
  await page.waitForSelector('main h1');
  found.title = await page.title();
  found.heading = await page.locator('main h1').textContent();
  found.counts = await page.locator('.counts a').allTextContents();

  // The search, from the keyboard alone: from the first page to the page of the first result and back.
  await page.keyboard.press('/');
  found.focus = await page.evaluate(() => document.activeElement.id);
  await page.keyboard.type(word);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.result');
  await page.waitForFunction(() => lw.indexIsRead && !document.querySelector('#count').textContent.includes('so far'));
  found.results = await page.locator('#count').textContent();
  found.searchFocus = await page.evaluate(() => document.activeElement.id);
  found.first = await page.locator('.result-name').first().textContent();
  await page.keyboard.press('ArrowDown');
  found.arrow = await page.evaluate(() => document.activeElement.textContent);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.answer');
  found.dataset = {
    heading: await page.locator('main h1').textContent(),
    focus: await page.evaluate(() => document.activeElement.id),
    answer: await page.locator('.answer').textContent(),
    who: await page.locator('.who table').first().locator('tbody tr').allInnerTexts(),
    sections: await page.locator('main h2').allTextContents(),
  };
  await page.goBack();
  await page.waitForSelector('.result');
  await page.keyboard.press('/');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.getElementById('search').value);
  await page.waitForFunction(() => document.querySelectorAll('.facets fieldset').length > 1);
  found.all = await page.locator('#count').textContent();
  found.facets = await page.locator('.facets legend').allTextContents();

  // A facet narrows the results to the number that it shows, and the address keeps it.
  const box = page.locator('.facets fieldset', { hasText: 'Type' }).locator('label', { hasText: /^table/ });
  const expected = await box.locator('.number').textContent();
  await box.locator('input').focus();
  await page.keyboard.press('Space');
  await page.waitForFunction((number) => document.querySelector('#count').textContent.startsWith(`${number} result`), expected);
  found.facet = { expected, hash: await page.evaluate(() => location.hash), focus: await page.evaluate(() => document.activeElement.id.startsWith('facet-type-')), types: [...new Set(await page.locator('.result .type').allTextContents())] };
  await page.reload();
  await page.waitForFunction((number) => document.querySelector('#count')?.textContent === `${number} results` || document.querySelector('#count')?.textContent === `${number} result`, expected);

  // Every page that a link leads to, by way of the links: none is missing, all are readable, in both colour schemes, and
  // nothing is wider than a telephone.
  await page.goto(`${site}index.html`);
  await page.waitForSelector('main h1');
  await page.evaluate(axe);
  const queue = ['#/'];
  const seen = new Set(queue);
  const kinds = new Map();
  const check = async (route) => {
    await openAll(page);
    found.contrast = Math.min(found.contrast, await contrast(page));
    const axeFound = await page.evaluate(() => axe.run(document, {
      runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
      rules: { 'target-size': { enabled: true } },
      // axe would fetch the style sheet again, which the page's policy forbids.
      preload: false,
    }));
    for (const key of ['violations', 'incomplete']) {
      for (const one of axeFound[key]) {
        for (const node of one.nodes) found[key].push({ route, rule: one.id, target: node.target.join(' '), html: node.html.slice(0, 160), why: [...node.any, ...node.all, ...node.none].map((part) => part.message).join(' ').slice(0, 300) });
      }
    }
  };
  while (queue.length) {
    const route = queue.shift();
    if (route !== '#/') await go(page, route);
    const heading = await page.locator('main h1').textContent();
    found.pages.push(`${route} ${heading}`);
    if (heading === 'Not found' || heading === 'This page cannot be shown') found.dead.push(route);
    const kind = route.split('/')[1].split('?')[0];
    const turn = kinds.get(kind) ?? 0;
    kinds.set(kind, turn + 1);
    found.injected.push(...await markup(page));
    // The first pages of each kind are looked at in all ways.
    if (turn < 3) {
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await check(`${route} ${colorScheme}`);
      }
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 360, height: 800 });
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 360) found.wide.push(`${route} ${width}`);
      await check(`${route} narrow`);
      await page.setViewportSize({ width: 1440, height: 900 });
    }
    for (const link of await page.evaluate(() => [...document.querySelectorAll('a[href^="#/"]')].map((one) => one.getAttribute('href')))) {
      const isSearch = link.startsWith('#/search?');
      if (!seen.has(link) && seen.size < 250 && (!isSearch || [...seen].filter((one) => one.startsWith('#/search?')).length < 6)) {
        seen.add(link);
        queue.push(link);
      }
    }
  }

  // The colours follow the system, or what the reader chooses.
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.emulateMedia({ colorScheme: 'light' });
  found.light = await ground();
  await page.emulateMedia({ colorScheme: 'dark' });
  found.dark = await ground();
  await page.locator('.theme').click();
  found.chosen = [await page.locator('.theme').textContent(), await ground()];
  found.drawings = found.pages.filter((one) => /^#\/(environment|share|pipeline)\//.test(one)).length;
  found.global = await page.evaluate(() => globalThis.injected ?? null);

  if (process.env.SCREENSHOTS) {
    const shots = JSON.parse(process.env.SHOTS ?? '["#/"]');
    for (const [width, height, colorScheme] of [[1440, 900, 'light'], [1440, 900, 'dark'], [360, 800, 'light'], [3840, 2160, 'light']]) {
      await page.emulateMedia({ colorScheme });
      await page.evaluate(() => { delete document.documentElement.dataset.theme; });
      await page.setViewportSize({ width, height });
      for (const [place, route] of shots.entries()) {
        await go(page, '#/runway');
        await go(page, route);
        await page.waitForTimeout(150);
        await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${place}-${width}-${colorScheme}.png`), fullPage: width < 3840 });
      }
    }
  }
} finally {
  await browser.close();
}
process.stdout.write(`${JSON.stringify(found)}\n`);
