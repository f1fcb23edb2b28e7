// Loads the files of data when they are needed. A page from file:// cannot fetch them, so each is a script that hands its
// value to `lw.put`.
'use strict';

{
  const values = new Map();
  const waiting = new Map();

  lw.put = (name, value) => {
    values.set(name, value);
    waiting.get(name)?.resolve(value);
    if (name === 'site') lw.start(value);
  };

  // The value of a file, as soon as it is there.
  lw.need = (name) => {
    if (values.has(name)) return Promise.resolve(values.get(name));
    if (waiting.has(name)) return waiting.get(name).promise;
    const entry = {};
    entry.promise = new Promise((resolve, reject) => {
      entry.resolve = resolve;
      const script = lw.el('script', { src: `data/${name}.js` });
      script.addEventListener('error', () => {
        waiting.delete(name);
        reject(new Error(`data/${name}.js is missing or cannot be read`));
      });
      script.addEventListener('load', () => script.remove());
      document.head.append(script);
    });
    waiting.set(name, entry);
    return entry.promise;
  };

  // The number of the file that has an id, by the first id of each file. -1 if no file can have it.
  lw.fileOf = (firsts, id) => {
    let file = -1;
    for (let low = 0, high = firsts.length - 1; low <= high;) {
      const middle = (low + high) >> 1;
      if (firsts[middle] <= id) {
        file = middle;
        low = middle + 1;
      } else high = middle - 1;
    }
    return file;
  };

  lw.dataset = async (id) => {
    const file = lw.fileOf(lw.site.parts.datasets, id);
    if (file < 0) return null;
    const { datasets, reach } = await lw.need(`datasets/${file}`);
    const place = datasets.findIndex((one) => one.id === id);
    return place < 0 ? null : { dataset: datasets[place], reach, group: reach.groups[place] };
  };

  lw.document = async (kind, id) => {
    const file = lw.fileOf(lw.site.parts.documents, `${kind}/${id}`);
    if (file < 0) return null;
    const documents = await lw.need(`documents/${file}`);
    return documents.find((one) => one.kind === kind && one.id === id) ?? null;
  };

  // The rows about something that is not a dataset.
  lw.reachOf = async (target) => {
    const dataset = target.startsWith('dataset/') ? await lw.dataset(target.slice(8)) : null;
    if (dataset) return dataset;
    const matrix = await lw.need('access');
    const place = matrix.targets.indexOf(target);
    if (place < 0) return null;
    const reach = await lw.need(`reach/${Math.floor(place / lw.site.parts.reach)}`);
    return { reach, group: reach.groups[place % lw.site.parts.reach] };
  };
}
