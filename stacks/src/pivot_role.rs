//! The `pivot-role` stack: the role that the platform assumes in an environment's account.
//!
//! It reads metadata, starts what teams have created, and opens consoles as the teams' roles. It
//! does not read data: for that, the platform assumes the role of a team or a dataset. It has no
//! permission that writes to IAM, so it cannot change itself, its policies or its boundary.

mod manual;
mod permissions;

use lakewright_constructs::role::{Policies, Role, Trust};
use lakewright_manifest::mesh::{Environment, Tenant};
use lakewright_policies::Statement;
use lakewright_synth::{Grants, PolicyOwner, Scope};

use crate::Names;
use crate::names::policy_arn;
use crate::rules::Fill;
pub use manual::template as manual_template;

/// Maximum number of managed policies of the role: half of IAM's default quota.
const POLICIES: usize = 5;

pub(crate) fn build(scope: &mut Scope<'_>, names: Names<'_>, environment: &Environment) {
    let boundary = Some(Names::boundary_arn(environment));
    let fill = Fill::of_environment(names, environment);
    let role = role(names.tenant(), names.pivot_role(environment), boundary, environment);
    add(scope, names, environment, role, &fill);
}

fn role(
    tenant: &Tenant,
    name: String,
    boundary: Option<String>,
    environment: &Environment,
) -> Role {
    let trusted = tenant.pivot_role.trusted_roles.iter().map(ToString::to_string);
    Role {
        policies: Policies::Managed { name: name.clone(), policies: POLICIES },
        name,
        description: format!("The platform in environment {}", environment.header.id),
        grantee: format!("pivot-role/{}", environment.header.id),
        trust: vec![Trust::External {
            account: tenant.central_account.clone(),
            roles: trusted.collect(),
            external_id: tenant.pivot_role.external_id.clone(),
        }],
        boundary,
        tags: Vec::new(),
    }
}

