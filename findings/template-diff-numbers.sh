#!/usr/bin/env bash
# Guess:   a diff of templates compares strings as strings. "3.1" and "3.10" are two versions.
# Happens: two scalars that both read as a number are equal if the numbers are: "3.1" and "3.10", "012345678901" and
#          "12345678901", "0x10" and "16", "1e3" and "1000" show no difference, nor do two ids of seventeen digits that
#          differ in the last. That 10 and "10" are alike is meant; that the rule also holds between two strings is the surprise.
# Version: @aws-cdk/cloudformation-diff 2.187.5
# Source:  @aws-cdk/cloudformation-diff, lib/diff/util.js (deepEqual)
# Matters: whoever reviews a deployment by this diff does not see that a runtime goes from 3.1 to 3.10 or an id loses a digit.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @aws-cdk/cloudformation-diff@2.187.5

cat > diff.cjs <<'JS'
const { fullDiff } = require('@aws-cdk/cloudformation-diff');
console.log('@aws-cdk/cloudformation-diff', require('@aws-cdk/cloudformation-diff/package.json').version);
const template = (value) => ({
  Resources: { Job: { Type: 'AWS::Glue::Job', Properties: { DefaultArguments: { '--value': value } } } },
});
const count = (before, after) => fullDiff(template(before), template(after)).differenceCount;

const equal = [['3.1', '3.10'], ['012345678901', '12345678901'], ['0x10', '16'], ['1e3', '1000'],
  ['9007199254740993', '9007199254740992']];
const different = [['3.1', '3.1.0'], ['a', 'A'], ['true', 'True'], [['a'], 'a']];
let same = true;
console.log('Strings that read as numbers are compared as numbers:');
for (const [pairs, want] of [[equal, 0], [different, 1]]) {
  for (const [before, after] of pairs) {
    const got = count(before, after);
    console.log(`  ${JSON.stringify(before)} -> ${JSON.stringify(after)}: ${got} difference(s)`);
    same = same && got === want;
  }
}
if (!same) { console.error('no longer as stated'); process.exit(1); }
JS
node diff.cjs
