// Teams, access, stacks, the runway, governance and the last review.
'use strict';

{
  const { el, link } = lw;

  // A list that is filtered as somebody types.
  const filtered = (id, label, items, textOf, draw) => {
    const input = el('input', { id, type: 'search', autocomplete: 'off', spellcheck: 'false' });
    const count = el('p', { class: 'count', role: 'status' });
    const holder = el('div', { class: 'drawn' });
    const texts = items.map((item) => textOf(item).toLowerCase());
    const show = () => {
      const words = lw.words(input.value);
      const shown = words.length ? items.filter((_, place) => words.every((word) => texts[place].includes(word))) : items;
      count.textContent = shown.length === items.length ? items.length.toLocaleString('en') : `${shown.length.toLocaleString('en')} of ${items.length.toLocaleString('en')}`;
      holder.replaceChildren(...draw(shown).filter(Boolean));
    };
    input.addEventListener('input', show);
    show();
    return [el('form', { class: 'filter', role: 'search', onsubmit: (event) => event.preventDefault() }, el('label', { for: id }, label), input, count), holder];
  };

  lw.teamsPage = async () => {
    const teams = await lw.need('teams');
    const columns = ['Team', 'Environments', 'Owns'];
    return {
      title: 'Teams',
      body: [
        lw.crumbs(['Catalog', ''], ['Teams']),
        el('h1', null, 'Teams'),
        ...filtered('filter', 'Show only', teams, ({ name, places }) => `${name} ${places.map(([place]) => place).join(' ')}`, (shown) => lw.longTable('Teams', columns, shown, ({ name, places, owns }) => [
          link(name, `team/${name}`),
          places.length ? [places.slice(0, 5).map(([place], at) => [at ? ', ' : '', link(place, `environment/${place}`)]), places.length > 5 ? ` and ${places.length - 5} more` : ''] : '–',
          Object.entries(owns).map(([kind, number]) => lw.count(number, kind)).join(', ') || '–',
        ])),
      ],
    };
  };

  // What some principals reach, by target.
  const reachTable = (caption, matrix, wanted) => {
    const rows = [];
    for (let place = 0; place < matrix.cells.length; place += 4) {
      if (wanted(matrix.cells[place])) rows.push(matrix.cells.slice(place, place + 4));
    }
    if (!rows.length) return [el('p', { class: 'soft' }, 'No data of the mesh.')];
    const columns = ['What', 'As', 'Data', 'Keys'];
    return lw.longTable(caption, columns, rows, ([principal, target, data, key]) => [link(matrix.targets[target], lw.routeOf(matrix.targets[target])), lw.principal(matrix.principals[principal]), lw.badge(data, false), lw.badge(key, true)]);
  };

  // The page about a target or a principal.
  lw.routeOf = (name) => {
    const kind = name.split('/')[0];
    if (kind === 'dataset') return name;
    if (kind === 'share' || kind === 'environment') return name;
    return `reach/${name}`;
  };

  lw.teamPage = async (name) => {
    const [teams, matrix] = await Promise.all([lw.need('teams'), lw.need('access')]);
    const team = teams.find((one) => one.name === name);
    if (!team) return lw.missing(`team ${name}`);
    const own = new Set(team.places.map(([place]) => `team/${place}/${name}`));
    const known = matrix.principals.map((principal) => own.has(principal));
    const columns = ['Environment', 'Permissions', 'Role', 'Written in'];
    return {
      title: name,
      body: [
        lw.crumbs(['Catalog', ''], ['Teams', 'teams'], [name]),
        el('p', { class: 'kind' }, 'team'),
        el('h1', null, name),
        el('p', null, el('a', { class: 'button', href: lw.searchHref({ team: [name] }) }, 'What it owns')),
        el('section', { class: 'who' }, el('h2', null, 'What it can access'), ...reachTable(`What ${name} can access`, matrix, (principal) => known[principal])),
        el('section', null, el('h2', null, 'Environments'), team.places.length ? lw.longTable(`Environments of ${name}`, columns, team.places, ([place, permissions, role, line]) => [link(place, `environment/${place}`), permissions.join(', ').replaceAll('_', ' ') || 'none', role ? el('code', null, role) : 'made by Lakewright', lw.line(line)]) : el('p', { class: 'soft' }, 'It is a team of no environment.')),
        team.tenant ? el('section', null, el('h2', null, 'The tenant allows'), el('p', null, team.tenant.join(', ').replaceAll('_', ' ') || 'nothing')) : null,
      ],
    };
  };

  // Who can access something that is not a dataset.
  lw.reachSection = async (target) => {
    const found = await lw.reachOf(target);
    if (!found || !found.group?.rows.length) return null;
    return el('section', null, el('h2', null, 'Who can access its data'), ...lw.accessRows(found.reach, found.group).filter(Boolean));
  };

  lw.reachPage = async (name) => {
    const matrix = await lw.need('access');
    const place = matrix.principals.indexOf(name);
    const own = await lw.reachSection(name);
    if (place < 0 && !own) return lw.missing(name);
    return {
      title: name,
      body: [
        lw.crumbs(['Catalog', ''], ['Access', 'access'], [name]),
        el('h1', { class: 'long' }, name === '*' ? 'everybody' : name),
        place < 0 ? null : el('section', null, el('h2', null, 'What it can access'), ...reachTable(`What ${name} can access`, matrix, (principal) => principal === place)),
        own,
      ],
    };
  };

  lw.accessPage = async () => {
    const matrix = await lw.need('access');
    return {
      title: 'Access',
      body: [
        lw.crumbs(['Catalog', ''], ['Access']),
        el('h1', null, 'Who can access what'),
        ...lw.access(matrix, { label: 'Show only', placeholder: 'a team, a dataset', before: lw.legend(), routeOf: lw.routeOf }),
      ],
    };
  };

  lw.stacksPage = async () => {
    const { stacks, billed } = await lw.need('stacks');
    const columns = ['Stack', 'Kind', 'For', 'Resources'];
    const types = ['Type', 'Resources', 'What AWS bills', 'When'];
    const costs = billed.filter(({ what }) => what).sort((one, other) => other.always - one.always || other.number - one.number);
    const free = billed.filter(({ what }) => !what);
    return {
      title: 'Stacks',
      body: [
        lw.crumbs(['Catalog', ''], ['Stacks']),
        el('h1', null, 'Stacks'),
        el('section', null, el('h2', null, 'What AWS bills for'),
          el('p', { class: 'soft' }, 'What is billed, without prices, which differ between regions. Resources that are billed while they exist come first.'),
          ...lw.longTable('What AWS bills for', types, costs, ({ type, number, what, always }) => [el('code', null, type), number.toLocaleString('en'), what, always ? 'while it exists' : 'when used']),
          free.length ? el('details', { class: 'target' }, el('summary', null, 'Other types ', el('span', { class: 'number' }, String(free.length))), ...lw.longTable('Other resource types', ['Type', 'Resources'], free, ({ type, number }) => [el('code', null, type), number.toLocaleString('en')]).filter(Boolean)) : null),
        el('section', null, el('h2', null, 'All stacks'),
          ...filtered('filter', 'Show only', stacks, (stack) => stack.slice(0, 3).join(' '), (shown) => lw.longTable('Stacks', columns, shown, ([address, kind, of, number]) => [link(address, `stack/${address}`), kind, of, number.toLocaleString('en')]))),
      ],
    };
  };

  lw.stackPage = async (address) => {
    const { stacks, billed } = await lw.need('stacks');
    const place = stacks.findIndex(([other]) => other === address);
    if (place < 0) return lw.missing(`stack ${address}`);
    const size = lw.site.parts.stacks;
    const file = await lw.need(`stacks/${Math.floor(place / size)}`);
    const stack = file.stacks[place % size];
    const what = new Map(billed.map((one) => [one.type, one]));
    const columns = ['Resource', 'Type', 'What AWS bills', 'Matters for the cost'];
    const [account, region, name] = [...address.split('/')];
    const documents = ['dataset', 'share', 'environment', 'notebook', 'studio-profile', 'pipeline'];
    const of = stack.of.split('/');
    const route = documents.includes(of[0]) ? stack.of : of[0] === 'team' ? `team/${of.slice(2).join('/')}` : of[0] === 'pivot-role' ? `environment/${of[1]}` : '';
    return {
      title: name,
      body: [
        lw.crumbs(['Catalog', ''], ['Stacks', 'stacks'], [name]),
        el('p', { class: 'kind' }, `${stack.kind} stack`),
        el('h1', { class: 'long' }, name),
        lw.facts([
          { name: 'For', values: [{ text: stack.of, to: route }] },
          { name: 'Account', values: [{ text: account }] },
          { name: 'Region', values: [{ text: region }] },
          { name: 'Asked for in', values: stack.lines.slice(0, 30).map((line) => ({ text: line.replace(/:\d+$/, '') })) },
        ].filter(({ values }) => values.length)),
        el('section', null, el('h2', null, lw.count(stack.resources.length, 'resource')),
          lw.longTable('Resources', columns, stack.resources, ([id, type, facts]) => {
            const bill = what.get(file.types[type]);
            return [el('span', { class: 'name' }, id), el('code', null, file.types[type]), bill?.what ? `${bill.what} (${bill.always ? 'while it exists' : 'when used'})` : '–', facts.length ? el('ul', { class: 'plain' }, facts.map((fact) => el('li', null, fact))) : '–'];
          })),
      ],
    };
  };

  lw.runwayPage = async () => {
    const rooms = [...await lw.need('runway')].sort((one, other) => one.more - other.more);
    const columns = ['Environment', 'Room for', 'Limited by', 'Used', 'Then'];
    const used = ({ used: part, limit, unit }) => [el('progress', { max: limit, value: part, 'aria-label': `${part} of ${limit} ${unit}` }), el('span', { class: 'soft' }, ` ${part.toLocaleString('en')} of ${limit.toLocaleString('en')} ${unit}`)];
    return {
      title: 'Runway',
      body: [
        lw.crumbs(['Catalog', ''], ['Runway']),
        el('h1', null, 'Runway'),
        el('p', { class: 'lead' }, 'How many more documents fit into each environment before a limit of AWS is reached, if they are as large as the largest one of their kind today.'),
        rooms.length ? filtered('filter', 'Show only', rooms, ({ environment, what, before }) => `${environment} ${what} ${before}`, (shown) => lw.longTable('Room', columns, shown, (room) => [link(room.environment, `environment/${room.environment}`), el('strong', { class: room.more < 10 && !room.then ? 'short' : '' }, lw.count(room.more, `more ${room.what}`)), room.before, used(room), room.then ?? '–'])) : el('p', { class: 'soft' }, 'No environment has documents that count.'),
      ],
    };
  };

  lw.governancePage = async () => {
    const { policies, holdings } = await lw.need('governance');
    const written = policies.filter((policy) => policy.is_document);
    const implied = policies.filter((policy) => !policy.is_document);
    const columns = ['Policy', 'What it does', 'Privileges', 'Written in'];
    const some = (words) => (words.length > 8 ? `${words.slice(0, 8).join(', ')} and ${words.length - 8} more` : words.join(', '));
    const cells = ({ id, effect, says, privileges, line }) => [el('span', { class: 'name' }, id), [el('span', { class: `effect ${effect}` }, effect), ' ', says], some(privileges), lw.line(line)];
    return {
      title: 'Governance',
      body: [
        lw.crumbs(['Catalog', ''], ['Governance']),
        el('h1', null, 'Governance'),
        el('p', { class: 'lead' }, 'Who may do what on the platform, with metadata and with data. Everything is denied that no policy allows, and a policy that denies overrides every policy that allows.'),
        el('section', null, el('h2', null, 'Access policies'), written.length ? lw.longTable('Access policies', columns, written, cells) : el('p', { class: 'soft' }, 'The mesh has no access policy.')),
        el('section', null, el('h2', null, 'Policies that the mesh implies'), lw.longTable('Policies that the mesh implies', columns, implied, cells)),
        el('section', null, el('h2', null, 'What each actor holds'),
          filtered('filter', 'Show only', holdings, ([actor, policy]) => `${actor} ${policy}`, (shown) => lw.longTable('What each actor holds', ['Actor', 'Effect', 'Privileges', 'Resources', 'By policy'], shown, ([actor, policy, effect, privileges, number]) => [actor.startsWith('team/') ? link(actor, actor) : actor, el('span', { class: `effect ${effect}` }, effect), some(privileges), number.toLocaleString('en'), policy]))),
      ],
    };
  };

  const RELATIONS = { broader: 'can do more', narrower: 'can do less', incomparable: 'can do more, and less', unknown: 'may be able to do more' };

  lw.reviewPage = async () => {
    if (!lw.site.parts.review) {
      return { title: 'Review', body: [lw.crumbs(['Catalog', ''], ['Review']), el('h1', null, 'Last review'), el('p', { class: 'soft' }, 'No review was given. ', el('code', null, 'lakewright diff --format json'), ' writes one, and ', el('code', null, 'lakewright report --review FILE'), ' shows it here.')] };
    }
    const review = await lw.need('review');
    const counts = Object.entries(review.summary).map(([part, numbers]) => ({ name: part, values: Object.entries(numbers).filter(([, number]) => number).map(([word, number]) => ({ text: `${number.toLocaleString('en')} ${word}` })) })).filter(({ values }) => values.length);
    const requests = (title, list, effect) => (list.length ? [el('h4', null, el('span', { class: `effect ${effect}` }, title)), lw.longList(list, ({ sentence, because }) => el('li', null, sentence, because.length ? el('small', null, because.map((line) => lw.line(line))) : null), 10)] : []);
    const access = el('div', null);
    const moreAccess = lw.more(review.access, 10, (one) => el('section', { class: 'card' }, el('h3', null, one.name ? lw.principal(one.name) : one.principal), el('p', null, RELATIONS[one.relation] ?? one.relation), requests('gains', one.gained, 'allows'), requests('may gain', one.unknown, 'open'), requests('loses', one.lost, 'denies')), access, 'principals');
    const stacks = el('div', null);
    const moreStacks = lw.more(review.stacks, 30, (stack) => {
      const details = el('details', { class: 'target' }, el('summary', null, el('span', { class: 'name' }, stack.name ?? stack.stack), ' ', el('span', { class: 'number' }, `${stack.kind}, ${lw.count(stack.resources.length, 'resource')}`)));
      details.addEventListener('toggle', () => {
        if (!details.open || details.children.length > 1) return;
        details.append(...lw.longTable(`Resources of ${stack.stack}`, ['Resource', 'Type', 'What happens', 'Data', 'Why'], stack.resources, (one) => [el('span', { class: 'name' }, one.id), el('code', null, one.type), one.fate, one.data, one.reasons.join(' ') || '–']).filter(Boolean));
      });
      return details;
    }, stacks, 'stacks');
    return {
      title: 'Review',
      body: [
        lw.crumbs(['Catalog', ''], ['Review']),
        el('h1', null, 'Last review'),
        el('p', { class: 'lead' }, 'From ', el('code', null, review.before), ' to ', el('code', null, review.after), '.'),
        lw.facts(counts),
        review.disagreements.length ? el('section', null, el('h2', null, 'CloudFormation says something else'), lw.longList(review.disagreements, ({ says, stack }) => el('li', null, says, el('small', null, stack)))) : null,
        el('section', null, el('h2', null, 'Access'), review.access.length ? [access, moreAccess] : el('p', { class: 'soft' }, 'Nobody gains or loses access.')),
        el('section', null, el('h2', null, 'Stacks'), review.stacks.length ? [stacks, moreStacks] : el('p', { class: 'soft' }, 'No stack changes.')),
        review.notes.length ? el('section', null, el('h2', null, 'Notes'), lw.longList(review.notes, (note) => el('li', null, note))) : null,
      ],
    };
  };
}