fn add(
    scope: &mut Scope<'_>,
    names: Names<'_>,
    environment: &Environment,
    role: Role,
    fill: &Fill,
) {
    let name = role.name.clone();
    let role = scope.add("Role", role);
    let rules = permissions::BLOCKS
        .iter()
        .filter(|block| (block.feature)(&environment.features))
        .flat_map(|block| block.rules);
    scope.grant(Grants(rules.map(|rule| fill.rule(rule, &role)).collect()));
    // The role has none of these actions. The deny also holds if a policy with them is attached
    // later.
    let place = Names::place(environment);
    let mut own = vec![
        place.role_arn(&name),
        policy_arn(&place, &format!("{name}*")),
        Names::boundary_arn(environment),
    ];
    for (prefix, region) in names.bootstrapped(&place.account) {
        let execution = Names::execution_role(&prefix, &region);
        own.push(place.role_arn(&Names::deploy_role(&prefix, &region)));
        own.push(policy_arn(&place, &format!("{execution}-*")));
        own.push(place.role_arn(&execution));
    }
    own.sort();
    own.dedup();
    let deny = Statement::deny("DenySelfChange", permissions::SELF_CHANGE, own);
    let owner = PolicyOwner::RoleInline { role: role.name().into(), name: "protection".to_owned() };
    scope.child("Protection").policy(owner, vec![deny]);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lakewright_policies::actions::{ON_POLICY, ON_ROLE};
    use lakewright_template::{Map, StackKind, Template, Value};

    use super::*;
    use crate::testing::{
        ALL_ON, DEV, TENANT, allowed, condition, environment, lowered, mesh, of_roles, resources,
        services, statements, texts,
    };

    fn template(lines: &str) -> Template {
        let mesh = mesh(&[TENANT, &format!("{DEV}{lines}")]);
        lowered(&mesh, StackKind::PivotRole, "dev").template
    }

    fn about<'t>(template: &'t Template, action: &str) -> Vec<&'t Map> {
        let all = of_roles(template).into_iter();
        let allows = all.filter(|statement| texts(statement, "Effect").contains("Allow"));
        allows.filter(|statement| texts(statement, "Action").contains(action)).collect()
    }

    // `docs/stacks/pivot-role.md`.

    #[test]
    fn the_platform_reads_results_of_profiling_and_no_other_object() {
        let template = template(ALL_ON);
        let mesh = mesh(&[TENANT, DEV]);
        let bucket = Names::new(&mesh).environment_bucket(environment(&mesh, "dev"));
        let objects: BTreeSet<&str> = about(&template, "s3:GetObject")
            .into_iter()
            .flat_map(|statement| texts(statement, "Resource"))
            .collect();
        let results = format!("arn:aws:s3:::{bucket}/profiling/results/*");
        assert_eq!(objects, BTreeSet::from([results.as_str()]));
        let all = allowed(&template);
        for action in [
            "athena:StartQueryExecution",
            "kms:Decrypt",
            "lakeformation:GetDataAccess",
            "lakeformation:GrantPermissions",
            "s3:PutObject",
        ] {
            assert!(!all.contains(action), "{action}");
        }
    }

    #[test]
    fn a_feature_that_is_off_gives_the_platform_nothing() {
        let off = template("features: { datasets: false, worksheets: false }\n");
        let given = services(allowed(&off));
        let always =
            ["cloudformation", "cloudwatch", "ec2", "iam", "kms", "s3", "ssm", "sts", "tag"];
        assert_eq!(given, BTreeSet::from(always));
        assert!(about(&off, "s3:GetObject").is_empty());
        let on = services_of(ALL_ON);
        let more = [
            "athena",
            "codecommit",
            "codepipeline",
            "glue",
            "lakeformation",
            "quicksight",
            "sagemaker",
        ];
        assert!(more.iter().all(|service| on.contains(*service)), "{on:?}");
    }

    fn services_of(lines: &str) -> BTreeSet<String> {
        let template = template(lines);
        services(allowed(&template)).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn roles_of_the_central_account_assume_it_with_the_external_id() {
        let template = template("");
        let role = resources(&template, "AWS::IAM::Role")[0];
        let trust = role.properties.get("AssumeRolePolicyDocument").expect("a trust policy");
        let all = statements(trust);
        let [statement] = all[..] else { unreachable!("one statement: {all:?}") };
        let principal = statement.get("Principal").and_then(Value::as_map).expect("a principal");
        assert_eq!(texts(principal, "AWS"), BTreeSet::from(["arn:aws:iam::111111111111:root"]));
        // "How to use external ID when granting access to your AWS resources" in the IAM user guide.
        let external = condition(statement, "StringEquals", "sts:ExternalId");
        assert_eq!(external, BTreeSet::from(["base-0123456789"]));
        let roles = condition(statement, "ArnEquals", "aws:PrincipalArn");
        assert_eq!(roles, BTreeSet::from(["arn:aws:iam::111111111111:role/platform"]));
    }

    #[test]
    fn whatever_is_attached_it_changes_neither_itself_nor_the_roles_that_deploy() {
        let template = template("");
        let all = of_roles(&template).into_iter();
        let denies: Vec<&Map> =
            all.filter(|statement| texts(statement, "Effect").contains("Deny")).collect();
        let [deny] = denies[..] else { unreachable!("one deny: {denies:?}") };
        let mesh = mesh(&[TENANT, DEV]);
        let dev = environment(&mesh, "dev");
        let own = Names::new(&mesh).pivot_role(dev);
        let iam = |part: &str| format!("arn:aws:iam::222222222222:{part}");
        let kept = [
            iam(&format!("role/{own}")),
            iam(&format!("policy/{own}*")),
            iam("policy/lakewright-boundary-eu-west-1"),
            iam("role/lakewright-deploy-eu-west-1"),
            iam("role/lakewright-execution-eu-west-1"),
            iam("policy/lakewright-execution-eu-west-1-*"),
        ];
        assert_eq!(
            texts(deny, "Resource"),
            kept.iter().map(String::as_str).collect::<BTreeSet<_>>()
        );
        let actions = texts(deny, "Action");
        assert_eq!(actions.len(), 16);
        for action in ON_ROLE.iter().chain(&ON_POLICY) {
            assert!(actions.contains(action), "{action}");
        }
    }
}
