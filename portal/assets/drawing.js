// Drawings of environments, shares and pipelines, as SVG: boxes in lanes, and lines between them. Each has a name and a
// description for those who do not see it; what it shows also stands on its page in words.
'use strict';

{
  const NS = 'http://www.w3.org/2000/svg';
  const BOX = 216;
  const LINE = 18;
  const PAD = 12;
  const GAP = 14;
  const BETWEEN = 76;
  const ROOM = 27;
  let number = 0;

  const svg = (name, attributes, ...children) => {
    const element = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    element.append(...children);
    return element;
  };

  const cut = (text, room = ROOM) => {
    const characters = [...text];
    return characters.length > room ? `${characters.slice(0, room - 1).join('')}…` : text;
  };

  // A drawing of lanes, from left to right. A lane has a title and boxes; a box has an id, lines of text, and whether it is
  // the subject. Edges lead from a box to a box, with words.
  const draw = (title, about, lanes, edges) => {
    number += 1;
    const places = new Map();
    const parts = [];
    let x = 0;
    let height = 0;
    const wholes = lanes.map((lane) => lane.boxes.reduce((sum, box) => sum + box.lines.length * LINE + 2 * PAD - 4 + GAP, 0) + (lane.title.length * LINE + 2 * PAD));
    height = Math.max(...wholes) + PAD;
    lanes.forEach((lane) => {
      const top = lane.title.length * LINE + 2 * PAD;
      const width = BOX + 2 * PAD;
      parts.push(svg('rect', { class: 'lane', x: x + 0.5, y: 0.5, width, height: height - 1, rx: 10 }));
      lane.title.forEach((text, line) => parts.push(svg('text', { class: line ? 'soft' : 'title', x: x + PAD, y: PAD + 13 + line * LINE }, cut(text, ROOM + 2))));
      let y = top;
      for (const box of lane.boxes) {
        const size = box.lines.length * LINE + 2 * PAD - 4;
        places.set(box.id, { x: x + PAD, y, size, lane: x });
        const group = svg('g', { class: `box ${box.kind ?? ''}` }, svg('title', {}, box.lines.join(', ')), svg('rect', { x: x + PAD + 0.5, y: y + 0.5, width: BOX, height: size, rx: 6 }));
        box.lines.forEach((text, line) => group.append(svg('text', { class: line ? 'soft' : 'strong', x: x + PAD + 10, y: y + PAD + 10 + line * LINE }, cut(text))));
        parts.push(group);
        y += size + GAP;
      }
      x += width + BETWEEN;
    });
    const width = x - BETWEEN + 1;
    const lines = edges.filter(({ from, to }) => places.has(from) && places.has(to)).map(({ from, to, kind }) => {
      const [one, other] = [places.get(from), places.get(to)];
      const down = one.lane === other.lane;
      const path = down
        ? `M${one.x + BOX / 2},${one.y + one.size + 1} L${other.x + BOX / 2},${other.y - 1}`
        : (() => {
          const right = other.x > one.x;
          const [start, end] = right ? [one.x + BOX + 1, other.x - 2] : [one.x - 1, other.x + BOX + 2];
          const [y1, y2, middle] = [one.y + one.size / 2, other.y + other.size / 2, (start + end) / 2];
          return `M${start},${y1} C${middle},${y1} ${middle},${y2} ${end},${y2}`;
        })();
      return svg('path', { class: `edge ${kind ?? ''}`, d: path, 'marker-end': `url(#arrow-${number})` });
    });
    const marker = svg('marker', { id: `arrow-${number}`, viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: 'userSpaceOnUse', orient: 'auto' }, svg('path', { class: 'tip', d: 'M0,0 L8,4 L0,8 Z' }));
    const image = svg('svg', { class: 'drawing', role: 'img', 'aria-labelledby': `drawing-${number} about-${number}`, viewBox: `0 0 ${width} ${height}`, width, height },
      svg('title', { id: `drawing-${number}` }, title), svg('desc', { id: `about-${number}` }, about), svg('defs', {}, marker), ...parts, ...lines);
    return lw.el('figure', { class: 'drawing-frame', role: 'region', 'aria-label': title, tabindex: '0' }, image);
  };

  const account = ([environment, account, region]) => [environment, `${account} · ${region}`];

  const environment = (id, { place, teams, out, into }) => {
    const SHOWN = 8;
    const shown = teams.slice(0, SHOWN);
    const boxes = shown.map(([team], at) => ({ id: `team ${at}`, lines: [team, at ? 'team' : 'the environment’s own team'], kind: at ? '' : 'subject' }));
    if (teams.length > SHOWN) boxes.push({ id: 'teams', lines: [`${teams.length - SHOWN} more teams`] });
    const owning = shown.map(([team, datasets], at) => ({ team, datasets, at })).filter((one) => one.datasets);
    const others = teams.slice(SHOWN).reduce((sum, [, datasets]) => sum + datasets, 0);
    const data = owning.map(({ team, datasets, at }) => ({ id: `data ${at}`, lines: [lw.count(datasets, 'dataset'), `of ${team}`] }));
    if (others) data.push({ id: 'data', lines: [lw.count(others, 'dataset'), 'of other teams'] });
    const edges = owning.map(({ at }) => ({ from: `team ${at}`, to: `data ${at}` }));
    if (others) edges.push({ from: 'teams', to: 'data' });
    const consumers = out.slice(0, SHOWN).map(([name, shares], at) => ({ id: `out ${at}`, lines: [name, lw.count(shares, 'share')] }));
    const producers = into.slice(0, SHOWN).map(([name, shares], at) => ({ id: `into ${at}`, lines: [name, lw.count(shares, 'share')] }));
    const lanes = [];
    if (producers.length) lanes.push({ title: ['Shares with it', 'other environments'], boxes: producers });
    lanes.push({ title: [id, `${place[0]} · ${place[1]}`], boxes });
    if (data.length) lanes.push({ title: ['Its datasets', 'by owner'], boxes: data });
    if (consumers.length) lanes.push({ title: ['It shares with', 'other environments'], boxes: consumers });
    if (data.length) edges.push(...consumers.map(({ id: to }) => ({ from: data[0].id, to, kind: 'shared' })));
    edges.push(...producers.map(({ id: from }) => ({ from, to: 'team 0', kind: 'shared' })));
    const about = `${lw.count(teams.length, 'team')}. Datasets: ${teams.filter(([, datasets]) => datasets).map(([team, datasets]) => `${datasets} of ${team}`).join(', ') || 'none'}. Shared with: ${out.map(([name]) => name).join(', ') || 'nobody'}. Gets shares of: ${into.map(([name]) => name).join(', ') || 'nobody'}.`;
    return draw(`Environment ${id}`, about, lanes, edges);
  };

  const share = (id, { producer, dataset, items, permissions, consumer, role, is_live: isLive, status }) => {
    const SHOWN = 8;
    const isAcross = producer[1] !== consumer[1];
    const kind = isLive ? 'shared' : 'off';
    const boxes = [{ id: 'dataset', lines: [dataset, `dataset of ${producer[3]}`] }];
    boxes.push(...items.slice(0, SHOWN).map(([of, name], at) => ({ id: `item ${at}`, lines: [name || 'the whole bucket', name ? of : ''].filter(Boolean), kind: 'subject' })));
    if (items.length > SHOWN) boxes.push({ id: 'items', lines: [`${items.length - SHOWN} more items`], kind: 'subject' });
    const way = items.some(([of]) => of === 'table')
      ? (isAcross ? ['Lake Formation', 'across accounts'] : ['Lake Formation', 'in one account'])
      : ['Bucket policy, access point', isAcross ? 'across accounts' : 'in one account'];
    const target = role ? [role, 'consumption role'] : [consumer[3], 'role of the team'];
    const lanes = [
      { title: account(producer), boxes },
      { title: [`Share ${id}`, isLive ? `grants: ${permissions}` : `grants nothing: ${status}`], boxes: [{ id: 'way', lines: way }] },
      { title: account(consumer), boxes: [{ id: 'consumer', lines: target, kind: 'subject' }] },
    ];
    const edges = boxes.slice(1).map(({ id: from }) => ({ from, to: 'way', kind }));
    edges.push({ from: 'way', to: 'consumer', kind });
    const about = `${isLive ? 'Grants' : 'Grants nothing, would grant'} ${permissions} on ${items.map(([of, name]) => `${of} ${name}`.trim()).join(', ')} of dataset ${dataset} in account ${producer[1]} to ${target.join(', ')} in account ${consumer[1]}.`;
    return draw(`Share ${id}`, about, lanes, edges);
  };

  const pipeline = (id, { home, repository, strategy, stages }) => {
    const lanes = [{
      title: account(home),
      boxes: [
        { id: 'source', lines: [repository || 'Repository', repository ? 'existing repository' : 'made by the stack'] },
        { id: 'pipeline', lines: [id, `pipeline, ${strategy.replace('_', ' ')}`], kind: 'subject' },
      ],
    }];
    const edges = [{ from: 'source', to: 'pipeline' }];
    stages.forEach(([stage, environment, number_, region, team], at) => {
      lanes.push({ title: account([environment, number_, region]), boxes: [{ id: `stage ${at}`, lines: [stage, `stage, as ${team}`] }] });
      edges.push({ from: at ? `stage ${at - 1}` : 'pipeline', to: `stage ${at}` });
    });
    const about = `Runs in ${home[0]} as ${home[3]}. Stages in order: ${stages.map(([stage, environment, , , team]) => `${stage} in ${environment} as ${team}`).join(', ')}.`;
    return draw(`Pipeline ${id}`, about, lanes, edges);
  };

  lw.drawing = (id, drawing) => {
    if (!drawing) return null;
    return { environment, share, pipeline }[drawing.of](id, drawing);
  };
}
