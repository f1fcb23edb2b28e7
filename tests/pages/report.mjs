// Reads a `validation-report.json` as the CDK reads it, with the check against its schema. Fails if the schema refuses it.
//
//   node report.mjs MODULES REPORT

import { createRequire } from 'node:module';
import path from 'node:path';

const [modules, file] = process.argv.slice(2);
// The package compares a file with the schema only in its own tests, which set this variable.
process.env.TESTING_CDK = '1';
const { Manifest } = createRequire(path.join(modules, 'none.js'))('@aws-cdk/cloud-assembly-schema');
const report = Manifest.loadValidationReport(file);
process.stdout.write(`${report.pluginReports[0].violations.length}\n`);
