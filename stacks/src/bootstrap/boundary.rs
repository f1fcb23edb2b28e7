//! The permissions boundary of every role that the mesh creates: it limits what the role's policies
//! can grant.

use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::document::Effect;
use lakewright_policies::{Conditions, IdentityPolicy, Statement};
use lakewright_synth::{Record, Scope};
use lakewright_template::Value;

use super::Context;
use super::execution::{LIFTING, STACK_CHANGES};

/// The services that roles of a mesh use. A boundary grants nothing by itself, so it lists whole
/// services; the roles' own policies grant single actions.
const SERVICES: [&str; 28] = [
    "athena:*",
    "cloudformation:*",
    "cloudwatch:*",
    "codebuild:*",
    "codecommit:*",
    "codeconnections:*",
    "codepipeline:*",
    "codestar-connections:*",
    "databrew:*",
    "ec2:*",
    "ecr:*",
    "events:*",
    "glue:*",
    "kms:*",
    "lakeformation:*",
    "lambda:*",
    "logs:*",
    "quicksight:*",
    "s3:*",
    "sagemaker:*",
    "secretsmanager:*",
    "sns:*",
    "sqs:*",
    "ssm:*",
    "states:*",
    "sts:*",
    "tag:*",
    "xray:*",
];

/// Actions that create, change or delete an access point or its policy.
const ACCESS_POINT_CHANGES: [&str; 4] = [
    "s3:CreateAccessPoint",
    "s3:DeleteAccessPoint",
    "s3:DeleteAccessPointPolicy",
    "s3:PutAccessPointPolicy",
];

/// The IAM actions within the boundary: reading roles and policies, and passing a role to a service.
const IAM: [&str; 8] = [
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:ListRoles",
    "iam:PassRole",
];

/// Records what the boundary denies, so that a proof checks it.
pub(super) fn record(scope: &mut Scope<'_>, context: &Context<'_>, arn: &str) {
    let place = scope.spec().place.clone();
    for statement in statements(context).into_iter().filter(|s| s.effect == Effect::Deny) {
        let resources = statement.resources.iter().filter_map(Value::as_text);
        scope.record(Record {
            principal: format!("boundary/{}-{}", place.account, place.region),
            principal_arn: arn.to_owned(),
            access: "deny",
            resource: "bootstrap".to_owned(),
            actions: statement.actions.iter().cloned().collect(),
            resources: resources.map(str::to_owned).collect(),
            conditions: statement.conditions.lines(|value| value.as_text().map(str::to_owned)),
        });
    }
}

pub(super) fn document(context: &Context<'_>) -> Value {
    IdentityPolicy::new(statements(context)).expect("whole statements").into_value()
}

fn statements(context: &Context<'_>) -> Vec<Statement> {
    let mesh_stacks = Conditions::none().with(Condition::new(
        Comparison::Null,
        "aws:ResourceTag/lakewright:mesh",
        "false",
    ));
    vec![
        Statement::allow("Services", SERVICES, ["*"]),
        Statement::allow("LookAtIam", IAM, ["*"]),
        Statement::deny("DenyLifting", LIFTING, context.protected()),
        Statement::deny("DenyAssume", ["sts:AssumeRole"], context.not_assumed()),
        Statement::deny("DenyMeshStacks", STACK_CHANGES, ["*"]).when(mesh_stacks),
        // A dataset's bucket policy without room left delegates the decision to access points.
        Statement::deny("DenyAccessPoints", ACCESS_POINT_CHANGES, context.access_points()),
    ]
}
