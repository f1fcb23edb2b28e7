// Who can access what: an overview that is filtered, and the rows that it is made of. It is a page of the portal, and a page
// of its own.
'use strict';

{
  const ROWS = 30;
  const COLUMNS = 24;

  // What the words on badges mean.
  lw.legend = () => lw.el('details', { class: 'legend' },
    lw.el('summary', null, 'What the words mean'),
    lw.el('p', null, 'List, read, write, tag and manage are the access levels of AWS’s service authorization reference; the strongest is shown, tags aside. Keys are separate: to use a key is to encrypt or decrypt with it. A dashed border or a question mark means that some of it is unknown, because no template decides it.'));

  // The rows about one target.
  lw.accessRows = (reach, group, wanted = () => true) => {
    const columns = ['Who', 'What', 'How'];
    const rows = group.rows.filter(wanted);
    const cells = ([principal, resource, levels, allowed, unknown, filter, doubts]) => {
      const [name, arn] = reach.principals[principal];
      const target = reach.resources[resource];
      const tables = Object.entries(reach.tables[resource] ?? {});
      const actions = reach.actions[allowed];
      const open = reach.actions[unknown];
      return [
        [lw.el('span', { class: 'name' }, name), name === arn ? null : lw.el('small', null, arn)],
        [lw.el('span', { class: 'name' }, lw.short(target)), lw.el('small', null, target), tables.map(([table, list]) => lw.el('small', null, `${table}: ${list.join(' ')}`))],
        [
          lw.levelWords(levels, false).map((word) => lw.el('span', { class: `level ${word}` }, word)),
          filter ? lw.el('small', null, filter) : null,
          doubts.map((place) => lw.el('small', null, reach.doubts[place])),
          lw.el('details', null,
            lw.el('summary', null, lw.count(actions.length + open.length, 'action')),
            lw.el('ul', null, actions.map((action) => lw.el('li', null, action)), open.map((action) => lw.el('li', null, `unknown: ${action}`)))),
        ],
      ];
    };
    return lw.longTable(`Access to ${group.name}, one by one`, columns, rows, cells, 40);
  };

  // The overview of a matrix. `options` has `routeOf`, the route of a target or of a principal if it has a page; `rowsOf`,
  // the rows of a target, for a page of its own; `text`, the words on the search.
  lw.access = (matrix, options) => {
    const cells = [];
    for (let place = 0; place < matrix.cells.length; place += 4) cells.push(matrix.cells.slice(place, place + 4));
    const principals = matrix.principals.map((name) => name.toLowerCase());
    const targets = matrix.targets.map((name) => name.toLowerCase());
    const input = lw.el('input', { id: 'filter', type: 'search', autocomplete: 'off', spellcheck: 'false', placeholder: options.placeholder });
    const count = lw.el('p', { class: 'count', id: 'count', role: 'status' });
    const overview = lw.el('div', { class: 'drawn' });
    const details = lw.el('div', { class: 'drawn' });
    const narrow = window.matchMedia('(max-width: 46rem)');

    const draw = () => {
      const words = lw.words(input.value);
      const byRows = options.matching?.(words);
      const matches = ([principal, target]) => words.every((word) => principals[principal].includes(word) || targets[target].includes(word))
        || byRows?.pairs.has(principal * matrix.targets.length + target);
      const shown = words.length ? cells.filter(matches) : cells;
      const people = new Set(shown.map(([principal]) => principal));
      const things = new Set(shown.map(([, target]) => target));
      count.textContent = shown.length === cells.length && !words.length
        ? `${lw.count(people.size, 'principal')}, ${lw.count(things.size, 'target')}`
        : `${lw.count(people.size, 'principal')} of ${matrix.principals.length.toLocaleString('en')}, ${lw.count(things.size, 'target')} of ${matrix.targets.length.toLocaleString('en')}`;
      overview.replaceChildren(...(narrow.matches ? asCards(shown) : asTable(shown)));
      if (options.group) details.replaceChildren(...asDetails(things, words, byRows));
    };

    const byPrincipal = (shown) => {
      const lines = new Map();
      for (const cell of shown) {
        if (!lines.has(cell[0])) lines.set(cell[0], new Map());
        lines.get(cell[0]).set(cell[1], cell);
      }
      return [...lines].sort(([one], [other]) => one - other);
    };

    // A badge that leads to what it is made of.
    const cell = (principal, target, bits, isKey) => {
      const says = `${matrix.principals[principal]} on ${matrix.targets[target]}${isKey ? ' key' : ''}: ${lw.levelWords(bits, isKey).join(' ')}`;
      const word = lw.strongest(bits, isKey);
      const known = { class: `level ${word}${bits & lw.UNKNOWN ? ' doubted' : ''}`, 'aria-label': says, title: says };
      const label = bits & lw.UNKNOWN && word !== 'unknown' ? `${word} ?` : word;
      if (options.group) return lw.el('button', { type: 'button', ...known, onclick: () => options.show(target, principal, details) }, label);
      return lw.el('a', { href: lw.href(options.routeOf(matrix.targets[target])), ...known }, label);
    };

    const asTable = (shown) => {
      const lines = byPrincipal(shown);
      const columns = [];
      const seen = new Map();
      for (const [, target, data, key] of shown) seen.set(target, (seen.get(target) ?? 0) | (data ? 1 : 0) | (key ? 2 : 0));
      for (const [target, kinds] of [...seen].sort(([one], [other]) => one - other)) {
        if (kinds & 1) columns.push([target, false]);
        if (kinds & 2) columns.push([target, true]);
      }
      if (!lines.length) return [lw.el('p', { class: 'empty' }, 'Nothing matches.')];
      let last = Math.min(COLUMNS, columns.length);
      const holder = lw.el('div', null);
      const fill = () => {
        const head = lw.el('tr', null, lw.el('th', { scope: 'col' }, 'Principal'), columns.slice(0, last).map(([target, isKey]) => {
          const name = `${matrix.targets[target]}${isKey ? ' key' : ''}`;
          const route = options.routeOf?.(matrix.targets[target]);
          return lw.el('th', { scope: 'col' }, lw.el('span', { class: 'upright' }, route ? lw.link(name, route) : name));
        }));
        const body = lw.el('tbody', null);
        const line = ([principal, reached]) => {
          const name = matrix.principals[principal];
          const route = options.routeOf?.(name);
          return lw.el('tr', null, lw.el('th', { scope: 'row' }, route ? lw.link(name, route) : name), columns.slice(0, last).map(([target, isKey]) => {
            const bits = reached.get(target)?.[isKey ? 3 : 2];
            return lw.el('td', null, bits ? cell(principal, target, bits, isKey) : '');
          }));
        };
        const more = lw.more(lines, ROWS, line, body, 'principals');
        const table = lw.el('table', null, lw.el('caption', { class: 'hidden' }, 'The strongest access of each principal'), lw.el('thead', null, head), body);
        const left = columns.length - last;
        const wider = left > 0 ? lw.el('button', { type: 'button', class: 'more', onclick: () => { last = Math.min(columns.length, last + COLUMNS); fill(); holder.querySelector('.overview').focus(); } }, left > COLUMNS ? `Show ${COLUMNS} more columns of ${left.toLocaleString('en')}` : `Show ${left} more columns`) : null;
        holder.replaceChildren(...[wider, lw.el('div', { class: 'overview', role: 'region', 'aria-label': 'Overview', tabindex: '0' }, table), more].filter(Boolean));
      };
      fill();
      return [holder];
    };

    const asCards = (shown) => {
      const list = lw.el('div', { class: 'cards-list' });
      const card = ([principal, reached]) => {
        const name = matrix.principals[principal];
        const route = options.routeOf?.(name);
        const items = lw.el('ul', { class: 'plain' });
        const item = ([, target, data, key]) => lw.el('li', null,
          lw.el('span', { class: 'name' }, options.routeOf?.(matrix.targets[target]) ? lw.link(matrix.targets[target], options.routeOf(matrix.targets[target])) : matrix.targets[target]),
          lw.el('span', { class: 'levels' }, data ? cell(principal, target, data, false) : null, key ? [' key ', cell(principal, target, key, true)] : null));
        const more = lw.more([...reached.values()], 10, item, items, 'targets');
        return lw.el('section', { class: 'card' }, lw.el('h3', null, route ? lw.link(name, route) : name), items, more);
      };
      const more = lw.more(byPrincipal(shown), 10, card, list, 'principals');
      return [list, more ?? (list.children.length ? null : lw.el('p', { class: 'empty' }, 'Nothing matches.'))].filter(Boolean);
    };

    // The targets, each with its rows, which are drawn when somebody opens it.
    const asDetails = (things, words, byRows) => {
      const list = lw.el('div', null);
      const one = (target) => {
        const name = matrix.targets[target];
        const isWhole = words.every((word) => targets[target].includes(word));
        const wanted = words.length && !isWhole && byRows ? byRows.wanted(target) : undefined;
        const { reach, group } = options.group(target);
        const rows = wanted ? group.rows.filter(wanted) : group.rows;
        const details = lw.el('details', { class: 'target', id: `target-${target}` }, lw.el('summary', null, lw.el('span', { class: 'name' }, name), ' ', lw.el('span', { class: 'number' }, lw.count(rows.length, 'row'))));
        details.fill = () => {
          if (details.children.length === 1) details.append(...lw.accessRows(reach, group, wanted).filter(Boolean));
        };
        details.addEventListener('toggle', () => { if (details.open) details.fill(); });
        return details;
      };
      const more = lw.more([...things].sort((a, b) => a - b), 60, one, list, 'targets');
      return [lw.el('h2', null, 'One by one'), list, more].filter(Boolean);
    };

    let pending = 0;
    input.addEventListener('input', () => {
      cancelAnimationFrame(pending);
      pending = requestAnimationFrame(draw);
    });
    narrow.addEventListener('change', draw);
    draw();
    return [
      lw.el('form', { class: 'filter', role: 'search', onsubmit: (event) => event.preventDefault() }, lw.el('label', { for: 'filter' }, options.label), input, count),
      options.before ?? null,
      lw.el('h2', null, 'At a glance'),
      overview,
      details,
    ].filter(Boolean);
  };
}
