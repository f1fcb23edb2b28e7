// How long a reader waits for the portal, in headless Chromium: prints lines of a table.
//
//   node portal.mjs MODULES FOLDER
//
// A search is measured from the key to the frame with the results; it waits for a frame, so that 16 ms are nothing.

import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, folder] = process.argv.slice(2);
const require = createRequire(path.join(modules, 'none.js'));
const { chromium } = require('playwright-core');
const { default: packaged } = await import(pathToFileURL(require.resolve('@sparticuz/chromium')));
const site = pathToFileURL(`${path.resolve(folder)}/index.html`).href;

const bytes = (place) => readdirSync(place, { withFileTypes: true }).reduce((sum, entry) => {
  const below = path.join(place, entry.name);
  return sum + (entry.isDirectory() ? bytes(below) : statSync(below).size);
}, 0);
const middle = (numbers) => [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
const say = (what, number, goal) => process.stdout.write(`| ${what} | ${number} | ${goal} |\n`);

// The package turns off what readers' browsers have on, and puts all into one process.
const OFF = ['--disable-web-security', '--allow-running-insecure-content', '--disable-site-isolation-trials', '--single-process', '--no-zygote'];
const args = packaged.args.filter((one) => !OFF.includes(one));
const browser = await chromium.launch({ executablePath: await packaged.executablePath(), args });
try {
  const paints = [];
  const readies = [];
  let page;
  for (let run = 0; run < 7; run += 1) {
    await page?.close();
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(site);
    await page.waitForSelector('main h1');
    paints.push(await page.evaluate(() => new Promise((resolve) => new PerformanceObserver((list) => { const paint = list.getEntriesByName('first-contentful-paint')[0]; if (paint) resolve(paint.startTime); }).observe({ type: 'paint', buffered: true }))));
    await page.waitForFunction(() => lw.indexIsRead);
    readies.push(await page.evaluate(() => performance.now()));
  }
  await page.evaluate(() => { location.hash = '#/search'; });
  await page.waitForSelector('.result');
  const words = await page.evaluate(() => {
    const { words: known } = lw.site;
    const label = document.querySelector('.result-name').textContent;
    return ['a', 'e', 'id', label, label.slice(0, -1), known.teams.at(-1) ?? 'x', known.tags[0] ?? 'y', `${known.environments[0]} ${known.topics[0] ?? ''}`, 'nothing like this', ''];
  });
  const searches = await page.evaluate(async (queries) => {
    const times = [];
    const input = document.getElementById('search');
    for (let round = 0; round < 5; round += 1) {
      for (const query of queries) {
        input.value = query;
        const start = performance.now();
        const before = document.querySelector('.results').firstElementChild;
        input.dispatchEvent(new Event('input'));
        while (document.querySelector('.results').firstElementChild === before) await new Promise((resolve) => requestAnimationFrame(resolve));
        times.push(performance.now() - start);
      }
    }
    return times;
  }, words);
  const opened = await page.evaluate(async () => {
    const times = [];
    for (let file = 0; file < Math.min(20, lw.site.parts.datasets.length); file += 1) {
      const id = lw.site.parts.datasets[file];
      const start = performance.now();
      location.hash = `#/dataset/${id}`;
      while (!document.querySelector('.answer') || !decodeURIComponent(location.hash).endsWith(id) || !document.querySelector('.under').textContent.includes(id) && document.querySelector('h1').textContent !== id) await new Promise((resolve) => requestAnimationFrame(resolve));
      times.push(performance.now() - start);
    }
    return times;
  });
  const accessed = await page.evaluate(async () => {
    const start = performance.now();
    location.hash = '#/access';
    while (!document.querySelector('.overview')) await new Promise((resolve) => requestAnimationFrame(resolve));
    return performance.now() - start;
  });
  const ms = (number) => `${number.toFixed(0)} ms`;
  say('entries of the search index', await page.evaluate(() => lw.known().toLocaleString('en')), '');
  say('size of the site', `${(bytes(folder) / 1024 / 1024).toFixed(1)} MiB`, '60 MiB');
  say('first paint with content (median of 7)', ms(middle(paints)), '1 s');
  say('the search index is read (median of 7)', ms(middle(readies)), '');
  say(`a search with its results and facets drawn (median of ${searches.length})`, ms(middle(searches)), '50 ms');
  say('the slowest of these searches', ms(Math.max(...searches)), '50 ms');
  say('the page of a dataset (median of 20)', ms(middle(opened)), '');
  say('the overview of all access', ms(accessed), '');
} finally {
  await browser.close();
}
