// The frame of all pages, and which page an address shows.
'use strict';

{
  const { el } = lw;
  const NAVIGATION = [['Catalog', 'search'], ['Environments', 'environments'], ['Teams', 'teams'], ['Access', 'access'], ['Stacks', 'stacks'], ['Runway', 'runway'], ['Governance', 'governance'], ['Review', 'review']];

  lw.missing = (what) => ({
    title: 'Not found',
    body: [el('h1', null, 'Not found'), el('p', null, `There is no ${what} in this mesh, or it has another name.`), el('p', null, el('a', { class: 'button', href: '#/search' }, 'Search the catalog'))],
  });

  const pages = () => ({
    '': lw.home,
    search: lw.searchPage,
    dataset: lw.datasetPage,
    environments: lw.environmentsPage,
    teams: lw.teamsPage,
    team: lw.teamPage,
    access: lw.accessPage,
    reach: lw.reachPage,
    stacks: lw.stacksPage,
    stack: lw.stackPage,
    runway: lw.runwayPage,
    governance: lw.governancePage,
    review: lw.reviewPage,
    term: lw.glossaryPage,
    ...Object.fromEntries(Object.entries(lw.ROUTES).filter(([kind]) => kind !== 'Dataset').map(([kind, route]) => [route, lw.documentPage(kind)])),
  });

  // The kind, the id and the parameters of an address.
  const parsed = () => {
    const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
    const cut = path.indexOf('/');
    let id = cut < 0 ? '' : path.slice(cut + 1);
    try {
      id = decodeURIComponent(id);
    } catch {
      // Somebody typed a percent sign: the text stands for itself.
    }
    return { kind: cut < 0 ? path : path.slice(0, cut), id, parameters: new URLSearchParams(query ?? '') };
  };

  let turn = 0;
  let isFirst = true;

  const show = async () => {
    turn += 1;
    const mine = turn;
    const { kind, id, parameters } = parsed();
    const main = document.getElementById('main');
    let page;
    try {
      page = await (pages()[kind] ?? (async () => lw.missing(`page ${kind}`)))(id, parameters);
    } catch (error) {
      page = { title: 'Not readable', body: [el('h1', null, 'This page cannot be shown'), el('p', null, String(error.message ?? error)), el('p', null, 'Write the site again with lakewright report.')] };
    }
    // Somebody went on while the data was read.
    if (mine !== turn) return;
    main.replaceChildren(...page.body.flat(4).filter((part) => part !== null && part !== undefined));
    document.title = page.title === lw.site.label ? page.title : `${page.title} · ${lw.site.label}`;
    for (const link of document.querySelectorAll('#top nav a')) {
      if (link.getAttribute('href') === `#/${kind}`) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    document.body.dataset.page = kind || 'home';
    if (!isFirst) {
      window.scrollTo(0, 0);
      (page.focus ?? main).focus({ preventScroll: true });
    } else if (page.focus) page.focus.focus();
    isFirst = false;
    page.after?.();
  };

  // Light, dark, or as the system has it.
  const theme = () => {
    const names = { auto: 'Colours: as the system', light: 'Colours: light', dark: 'Colours: dark' };
    const order = ['auto', 'light', 'dark'];
    let now = 'auto';
    try {
      now = order.includes(localStorage.getItem('lakewright-colours')) ? localStorage.getItem('lakewright-colours') : 'auto';
    } catch {
      // Some browsers keep nothing for files.
    }
    const button = el('button', { type: 'button', class: 'quiet theme' });
    const set = () => {
      if (now === 'auto') delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = now;
      button.textContent = names[now];
    };
    button.addEventListener('click', () => {
      now = order[(order.indexOf(now) + 1) % order.length];
      try {
        localStorage.setItem('lakewright-colours', now);
      } catch {
        // The choice lasts as long as the page.
      }
      set();
    });
    set();
    return button;
  };

  const frame = () => {
    const box = el('input', { id: 'top-search', type: 'search', autocomplete: 'off', placeholder: 'Search (press /)', 'aria-keyshortcuts': '/' });
    const form = el('form', { class: 'top-search', role: 'search', 'aria-label': 'Catalog', onsubmit: (event) => { event.preventDefault(); location.hash = lw.searchHref({}, box.value).slice(1); box.value = ''; } }, el('label', { for: 'top-search', class: 'hidden' }, 'Search the catalog'), box);
    document.getElementById('top').replaceChildren(
      el('a', { class: 'brand', href: '#/' }, lw.site.label),
      el('nav', { 'aria-label': 'Pages' }, el('ul', { class: 'plain' }, NAVIGATION.map(([name, route]) => el('li', null, el('a', { href: `#/${route}` }, name))))),
      form);
    document.getElementById('foot').replaceChildren(
      el('p', null, `Lakewright ${lw.site.tool}, mesh ${lw.site.mesh}`, lw.site.day ? `, shares as of ${lw.site.day}` : '', ' · ', el('a', { href: lw.href(`tenant/${lw.site.mesh}`) }, 'Settings of the mesh')),
      theme());
  };

  // The search box of the page, or that of the frame.
  const searchBox = () => document.querySelector('main input[type=search]') ?? document.getElementById('top-search');

  document.addEventListener('keydown', (event) => {
    const active = document.activeElement;
    const isTyping = active?.matches('input, textarea, select');
    if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      searchBox().focus();
    } else if (event.key === 'Escape' && active?.matches('input[type=search]') && active.value) {
      event.preventDefault();
      active.value = '';
      active.dispatchEvent(new Event('input'));
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const results = [...document.querySelectorAll('.result-name')];
      const at = results.indexOf(active);
      if (!results.length || (at < 0 && active?.id !== 'search')) return;
      event.preventDefault();
      const next = at + (event.key === 'ArrowDown' ? 1 : -1);
      (next < 0 ? searchBox() : results[Math.min(next, results.length - 1)]).focus();
    }
  });

  lw.start = (site) => {
    lw.site = site;
    frame();
    show();
    window.addEventListener('hashchange', show);
    // The index is read when the first page is drawn, so that the first search finds it.
    const read = () => lw.loadIndex().then(() => { lw.indexIsRead = true; }, () => {});
    if ('requestIdleCallback' in window) requestIdleCallback(read, { timeout: 1500 });
    else setTimeout(read, 300);
  };

  // The skip link would otherwise ask for another page.
  document.querySelector('.skip').addEventListener('click', (event) => {
    event.preventDefault();
    document.getElementById('main').focus();
  });
}
