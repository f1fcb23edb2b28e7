//! Lists of actions that stand in policies and in the rules about policies, each for one reason.

/// What gives the rights of a role, asked on the role.
pub const ON_ROLE: [&str; 7] = [
    "iam:AttachRolePolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PassRole",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "sts:AssumeRole",
];

/// What gives the rights of a role, asked on its managed policies.
pub const ON_POLICY: [&str; 2] = ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"];

/// What gives the rights of the role that a stack is deployed with, asked on the stack.
pub const ON_STACK: [&str; 3] = [
    "cloudformation:CreateChangeSet",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:UpdateStack",
];

/// What the catalog asks for when tables are read.
pub const CATALOG_READ: [&str; 6] = [
    "glue:BatchGetPartition",
    "glue:GetDatabase",
    "glue:GetPartition",
    "glue:GetPartitions",
    "glue:GetTable",
    "glue:GetTables",
];

/// What a service asks for when it writes a log as a role, and makes the group if there is none.
pub const LOG_WRITE: [&str; 3] =
    ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    /// Source: the pinned action catalogue.
    #[test]
    fn each_is_an_action_of_aws() {
        let lists: [&[&str]; 5] = [&ON_ROLE, &ON_POLICY, &ON_STACK, &CATALOG_READ, &LOG_WRITE];
        for action in lists.concat() {
            assert!(catalogue::action(action).is_some(), "{action}");
        }
    }
}
