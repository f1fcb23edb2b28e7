#!/usr/bin/env bash
# Guess:   a validator reads the state machine that it is given and leaves it alone.
# Happens: asl-validator writes a QueryLanguage into every state, nested ones too, of the very object that was passed. A
#          second validator, statelint, takes the definition before and refuses it after: it does not know the field.
# Version: asl-validator 4.0.0, @wmfs/statelint 1.30.0
# Source:  asl-validator, dist/src/validator.js (where it fills in the default query language)
# Matters: a build that validates and then writes the definition into a template deploys another text than its author's, and
#          the order of two linters decides whether the build passes. Validate a copy.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts asl-validator@4.0.0 @wmfs/statelint@1.30.0

cat > check.cjs <<'JS'
const validate = require('asl-validator');
const statelint = require('@wmfs/statelint')();
for (const name of ['asl-validator', '@wmfs/statelint']) {
  console.log(name, JSON.parse(require('fs').readFileSync(`node_modules/${name}/package.json`)).version);
}
const definition = {
  StartAt: 'Each',
  States: {
    Each: {
      Type: 'Map', ItemsPath: '$.tables', Next: 'Done',
      ItemProcessor: { StartAt: 'One', States: { One: { Type: 'Pass', End: true } } },
    },
    Done: { Type: 'Succeed' },
  },
};
const before = JSON.stringify(definition);
const lintBefore = statelint.validate(definition);
const { isValid } = validate(definition);
const after = JSON.stringify(definition);
const lintAfter = statelint.validate(definition);

console.log('asl-validator says valid:', isValid);
console.log('before:', before);
console.log('after: ', after);
console.log('statelint before:', JSON.stringify(lintBefore), 'after:', JSON.stringify(lintAfter));
const { Each, Done } = definition.States;
const same = isValid && before !== after && lintBefore.length === 0 && lintAfter.length > 0
  && Each.QueryLanguage === 'JSONPath' && Done.QueryLanguage === 'JSONPath'
  && Each.ItemProcessor.States.One.QueryLanguage === 'JSONPath';
if (!same) { console.error('no longer as stated'); process.exit(1); }
JS
node check.cjs
