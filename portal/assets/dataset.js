// The page of a dataset: who can access it and why, then what is in it.
'use strict';

{
  const { el, link } = lw;
  const PEOPLE = ['team/', 'consumption-role/'];
  const isPerson = ({ name }) => PEOPLE.some((start) => name.startsWith(start)) || name === '*';

  lw.principal = (name) => link(name === '*' ? 'everybody' : name, `reach/${name}`);

  const whoTable = (caption, who) => {
    const columns = ['Who', 'Data', 'Keys', 'Why', 'Asked for in'];
    return lw.longTable(caption, columns, who, ({ name, data, key, why, lines }) => [
      lw.principal(name),
      lw.badge(data, false),
      lw.badge(key, true),
      why.length ? el('ul', { class: 'plain' }, why.map(({ text, to }) => el('li', null, link(text, to)))) : el('span', { class: 'soft' }, lines.length ? 'a grant of the mesh' : 'a policy outside of the dataset'),
      lines.length ? el('ul', { class: 'plain' }, lines.slice(0, 4).map((line) => el('li', null, lw.line(line))), lines.length > 4 ? el('li', { class: 'soft' }, `and ${lines.length - 4} more`) : null) : el('span', { class: 'soft' }, '–'),
    ]);
  };

  // In a sentence: who reads the data.
  const sentence = (who) => {
    const reads = ({ data }) => data & 2 || data & 4 || data & 16;
    const people = who.filter(isPerson).filter(reads);
    const open = who.filter(isPerson).filter((one) => !reads(one) && one.data & lw.UNKNOWN);
    const teams = new Set(people.map(({ name }) => (name.startsWith('team/') ? name.split('/').slice(2).join('/') : name)));
    const parts = [
      people.length ? [el('strong', null, [...teams].slice(0, 6).join(', ') + (teams.size > 6 ? ` and ${teams.size - 6} more` : '')), teams.size === 1 ? ' can read or change the data.' : ' can read or change the data.'] : 'No team can read the data.',
      open.length ? ` For ${open.length} more, it is not known, because no template decides it.` : '',
    ];
    return el('p', { class: 'answer' }, parts);
  };

  const columnTable = (table) => {
    const names = ['Column', 'Type', 'Description', 'Tags', 'Terms'];
    return lw.longTable(`Columns of ${table.name}`, names, table.columns, ([name, type, about, tags, terms, isPartition]) => [
      [name, isPartition ? el('span', { class: 'soft' }, ' (partition key)') : null], el('code', null, type), about || '–',
      tags.length ? tags.map((tag) => el('a', { class: 'chip small', href: lw.searchHref({ tag: [tag] }) }, tag)) : '–',
      terms.length ? terms.map((term) => link(term, `term/${term}`, { class: 'chip small' })) : '–',
    ], 60);
  };

  const tableSection = (table, part) => {
    const details = el('details', { class: 'target', id: `part-${table.name}` }, el('summary', null, el('span', { class: 'name' }, table.name), ' ', el('span', { class: 'number' }, table.columns.length ? lw.count(table.columns.length, 'column') : 'columns found by the crawler')));
    const fill = () => {
      if (details.children.length > 1) return;
      details.append(...[
        table.about ? el('p', null, table.about) : null,
        lw.chips('Tags', table.keywords, 'tag'), lw.chips('Terms', table.glossary),
        lw.facts([{ name: 'Location', values: [{ text: table.location || table.name }] }, { name: 'Format', values: [{ text: table.format }] }, { name: 'Written in', values: [{ text: table.line.replace(/:\d+$/, '') }] }]),
        ...(table.columns.length ? columnTable(table) : []),
      ].filter(Boolean));
    };
    details.addEventListener('toggle', () => { if (details.open) fill(); });
    if (part === table.name) {
      details.open = true;
      fill();
    }
    return details;
  };

  lw.datasetPage = async (id, parameters) => {
    const found = await lw.dataset(id);
    if (!found) return lw.missing(`dataset ${id}`);
    const { dataset, reach, group } = found;
    const part = parameters.get('part');
    const people = dataset.who.filter(isPerson);
    const others = dataset.who.filter((one) => !isPerson(one));
    const rows = el('details', { class: 'target' }, el('summary', null, 'Every resource and action ', el('span', { class: 'number' }, lw.count(group.rows.length, 'row'))));
    rows.addEventListener('toggle', () => {
      if (rows.open && rows.children.length === 1) rows.append(...lw.accessRows(reach, group).filter(Boolean));
    });
    const tables = el('div', null);
    const moreTables = lw.more(dataset.tables, 40, (table) => tableSection(table, part), tables, 'tables');
    const columns = ['Folder', 'Prefix', 'Description', 'Written in'];
    return {
      title: dataset.label,
      after: () => (part ? document.getElementById(`part-${part}`)?.scrollIntoView({ block: 'center' }) : null),
      body: [
        lw.crumbs(['Catalog', ''], ['datasets', 'search?type=dataset'], [dataset.label]),
        el('div', { class: 'title-row' }, el('div', null, lw.head(dataset)), el('span', { class: `secrecy ${dataset.confidentiality}` }, dataset.confidentiality)),
        el('section', { class: 'who' },
          el('h2', null, 'Who can read it, and why'),
          sentence(dataset.who),
          ...(people.length ? whoTable('Teams and consumption roles', people) : []),
          others.length ? el('details', { class: 'target' }, el('summary', null, 'Roles of the platform and AWS services ', el('span', { class: 'number' }, String(others.length))), ...whoTable('Roles of the platform and AWS services', others).filter(Boolean)) : null,
          rows,
          lw.legend()),
        el('section', null, el('h2', null, `Tables (${dataset.tables.length.toLocaleString('en')})`), dataset.tables.length ? [tables, moreTables] : el('p', { class: 'soft' }, 'The mesh names no table; the crawler finds them.')),
        dataset.folders.length ? el('section', null, el('h2', null, `Folders (${dataset.folders.length})`), lw.longTable('Folders', columns, dataset.folders, (folder) => [folder.id, el('code', null, folder.prefix), folder.about || '–', lw.line(folder.line)])) : null,
        el('section', null, el('h2', null, 'Facts'), lw.facts(dataset.facts)),
        lw.tail(dataset),
      ],
    };
  };
}
