//! The boundary of every role that the mesh makes: no role reaches past it, whatever its policies say.

use lakewright_policies::condition::{Comparison, Condition};
use lakewright_policies::{Conditions, IdentityPolicy, Statement};
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

pub(super) fn document(context: &Context<'_>) -> Value {
    let mesh_stacks = Conditions::none().with(Condition::new(
        Comparison::Null,
        "aws:ResourceTag/lakewright:mesh",
        "false",
    ));
    let statements = vec![
        Statement::allow("Services", SERVICES, ["*"]),
        Statement::allow("LookAtIam", IAM, ["*"]),
        Statement::deny("DenyLifting", LIFTING, context.protected()),
        Statement::deny("DenyAssume", ["sts:AssumeRole"], context.not_assumed()),
        Statement::deny("DenyMeshStacks", STACK_CHANGES, ["*"]).when(mesh_stacks),
    ];
    IdentityPolicy::new(statements).expect("whole statements").into_value()
}
