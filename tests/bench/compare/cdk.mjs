// The stacks of N datasets by the AWS CDK. Each stack gets the resources of a template with finished policies, as `CfnResource`: the cheapest way
// that the CDK has, without its higher constructs.
//
// Arguments: folder of the modules, the template of one dataset, the number of datasets, the folder to write.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const [modules, template, number, out] = process.argv.slice(2);
const cdk = createRequire(`${modules}/`)('aws-cdk-lib');
const { Description, Resources } = JSON.parse(readFileSync(template, 'utf8'));

/** A value for another dataset: what is named after `d0` is named after it. */
const renamed = (value, name) => {
  if (typeof value === 'string') return value.replaceAll('-d0-', `-${name}-`);
  if (Array.isArray(value)) return value.map((one) => renamed(one, name));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, renamed(one, name)]));
};

const app = new cdk.App({
  outdir: out,
  analyticsReporting: false,
  defaultStackSynthesizer: new cdk.LegacyStackSynthesizer(),
});
for (let dataset = 0; dataset < Number(number); dataset += 1) {
  const name = `d${dataset}`;
  const stack = new cdk.Stack(app, `dataset-${name}`, {
    description: Description,
    env: { account: '200000000000', region: 'eu-west-1' },
  });
  for (const [id, resource] of Object.entries(Resources)) {
    const made = new cdk.CfnResource(stack, id, { type: resource.Type, properties: renamed(resource.Properties, name) });
    made.overrideLogicalId(id);
    made.cfnOptions.deletionPolicy = resource.DeletionPolicy;
    made.cfnOptions.updateReplacePolicy = resource.UpdateReplacePolicy;
    if (resource.DependsOn) made.addOverride('DependsOn', resource.DependsOn);
  }
}
app.synth();
