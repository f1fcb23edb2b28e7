// What Ajv with its default options finds in the documents of the `.yaml` files of a folder, as JSON: for each file its messages.
//
//   node validate.js MODULES SCHEMA FOLDER
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const [modules, schema, folder] = process.argv.slice(2);
const Ajv = require(path.join(modules, 'ajv'));
const yaml = require(path.join(modules, 'yaml'));

const validate = new Ajv().compile(JSON.parse(fs.readFileSync(schema, 'utf8')));
const found = {};
for (const name of fs.readdirSync(folder).filter((one) => one.endsWith('.yaml')).sort()) {
  const documents = yaml.parseAllDocuments(fs.readFileSync(path.join(folder, name), 'utf8'));
  found[name] = documents.flatMap((document) => {
    if (document.errors.length > 0) {
      return document.errors.map((error) => error.message);
    }
    const isValid = validate(document.toJS());
    return isValid ? [] : validate.errors.map(({ instancePath, message }) => `${instancePath} ${message}`);
  });
}
process.stdout.write(`${JSON.stringify(found)}\n`);
