// The catalog: the first page, the search, lists and pages of documents.
'use strict';

{
  const { el, link } = lw;

  // The kind of a document in a route.
  lw.ROUTES = {
    Tenant: 'tenant', Organization: 'organization', Environment: 'environment', Network: 'network', ConsumptionRole: 'consumption-role',
    Domain: 'domain', Dataset: 'dataset', Share: 'share', Worksheet: 'worksheet', Notebook: 'notebook', StudioProfile: 'studio-profile',
    Pipeline: 'pipeline', Dashboard: 'dashboard',
  };
  const WORDS = { ConsumptionRole: 'consumption role', StudioProfile: 'ML Studio profile' };
  lw.kindWord = (kind) => WORDS[kind] ?? kind.toLowerCase();

  lw.chips = (label, words, facet) => (words.length
    ? el('div', { class: 'chips' }, el('span', { class: 'chips-name' }, label), el('ul', { class: 'plain' }, words.map((word) => el('li', null, facet ? el('a', { class: 'chip', href: lw.searchHref({ [facet]: [word] }) }, word) : link(word, `term/${word}`, { class: 'chip' })))))
    : null);

  lw.searchHref = (chosen, query) => {
    const parameters = new URLSearchParams();
    if (query) parameters.set('q', query);
    for (const [key, words] of Object.entries(chosen)) for (const word of words) parameters.append(key, word);
    const text = parameters.toString();
    return `#/search${text ? `?${text}` : ''}`;
  };

  // The manifest line of something.
  lw.line = (line) => el('code', { class: 'line' }, line.replace(/:\d+$/, ''));

  lw.crumbs = (...parts) => el('nav', { class: 'crumbs', 'aria-label': 'Where this page is' }, el('ol', null, parts.map(([text, route]) => el('li', null, route === undefined ? text : el('a', { href: lw.href(route) }, text)))));

  const plural = (count) => (count.number === 1 ? count.name.replace(/s$/, '') : count.name);

  lw.home = async () => {
    const { site } = lw;
    const box = el('input', { id: 'home-search', type: 'search', autocomplete: 'off', placeholder: 'Datasets, tables, columns, teams, tags …' });
    const form = el('form', { class: 'hero-search', role: 'search', onsubmit: (event) => { event.preventDefault(); location.hash = lw.searchHref({}, box.value).slice(1); } },
      el('label', { for: 'home-search', class: 'hidden' }, 'Search the catalog'), box, el('button', { type: 'submit' }, 'Search'));
    const topics = site.words.topics.slice(0, 12);
    const environments = el('ul', { class: 'plain tiles' });
    const more = lw.more(site.environments, 12, (one) => el('li', { class: 'card' },
      el('h3', null, link(one.label, `environment/${one.id}`)),
      el('p', { class: 'soft' }, `${one.account} · ${one.region}`),
      el('p', null, `${lw.count(one.datasets, 'dataset')}, ${lw.count(one.teams, 'team')}`),
      el('p', { class: 'soft' }, 'Owned by ', link(one.team, `team/${one.team}`))), environments, 'environments');
    return {
      title: site.label,
      body: [
        el('section', { class: 'hero' },
          el('h1', null, site.label),
          site.about ? el('p', { class: 'lead' }, site.about) : null,
          form,
          topics.length ? lw.chips('Topics', topics, 'topic') : null),
        el('ul', { class: 'plain counts' }, site.counts.map((count) => el('li', null, el('a', { href: lw.href(count.to) }, el('strong', null, count.number.toLocaleString('en')), ' ', plural(count))))),
        site.attention.length ? el('section', null, el('h2', null, 'Needs attention'), longList(site.attention, (one) => el('li', null, link(one.says, one.to)), 6, 'attention')) : null,
        el('section', null, el('h2', null, 'Environments'), environments, more),
        el('section', null, el('h2', null, 'Organizations'), longList(site.organizations, (one) => el('li', null, link(one.label, `organization/${one.id}`), one.about ? el('span', { class: 'soft' }, ` ${one.about}`) : null), 12)),
      ],
    };
  };

  const longList = (items, draw, size = 20, name = '') => {
    const list = el('ul', { class: `plain list ${name}` });
    const more = lw.more(items, size, draw, list);
    return [list, more];
  };
  lw.longList = longList;

  // One result of the search.
  const result = (entry) => {
    const { words } = lw.site;
    const isPart = entry[0] === words.types.indexOf('table') || entry[0] === words.types.indexOf('folder');
    const facts = [
      isPart ? `in ${entry[1].slice(8)}` : null,
      words.teams[entry[8]] && words.types[entry[0]] !== 'team' ? words.teams[entry[8]] : null,
      words.environments[entry[10]] && words.types[entry[0]] !== 'environment' ? words.environments[entry[10]] : null,
      words.regions[entry[6]], words.domains[entry[9]] && words.types[entry[0]] !== 'domain' ? words.domains[entry[9]] : null,
    ].filter(Boolean);
    const level = words.confidentialities[entry[7]];
    const address = lw.href(entry[1], isPart ? `part=${encodeURIComponent(entry[2])}` : '');
    const tags = [...entry[5].map((place) => words.topics[place]), ...entry[4].map((place) => words.tags[place])];
    return el('li', { class: 'result' },
      el('div', { class: 'result-head' }, el('a', { href: address, class: 'result-name' }, entry[2]), el('span', { class: 'type' }, words.types[entry[0]]), level ? el('span', { class: `secrecy ${level}` }, level) : null),
      el('p', { class: 'soft' }, facts.join(' · ')),
      entry[3] ? el('p', { class: 'excerpt' }, entry[3]) : null,
      tags.length ? el('p', { class: 'tags' }, tags.slice(0, 8).map((tag) => el('span', { class: 'chip small' }, tag)), tags.length > 8 ? el('span', { class: 'soft' }, ` and ${tags.length - 8} more`) : null) : null);
  };

  lw.searchPage = async (_, parameters) => {
    const chosen = Object.fromEntries(lw.FACETS.map(({ key }) => [key, parameters.getAll(key)]));
    const input = el('input', { id: 'search', type: 'search', autocomplete: 'off', spellcheck: 'false', placeholder: 'Datasets, tables, columns, teams, tags …' });
    input.value = parameters.get('q') ?? '';
    const count = el('p', { class: 'count', id: 'count', role: 'status' });
    const clear = el('button', { type: 'button', class: 'quiet', onclick: () => { for (const key of Object.keys(chosen)) chosen[key] = []; input.value = ''; update(); input.focus(); } }, 'Clear all');
    const facets = el('div', { class: 'facets' });
    const holder = el('details', { class: 'facets-frame' }, el('summary', null, 'Filters'), facets);
    holder.open = !window.matchMedia('(max-width: 46rem)').matches;
    const results = el('div', { class: 'results' });
    const open = new Set();

    const update = () => {
      history.replaceState(null, '', lw.searchHref(chosen, input.value));
      show();
    };
    // What the reader types comes first: the facets and the results follow in the same frame.
    const show = () => {
      const found = lw.search(input.value, chosen);
      lw.measured = found;
      const whole = lw.known() === found.all && lw.indexIsRead ? '' : ' so far';
      count.textContent = `${lw.count(found.results.length, 'result')}${whole}`;
      clear.hidden = !input.value && Object.values(chosen).every((words) => !words.length);
      const list = el('ul', { class: 'plain result-list' });
      const more = lw.more(found.results, 25, result, list, 'results');
      results.replaceChildren(...[found.results.length ? list : el('p', { class: 'empty' }, 'Nothing matches. Use fewer words or filters.'), more].filter(Boolean));
      const focused = document.activeElement?.id;
      facets.replaceChildren(...lw.FACETS.map((facet, place) => group(facet, found.counts[place])).filter(Boolean));
      if (focused?.startsWith('facet-')) document.getElementById(focused)?.focus();
    };

    const group = ({ key, name, words }, counts) => {
      const list = lw.site.words[words];
      const is = new Set(chosen[key]);
      const some = [];
      for (let place = 0; place < list.length; place += 1) if (counts[place] || is.has(list[place])) some.push(place);
      if (!some.length) return null;
      some.sort((one, other) => is.has(list[other]) - is.has(list[one]) || counts[other] - counts[one] || one - other);
      const size = open.has(key) ? 200 : 7;
      const box = (place) => {
        const id = `facet-${key}-${place}`;
        const check = el('input', { type: 'checkbox', id, onchange: () => {
          chosen[key] = check.checked ? [...chosen[key], list[place]] : chosen[key].filter((word) => word !== list[place]);
          update();
        } });
        check.checked = is.has(list[place]);
        return el('li', null, el('label', { for: id }, check, el('span', { class: 'facet-word' }, list[place]), el('span', { class: 'number' }, counts[place].toLocaleString('en'))));
      };
      return el('fieldset', null, el('legend', null, name), el('ul', { class: 'plain' }, some.slice(0, size).map(box)),
        some.length > size || open.has(key) ? el('button', { type: 'button', class: 'quiet', id: `facet-${key}-all`, 'aria-expanded': String(open.has(key)), onclick: () => { if (open.has(key)) open.delete(key); else open.add(key); show(); } }, open.has(key) ? 'Show fewer' : `Show all ${some.length.toLocaleString('en')}`, el('span', { class: 'hidden' }, ` of ${name}`)) : null);
    };

    let pending = 0;
    input.addEventListener('input', () => {
      cancelAnimationFrame(pending);
      pending = requestAnimationFrame(update);
    });
    lw.loadIndex(() => { if (results.isConnected) show(); }).then(() => {
      lw.indexIsRead = true;
      if (results.isConnected) show();
    });
    show();
    return {
      title: 'Search',
      focus: input,
      body: [
        el('h1', { class: 'hidden' }, 'Search'),
        el('form', { class: 'search-bar', role: 'search', onsubmit: (event) => event.preventDefault() }, el('label', { for: 'search', class: 'hidden' }, 'Search the catalog'), input, clear),
        el('div', { class: 'search-page' }, el('aside', { 'aria-label': 'Filters' }, holder), el('section', { 'aria-label': 'Results' }, el('h2', { class: 'hidden' }, 'Results'), count, results)),
      ],
    };
  };

  // The facts of a document. The value of a fact may lead to a page.
  lw.facts = (facts) => el('dl', { class: 'facts' }, facts.map(({ name, values }) => el('div', null, el('dt', null, name), el('dd', null, el('ul', { class: 'plain values' }, values.slice(0, 60).map(({ text, to }) => el('li', null, link(text, to))), values.length > 60 ? el('li', null, `and ${values.length - 60} more`) : null)))));

  lw.head = (head) => [
    el('p', { class: 'kind' }, lw.kindWord(head.kind)),
    el('h1', null, head.label),
    el('p', { class: 'under' }, head.label === head.id ? null : [el('code', null, head.id), ' '], 'written in ', lw.line(head.line)),
    head.about ? el('p', { class: 'lead' }, head.about) : null,
    lw.chips('Topics', head.topics, 'topic'),
    lw.chips('Tags', head.keywords, 'tag'),
    lw.chips('Terms', head.glossary),
  ];

  lw.tail = (head) => [
    Object.keys(head.tags).length ? el('section', null, el('h2', null, 'AWS tags'), lw.facts(Object.entries(head.tags).map(([name, text]) => ({ name, values: [{ text }] })))) : null,
    head.stacks.length ? el('section', null, el('h2', null, 'Stacks'), longList(head.stacks, (address) => el('li', null, link(address, `stack/${address}`)), 20)) : null,
  ];

  // Everything that an environment, a domain, an organization or a team has in the catalog.
  const inCatalog = (title, chosen) => el('p', null, el('a', { class: 'button', href: lw.searchHref(chosen) }, title));

  lw.documentPage = (kind) => async (id) => {
    const one = await lw.document(kind, id);
    if (!one) return lw.missing(`${lw.kindWord(kind)} ${id}`);
    const route = lw.ROUTES[kind];
    const shown = { environment: { environment: [id], type: ['dataset'] }, domain: { domain: [id], type: ['dataset'] } }[route];
    const reach = kind === 'Environment' || kind === 'Share' ? await lw.reachSection(`${route}/${id}`) : null;
    return {
      title: one.label,
      body: [
        lw.crumbs(['Catalog', ''], [`${lw.kindWord(kind)}s`, `search?type=${encodeURIComponent(lw.kindWord(kind))}`], [one.label]),
        lw.head(one),
        shown ? inCatalog('Its datasets', shown) : null,
        one.drawing ? el('section', null, el('h2', null, 'Drawing'), lw.drawing(one.id, one.drawing)) : null,
        one.facts.length ? el('section', null, el('h2', null, 'Facts'), lw.facts(one.facts)) : null,
        reach,
        lw.tail(one),
      ],
    };
  };

  lw.environmentsPage = async () => {
    const columns = ['Environment', 'Organization', 'Account', 'Region', 'Owner', 'Teams', 'Datasets'];
    return {
      title: 'Environments',
      body: [
        lw.crumbs(['Catalog', ''], ['Environments']),
        el('h1', null, 'Environments'),
        lw.longTable('Environments', columns, lw.site.environments, (one) => [link(one.label, `environment/${one.id}`), link(one.organization, `organization/${one.organization}`), one.account, one.region, link(one.team, `team/${one.team}`), one.teams.toLocaleString('en'), one.datasets.toLocaleString('en')]),
        el('h2', null, 'Organizations'),
        longList(lw.site.organizations, (one) => el('li', null, link(one.label, `organization/${one.id}`), el('span', { class: 'soft' }, ` owned by ${one.team}`))),
      ],
    };
  };

  lw.glossaryPage = async (term) => {
    await lw.loadIndex();
    const { results } = lw.search(term, {});
    const type = lw.site.words.types.indexOf('glossary term');
    const found = results.filter((entry) => entry[0] !== type);
    return {
      title: term,
      body: [
        lw.crumbs(['Catalog', ''], ['glossary terms', 'search?type=glossary%20term'], [term]),
        el('p', { class: 'kind' }, 'glossary term'),
        el('h1', null, term),
        el('h2', null, lw.count(found.length, 'place') + ' with these words'),
        longList(found, result, 25, 'result-list'),
      ],
    };
  };
}
