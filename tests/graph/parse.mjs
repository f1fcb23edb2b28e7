// Reads a drawing with Mermaid or Graphviz, and prints its nodes and lines as JSON.
// Usage: node parse.mjs NODE_MODULES mermaid|dot FILE
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [modules, kind, file] = process.argv.slice(2);
const text = readFileSync(file, "utf8");
const load = (path) => import(pathToFileURL(`${modules}/${path}`));

async function mermaid() {
  // Mermaid removes scripts from texts with the document of a browser.
  const { JSDOM } = (await load("jsdom/lib/api.js")).default;
  globalThis.window = new JSDOM("<body></body>").window;
  globalThis.document = window.document;
  const library = (await load("mermaid/dist/mermaid.core.mjs")).default;
  await library.parse(text);
  const { db } = await library.mermaidAPI.getDiagramFromText(text);
  // Mermaid keeps `#34;` as `ﬂ°°34¶ß` until it draws.
  const decoded = (label) =>
    label.replace(/ﬂ°°(\d+)¶ß/g, (_, number) => String.fromCodePoint(Number(number)));
  return {
    nodes: [...db.getVertices().values()].map(({ id, text }) => [id, decoded(text)]),
    lines: db.getEdges().map(({ start, end, text }) => [start, end, decoded(text ?? "")]),
    groups: db.getSubGraphs().map(({ title }) => decoded(title)),
  };
}

async function dot() {
  const { Graphviz } = await load("@hpcc-js/wasm-graphviz/dist/index.js");
  const graphviz = await Graphviz.load();
  const drawn = JSON.parse(graphviz.layout(text, "json0", "dot"));
  const objects = drawn.objects ?? [];
  const plain = (label) => (label ?? "").replaceAll("\\n", "\n").replaceAll("\\\\", "\\");
  return {
    nodes: objects.filter(({ nodes }) => !nodes).map(({ name, label }) => [name, plain(label)]),
    lines: (drawn.edges ?? []).map(({ tail, head, label }) => [
      objects.find(({ _gvid }) => _gvid === tail).name,
      objects.find(({ _gvid }) => _gvid === head).name,
      plain(label),
    ]),
    groups: objects.filter(({ nodes }) => nodes).map(({ label }) => plain(label)),
  };
}

console.log(JSON.stringify(await (kind === "mermaid" ? mermaid() : dot())));
