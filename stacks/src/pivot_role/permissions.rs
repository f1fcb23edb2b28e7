//! The permissions of the pivot role, by feature.

use lakewright_manifest::mesh::Features;
use lakewright_policies::condition::Comparison;

use crate::rules::{Rule, When};

/// The rules of one feature.
pub(super) struct Block {
    /// The required feature.
    pub(super) feature: fn(&Features) -> bool,
    pub(super) rules: &'static [Rule],
}

/// Actions that are denied on the role, its policies, its boundary and the deploying roles: those that grant a role's
/// rights, including assuming it, and those that take rights away. `LIFTING`, which the deploying roles are denied, differs.
pub(super) const SELF_CHANGE: [&str; 16] = [
    "iam:AttachRolePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:DeleteRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PassRole",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
    "sts:AssumeRole",
];

pub(super) const BLOCKS: &[Block] = &[
    Block {
        feature: |_| true,
        rules: &[
            Rule {
                sid: "StackRead",
                actions: &[
                    "cloudformation:DescribeStackEvents",
                    "cloudformation:DescribeStackResources",
                    "cloudformation:DescribeStacks",
                    "cloudformation:GetTemplate",
                    "cloudformation:ListStackResources",
                ],
                resources: &[
                    "arn:{partition}:cloudformation:{region}:{account}:stack/{prefix}-*/*",
                ],
                when: When::Always,
            },
            Rule {
                sid: "RoleRead",
                actions: &[
                    "iam:GetRole",
                    "iam:GetRolePolicy",
                    "iam:ListAttachedRolePolicies",
                    "iam:ListRolePolicies",
                ],
                resources: &["arn:{partition}:iam::{account}:role/{prefix}-*"],
                when: When::Always,
            },
            Rule {
                sid: "Lists",
                actions: &[
                    "cloudformation:ListStacks",
                    "cloudwatch:GetMetricStatistics",
                    "ec2:DescribeSecurityGroups",
                    "ec2:DescribeSubnets",
                    "ec2:DescribeVpcs",
                    "iam:ListRoles",
                    "kms:ListAliases",
                    "s3:ListAccessPoints",
                    "s3:ListAllMyBuckets",
                    "tag:GetResources",
                ],
                resources: &["*"],
                when: When::Always,
            },
            // The trust policies of these roles decide whether this role can assume them.
            Rule {
                sid: "AssumeTeamsAndDatasets",
                actions: &["sts:AssumeRole"],
                resources: &["arn:{partition}:iam::{account}:role/{prefix}-*"],
                when: When::Always,
            },
            Rule {
                sid: "EnvironmentParameters",
                actions: &["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
                resources: &["arn:{partition}:ssm:{region}:{account}:parameter/{prefix}/*"],
                when: When::Always,
            },
        ],
    },
    Block {
        feature: |features| features.datasets,
        rules: &[
            Rule {
                // Unlike `CATALOG_READ`, no query: the platform shows and searches what is there.
                sid: "CatalogRead",
                actions: &[
                    "glue:GetDatabase",
                    "glue:GetDatabases",
                    "glue:GetPartitions",
                    "glue:GetTable",
                    "glue:GetTables",
                    "glue:SearchTables",
                ],
                resources: &[
                    "arn:{partition}:glue:{region}:{account}:catalog",
                    "arn:{partition}:glue:{region}:{account}:database/*",
                    "arn:{partition}:glue:{region}:{account}:table/*/*",
                ],
                when: When::Always,
            },
            Rule {
                sid: "CrawlersAndJobs",
                actions: &[
                    "glue:BatchStopJobRun",
                    "glue:GetCrawler",
                    "glue:GetJob",
                    "glue:GetJobRun",
                    "glue:GetJobRuns",
                    "glue:GetTrigger",
                    "glue:StartCrawler",
                    "glue:StartJobRun",
                    "glue:StopCrawler",
                ],
                resources: &[
                    "arn:{partition}:glue:{region}:{account}:crawler/{prefix}-*",
                    "arn:{partition}:glue:{region}:{account}:job/{prefix}-*",
                    "arn:{partition}:glue:{region}:{account}:trigger/{prefix}-*",
                ],
                when: When::Always,
            },
            Rule {
                sid: "LakeFormationRead",
                actions: &[
                    "lakeformation:DescribeResource",
                    "lakeformation:GetDataLakeSettings",
                    "lakeformation:GetEffectivePermissionsForPath",
                    "lakeformation:ListDataCellsFilter",
                    "lakeformation:ListPermissions",
                    "lakeformation:ListResources",
                ],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "ProfilingResults",
                actions: &["s3:GetObject"],
                resources: &["{env_bucket_arn}/profiling/results/*"],
                when: When::Always,
            },
            Rule {
                sid: "ProfilingResultsList",
                actions: &["s3:ListBucket"],
                resources: &["{env_bucket_arn}"],
                when: When::Holds(&[(
                    Comparison::StringLike,
                    "s3:prefix",
                    &["profiling/results/*"],
                )]),
            },
        ],
    },
    Block {
        feature: |features| features.worksheets,
        rules: &[Rule {
            sid: "Workgroups",
            actions: &[
                "athena:GetQueryExecution",
                "athena:GetWorkGroup",
                "athena:ListQueryExecutions",
                "athena:StopQueryExecution",
            ],
            resources: &["arn:{partition}:athena:{region}:{account}:workgroup/{prefix}-*"],
            when: When::Always,
        }],
    },
    Block {
        feature: |features| features.notebooks,
        rules: &[
            Rule {
                sid: "NotebookLists",
                actions: &["sagemaker:ListNotebookInstances"],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "Notebooks",
                actions: &[
                    "sagemaker:CreatePresignedNotebookInstanceUrl",
                    "sagemaker:DescribeNotebookInstance",
                    "sagemaker:ListTags",
                    "sagemaker:StartNotebookInstance",
                    "sagemaker:StopNotebookInstance",
                ],
                resources: &[
                    "arn:{partition}:sagemaker:{region}:{account}:notebook-instance/{prefix}-*",
                ],
                when: When::Always,
            },
        ],
    },
    Block {
        feature: |features| features.ml_studio,
        rules: &[
            Rule {
                sid: "StudioLists",
                actions: &["sagemaker:ListApps", "sagemaker:ListDomains"],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "StudioDomains",
                actions: &["sagemaker:DescribeDomain"],
                resources: &["arn:{partition}:sagemaker:{region}:{account}:domain/*"],
                when: When::Holds(&[(
                    Comparison::StringEquals,
                    "aws:ResourceTag/lakewright:mesh",
                    &["{mesh}"],
                )]),
            },
            Rule {
                sid: "StudioProfiles",
                actions: &[
                    "sagemaker:CreatePresignedDomainUrl",
                    "sagemaker:DescribeUserProfile",
                    "sagemaker:ListTags",
                ],
                resources: &[
                    "arn:{partition}:sagemaker:{region}:{account}:user-profile/*/{prefix}-*",
                ],
                when: When::Always,
            },
        ],
    },
    Block {
        feature: |features| features.pipelines,
        rules: &[
            Rule {
                sid: "Pipelines",
                actions: &[
                    "codepipeline:GetPipeline",
                    "codepipeline:GetPipelineExecution",
                    "codepipeline:GetPipelineState",
                    "codepipeline:ListPipelineExecutions",
                ],
                resources: &["arn:{partition}:codepipeline:{region}:{account}:{prefix}-*"],
                when: When::Always,
            },
            Rule {
                sid: "Repositories",
                actions: &[
                    "codecommit:GetBranch",
                    "codecommit:GetCommit",
                    "codecommit:GetRepository",
                    "codecommit:ListBranches",
                ],
                resources: &["arn:{partition}:codecommit:{region}:{account}:{prefix}-*"],
                when: When::Always,
            },
        ],
    },
    Block {
        feature: |features| features.dashboards,
        rules: &[
            Rule {
                sid: "DashboardUsers",
                actions: &[
                    "quicksight:CreateGroupMembership",
                    "quicksight:DescribeGroup",
                    "quicksight:DescribeUser",
                    "quicksight:RegisterUser",
                ],
                resources: &[
                    "arn:{partition}:quicksight:{region}:{account}:group/default/{prefix}-*",
                    "arn:{partition}:quicksight:{region}:{account}:user/default/*",
                ],
                when: When::Always,
            },
            Rule {
                sid: "Dashboards",
                actions: &[
                    "quicksight:DescribeDashboard",
                    "quicksight:DescribeDashboardPermissions",
                    "quicksight:GenerateEmbedUrlForRegisteredUser",
                ],
                resources: &[
                    "arn:{partition}:quicksight:{region}:{account}:dashboard/*",
                    "arn:{partition}:quicksight:{region}:{account}:user/default/*",
                ],
                when: When::Always,
            },
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_writes_to_iam_and_every_action_is_named() {
        for rule in BLOCKS.iter().flat_map(|block| block.rules) {
            for action in rule.actions {
                let (_, known) = lakewright_policies::catalogue::action(action)
                    .unwrap_or_else(|| unreachable!("{}: {action} is no action", rule.sid));
                let reads = known.levels.iter().all(|level| matches!(*level, "Read" | "List"));
                assert!(!action.starts_with("iam:") || reads, "{}: {action}", rule.sid);
                let any = rule.resources == ["*"];
                assert_eq!(any, known.resources.is_empty(), "{}: {action}", rule.sid);
            }
        }
    }
}
