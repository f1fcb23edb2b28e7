// The page of `lakewright access`: the overview with the rows that it is made of.
'use strict';

{
  const data = JSON.parse(document.getElementById('data').textContent);
  const { matrix, reach } = data;
  const lower = {
    principals: reach.principals.map((one) => one.join('\n').toLowerCase()),
    resources: reach.resources.map((arn, place) => [arn, ...Object.entries(reach.tables[place] ?? {}).flat(2)].join('\n').toLowerCase()),
    actions: reach.actions.map((list) => list.join('\n').toLowerCase()),
    groups: reach.groups.map((group) => group.name.toLowerCase()),
  };
  const placeOf = new Map(matrix.principals.map((name, place) => [name, place]));

  // The rows that have every word in their target, their principal, their resource or their actions.
  const matching = (words) => {
    if (!words.length) return { pairs: new Set(), wanted: () => undefined };
    const has = words.map((word) => Object.fromEntries(Object.entries(lower).map(([key, list]) => [key, list.map((text) => text.includes(word))])));
    const is = (target) => (row) => has.every((one) => one.groups[target] || one.principals[row[0]] || one.resources[row[1]] || one.actions[row[3]] || one.actions[row[4]]);
    const pairs = new Set();
    reach.groups.forEach((group, target) => {
      const wanted = is(target);
      for (const row of group.rows) {
        if (wanted(row)) pairs.add(placeOf.get(reach.principals[row[0]][0]) * matrix.targets.length + target);
      }
    });
    return { pairs, wanted: is };
  };

  // What `find` finds, after drawing more of a list until it is there.
  const drawnUntil = (find, more) => {
    let found = find();
    for (let button = more(); !found && button; button = more()) {
      button.click();
      found = find();
    }
    return found;
  };

  // Opens the rows of a target, and shows the first one of a principal.
  const show = (target, principal, list) => {
    const details = drawnUntil(() => document.getElementById(`target-${target}`), () => list.querySelector(':scope > .more'));
    if (!details) return;
    details.open = true;
    details.fill();
    const name = matrix.principals[principal];
    const row = drawnUntil(
      () => [...details.querySelectorAll('tbody th .name')].find((one) => one.textContent === name)?.closest('tr'),
      () => details.querySelector(':scope > .more'),
    );
    for (const marked of document.querySelectorAll('tr.marked')) marked.classList.remove('marked');
    row?.classList.add('marked');
    (row ?? details).scrollIntoView({ block: 'center' });
    details.querySelector('summary').focus({ preventScroll: true });
  };

  const notes = [
    data.principal ? lw.el('p', null, 'Only principals like ', lw.el('code', null, data.principal), '.') : null,
    data.resource ? lw.el('p', null, 'Only resources like ', lw.el('code', null, data.resource), '.') : null,
    ...data.doubts.map((doubt) => lw.el('p', { class: 'doubt' }, doubt)),
    matrix.principals.length ? null : lw.el('p', { class: 'empty' }, 'Nobody can access any of it.'),
  ].filter(Boolean);
  document.getElementById('main').append(...notes, ...(matrix.principals.length ? lw.access(matrix, {
    label: 'Show only',
    placeholder: 'a team, a dataset, an action',
    before: lw.legend(),
    group: (target) => ({ reach, group: reach.groups[target] }),
    matching,
    show,
  }) : []));
  document.addEventListener('keydown', (event) => {
    const input = document.getElementById('filter');
    if (event.key === '/' && input && document.activeElement !== input) {
      event.preventDefault();
      input.focus();
    } else if (event.key === 'Escape' && document.activeElement === input) {
      input.value = '';
      input.dispatchEvent(new Event('input'));
    }
  });
}
