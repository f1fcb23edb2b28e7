// What yaml-language-server marks in the `.yaml` files of a folder, as JSON: for each file its messages with their lines.
//
//   node marks.js SERVER FOLDER [SCHEMA]
//
// With a schema, the editor's settings (`yaml.schemas`) name it for all files; without one, comments in the files do.
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const [server, folder, schema] = process.argv.slice(2);
const QUIET_MS = 1500;
const LIMIT_MS = 60_000;

const yaml = { validate: true, schemaStore: { enable: false } };
if (schema) {
  yaml.schemas = { [pathToFileURL(schema).href]: '*.yaml' };
}
const settings = { yaml };

const child = spawn(process.execPath, [server, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });

function send(message) {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
  child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
  child.stdin.write(body);
}

// `yaml.schemas` of the settings, for `yaml.schemas`.
function section(name) {
  return (name ?? '').split('.').filter(Boolean).reduce((value, key) => value?.[key] ?? null, settings);
}

const files = fs.readdirSync(folder).filter((name) => name.endsWith('.yaml')).sort();
const addresses = new Map(files.map((name) => [pathToFileURL(path.join(folder, name)).href, name]));
const found = new Map();
let timer;

function end(code) {
  const marks = Object.fromEntries(
    [...addresses].map(([address, name]) => [
      name,
      (found.get(address) ?? []).map(({ range, message }) => ({ line: range.start.line + 1, message })),
    ]),
  );
  if (code === 0) {
    process.stdout.write(`${JSON.stringify(marks)}\n`);
  } else {
    process.stderr.write(`not every file was looked at: ${found.size} of ${addresses.size}\n`);
  }
  child.kill();
  process.exit(code);
}

function open() {
  for (const [address, name] of addresses) {
    const text = fs.readFileSync(path.join(folder, name), 'utf8');
    const textDocument = { uri: address, languageId: 'yaml', version: 1, text };
    send({ method: 'textDocument/didOpen', params: { textDocument } });
  }
}

function receive(message) {
  if (message.id === 1 && message.result) {
    send({ method: 'initialized', params: {} });
    send({ method: 'workspace/didChangeConfiguration', params: { settings } });
    // The server asks for its settings before it looks at anything.
    setTimeout(open, 500);
  } else if (message.method === 'workspace/configuration') {
    send({ id: message.id, result: message.params.items.map((item) => section(item.section)) });
  } else if (message.method && message.id !== undefined) {
    send({ id: message.id, result: null });
  } else if (message.method === 'textDocument/publishDiagnostics') {
    found.set(message.params.uri, message.params.diagnostics);
    clearTimeout(timer);
    // What comes later replaces what came before.
    if (found.size >= addresses.size) {
      timer = setTimeout(() => end(0), QUIET_MS);
    }
  }
}

let rest = Buffer.alloc(0);
child.stdout.on('data', (bytes) => {
  rest = Buffer.concat([rest, bytes]);
  for (;;) {
    const head = rest.indexOf('\r\n\r\n');
    if (head < 0) {
      return;
    }
    const length = Number(/content-length: *(\d+)/i.exec(rest.subarray(0, head).toString())[1]);
    if (rest.length < head + 4 + length) {
      return;
    }
    const body = rest.subarray(head + 4, head + 4 + length).toString();
    rest = rest.subarray(head + 4 + length);
    receive(JSON.parse(body));
  }
});
child.on('exit', () => end(1));
setTimeout(() => end(1), LIMIT_MS);

const capabilities = { workspace: { configuration: true }, textDocument: { publishDiagnostics: {} } };
send({
  id: 1,
  method: 'initialize',
  params: { processId: process.pid, rootUri: pathToFileURL(folder).href, capabilities },
});
