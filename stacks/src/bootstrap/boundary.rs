//! The boundary of every role that the mesh makes: no role reaches past it, whatever its policies say.

use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::document::Effect;
use lakewright_policies::{Conditions, IdentityPolicy, Statement};
use lakewright_synth::{Record, Scope};
use lakewright_template::Value;

use super::Context;
use super::execution::{LIFTING, STACK_CHANGES};

/// The services that roles of a mesh work with. A boundary gives nothing by itself, so it names
/// services; what a role may do in them stands in its own policies.
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

/// What makes or changes an access point, or what its policy says.
const ACCESS_POINT_CHANGES: [&str; 4] = [
    "s3:CreateAccessPoint",
    "s3:DeleteAccessPoint",
    "s3:DeleteAccessPointPolicy",
    "s3:PutAccessPointPolicy",
];

/// What of IAM roles may do: look, and hand their role to a service. Nothing else of IAM is within
/// the boundary.
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

/// Records what the boundary denies: a proof asks whether it still does.
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
        // To which a dataset's full bucket policy leaves the decision.
        Statement::deny("DenyAccessPoints", ACCESS_POINT_CHANGES, context.access_points()),
    ]
}
