// What all scripts use. Texts are inserted as text nodes only: nothing of a mesh is ever read as markup.
'use strict';

const lw = {};

// An element with attributes and children. A child is an element, or a text.
lw.el = (name, attributes, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== ''));
  return element;
};

// The address of a page. The kind of a route stays as it is, its id may have any character. A search has its words and
// filters in its route.
lw.href = (route, query) => {
  if (route.startsWith('search?')) return `#/${route}`;
  const cut = route.indexOf('/');
  const encoded = cut < 0 ? route : `${route.slice(0, cut)}/${encodeURIComponent(route.slice(cut + 1))}`;
  return `#/${encoded}${query ? `?${query}` : ''}`;
};

// A text that leads to a page, if there is one.
lw.link = (text, route, attributes) => (route ? lw.el('a', { href: lw.href(route), ...attributes }, text) : document.createTextNode(text));

lw.count = (number, word) => `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`;

lw.words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

// Draws some items, and more of them when their end is seen or asked for. Only what is seen is drawn.
lw.more = (items, size, draw, container, words) => {
  let drawn = 0;
  const button = lw.el('button', { type: 'button', class: 'more' });
  const watcher = 'IntersectionObserver' in window
    ? new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) show(false); }, { rootMargin: '200px' })
    : null;
  const show = (isAsked) => {
    const first = drawn;
    const part = items.slice(drawn, drawn + size).map((item, place) => draw(item, first + place));
    drawn += part.length;
    container.append(...part);
    const left = items.length - drawn;
    const of = left > size ? ` of ${left.toLocaleString('en')}` : '';
    button.textContent = `Show ${Math.min(size, left).toLocaleString('en')} more${of} ${words ?? ''}`.trim();
    if (left === 0) {
      watcher?.disconnect();
      button.remove();
    }
    if (isAsked && part.length) {
      const target = part[0].querySelector?.('a, button, summary') ?? part[0];
      if (!target.matches('a, button, summary')) target.setAttribute('tabindex', '-1');
      target.focus();
    }
  };
  button.addEventListener('click', () => show(true));
  show(false);
  if (drawn < items.length) watcher?.observe(button);
  return drawn < items.length ? button : null;
};

// The levels of access, the weakest first, by their bits.
lw.LEVELS = [[1, 'list'], [2, 'read'], [4, 'write'], [8, 'tag'], [16, 'manage']];
lw.UNKNOWN = 32;

lw.levelWords = (bits, isKey) => {
  const words = lw.LEVELS.filter(([bit]) => bits & bit).map(([, word]) => (isKey && word === 'write' ? 'use' : word));
  if (bits & lw.UNKNOWN) words.push('unknown');
  return words;
};

// The strongest level. Tagging gives no access by itself; to use a key is to encrypt or decrypt with it.
lw.strongest = (bits, isKey) => {
  const known = lw.LEVELS.filter(([bit]) => bits & bit);
  const others = known.filter(([, word]) => word !== 'tag');
  const found = (others.length ? others : known).at(-1);
  if (!found) return 'unknown';
  return isKey && found[1] === 'write' ? 'use' : found[1];
};

// A badge with the strongest level; a reader hears all of them.
lw.badge = (bits, isKey) => {
  if (!bits) return lw.el('span', { class: 'none' }, lw.el('span', { 'aria-hidden': 'true' }, '–'), lw.el('span', { class: 'hidden' }, 'none'));
  const word = lw.strongest(bits, isKey);
  const doubt = bits & lw.UNKNOWN ? ' doubted' : '';
  const all = lw.levelWords(bits, isKey).join(', ');
  return lw.el('span', { class: `level ${word}${doubt}`, title: all }, word, doubt && word !== 'unknown' ? ' ?' : '', all === word ? null : lw.el('span', { class: 'hidden' }, ` (${all})`));
};

// The last part of an ARN.
lw.short = (arn) => (arn.startsWith('arn:') ? arn.split(':').slice(5).join(':') : arn);

// A table with names for its columns. On narrow screens each row is a card, so each cell repeats the name of its column.
lw.table = (caption, columns, attributes) => {
  const body = lw.el('tbody', null);
  const head = columns.map((name) => lw.el('th', { scope: 'col' }, name));
  const table = lw.el('table', { class: 'cards', ...attributes }, lw.el('caption', { class: 'hidden' }, caption), lw.el('thead', null, lw.el('tr', null, head)), body);
  return { table, body };
};

lw.row = (columns, cells, attributes) => lw.el('tr', attributes, cells.map((cell, place) => lw.el(place ? 'td' : 'th', place ? { 'data-name': columns[place] } : { scope: 'row' }, cell)));

// A table of many rows, with the button for more of them.
lw.longTable = (caption, columns, items, cells, size = 50) => {
  if (!items.length) return [lw.el('p', { class: 'soft' }, 'None.')];
  const { table, body } = lw.table(caption, columns);
  const more = lw.more(items, size, (item, place) => lw.row(columns, cells(item, place)), body);
  return [lw.el('div', { class: 'wide', role: 'region', 'aria-label': caption, tabindex: '0' }, table), more];
};
