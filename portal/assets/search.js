// The search: all entries of the index with their facets.
'use strict';

{
  // The facets: the name, the list of words, and the place of the words in an entry. Tags and topics are lists.
  const FACETS = [
    { key: 'type', name: 'Type', words: 'types', at: 0 },
    { key: 'topic', name: 'Topic', words: 'topics', at: 5 },
    { key: 'tag', name: 'Tag', words: 'tags', at: 4 },
    { key: 'confidentiality', name: 'Confidentiality', words: 'confidentialities', at: 7 },
    { key: 'domain', name: 'Domain', words: 'domains', at: 9 },
    { key: 'team', name: 'Team', words: 'teams', at: 8 },
    { key: 'environment', name: 'Environment', words: 'environments', at: 10 },
    { key: 'region', name: 'Region', words: 'regions', at: 6 },
  ];
  lw.FACETS = FACETS;

  let entries = [];
  let texts = [];
  let loading = null;

  // Reads the index, a file at a time, so that the page answers meanwhile.
  lw.loadIndex = (progress) => {
    loading ??= (async () => {
      for (let file = 0; file < lw.site.parts.index; file += 1) {
        const part = await lw.need(`index/${file}`);
        for (const entry of part) {
          entries.push(entry);
          texts.push(textOf(entry));
        }
        progress?.();
      }
    })();
    return loading;
  };

  const textOf = (entry) => {
    const { words } = lw.site;
    const lists = [...entry[4].map((place) => words.tags[place]), ...entry[5].map((place) => words.topics[place])];
    const single = [[words.teams, 8], [words.domains, 9], [words.environments, 10]].map(([list, at]) => list[entry[at]] ?? '');
    return [entry[2], entry[3], ...lists, ...single].join('\n').toLowerCase();
  };

  // What matches the words and the chosen facets, the best first, and for each facet the number of matches by word if
  // everything but this facet is asked for.
  lw.search = (query, chosen) => {
    const words = lw.words(query);
    const sets = FACETS.map(({ key, words: list }) => {
      const wanted = chosen[key] ?? [];
      return wanted.length ? new Set(wanted.map((word) => lw.site.words[list].indexOf(word))) : null;
    });
    const counts = FACETS.map(({ words: list }) => new Uint32Array(lw.site.words[list].length));
    const found = [[], [], []];
    for (let place = 0; place < entries.length; place += 1) {
      const text = texts[place];
      let has = true;
      for (const word of words) {
        if (!text.includes(word)) { has = false; break; }
      }
      if (!has) continue;
      const entry = entries[place];
      let missed = -1;
      for (let facet = 0; facet < FACETS.length; facet += 1) {
        const set = sets[facet];
        if (!set) continue;
        const value = entry[FACETS[facet].at];
        const is = Array.isArray(value) ? value.some((one) => set.has(one)) : set.has(value);
        if (!is) {
          if (missed >= 0) { missed = -2; break; }
          missed = facet;
        }
      }
      if (missed === -2) continue;
      for (let facet = 0; facet < FACETS.length; facet += 1) {
        if (missed >= 0 && missed !== facet) continue;
        const value = entry[FACETS[facet].at];
        if (Array.isArray(value)) for (const one of value) counts[facet][one] += 1;
        else if (value >= 0) counts[facet][value] += 1;
      }
      if (missed >= 0) continue;
      const end = entry[2].length;
      const at = words.length ? text.indexOf(words[0]) : 0;
      found[words.length === 0 || at === 0 ? 0 : at < end ? 1 : 2].push(place);
    }
    return { results: found.flat().map((place) => entries[place]), counts, all: entries.length };
  };

  lw.known = () => entries.length;
}
