//! The permissions of every team: read general metadata, and use its own stacks, secrets, queues and parameters.

use lakewright_policies::condition::Comparison;

use super::{Block, Rule, When};

pub(super) const BLOCKS: &[Block] = &[
    // ec2:Describe*, logs:Get*/Describe*/List* and iam:list*/Get* on * are replaced by named read actions; only
    // actions without resource types use *. Left out: iam:CreatePolicy, iam:CreateRole and
    // iam:CreateServiceLinkedRole (escalation; Lakewright's stacks create these), cloudwatch:GetMetricData and
    // ListMetrics (since CloudWatch datasets they have a resource type; GetMetricStatistics and
    // GetMetricWidgetImage read the same metrics), and ec2:DescribeVpcAttribute (resource type vpc). IAM reads are
    // limited to the team's own role and the policies named after it.
    Block {
        permission: None,
        feature: |_| true,
        rules: &[
            Rule {
                sid: "BaseReads",
                actions: &[
                    "ec2:DescribeAvailabilityZones",
                    "ec2:DescribeSecurityGroups",
                    "ec2:DescribeSubnets",
                    "ec2:DescribeVpcs",
                    "ec2:DescribeVpcEndpoints",
                    "ec2:DescribeRouteTables",
                    "ec2:DescribeNetworkInterfaces",
                    "logs:DescribeLogGroups",
                    "logs:DescribeQueries",
                    "logs:StopQuery",
                    "cloudwatch:GetMetricStatistics",
                    "cloudwatch:GetMetricWidgetImage",
                    "cloudwatch:DescribeAlarmsForMetric",
                    "events:ListRuleNamesByTarget",
                    "iam:ListRoles",
                    "tag:GetResources",
                    "tag:GetTagKeys",
                    "tag:GetTagValues",
                    "s3:ListAllMyBuckets",
                    "s3:ListAccessPoints",
                    "kms:ListAliases",
                    "kms:ListKeys",
                ],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "ReadOwnRole",
                actions: &[
                    "iam:GetRole",
                    "iam:GetRolePolicy",
                    "iam:ListRolePolicies",
                    "iam:ListAttachedRolePolicies",
                    "iam:GetPolicy",
                    "iam:GetPolicyVersion",
                ],
                resources: &[
                    "{team_role_arn}",
                    "arn:{partition}:iam::{account}:policy/{role_name}*",
                ],
                when: When::Always,
            },
        ],
    },
    // Change sets are allowed only on stacks with the prefix and the team's tag, and WITHOUT the tag
    // lakewright:mesh. Stacks that Lakewright deploys keep its execution role, so a team must never be able to
    // update them, whatever their Team tag. Stacks are created only with CreateStack, which fails on an existing
    // stack, and without a role in the request: CreateChangeSet with a request tag would allow change sets on
    // other owners' stacks. Left out: CreateStackSet, CreateUploadBucket, Describe*/Get*/List* on *, ListImports,
    // ListExports (exports of all teams), Cancel*/Continue* wildcards and tag changes.
    Block {
        permission: None,
        feature: |_| true,
        rules: &[
            Rule {
                sid: "CfnLists",
                actions: &[
                    "cloudformation:ListStacks",
                    "cloudformation:ValidateTemplate",
                    "cloudformation:EstimateTemplateCost",
                ],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "CfnRead",
                actions: &[
                    "cloudformation:DescribeStacks",
                    "cloudformation:DescribeStackEvents",
                    "cloudformation:DescribeStackResources",
                    "cloudformation:ListStackResources",
                    "cloudformation:GetTemplate",
                    "cloudformation:GetTemplateSummary",
                    "cloudformation:ListChangeSets",
                    "cloudformation:DescribeChangeSet",
                    "cloudformation:DescribeStackResource",
                ],
                resources: &[
                    "arn:{partition}:cloudformation:{region}:{account}:stack/{prefix}-*/*",
                ],
                when: When::Tagged,
            },
            Rule {
                sid: "CfnCreate",
                actions: &["cloudformation:CreateStack"],
                resources: &[
                    "arn:{partition}:cloudformation:{region}:{account}:stack/{role_name}-*/*",
                ],
                when: When::Holds(&[
                    (Comparison::Null, "cloudformation:RoleArn", &["true"]),
                    (Comparison::Null, "aws:RequestTag/lakewright:mesh", &["true"]),
                    (Comparison::StringEquals, "aws:RequestTag/Team", &["{team}"]),
                ]),
            },
            Rule {
                sid: "CfnOwnChangeSets",
                actions: &["cloudformation:CreateChangeSet"],
                resources: &[
                    "arn:{partition}:cloudformation:{region}:{account}:stack/{prefix}-*/*",
                ],
                // CloudFormation applies a change set's tags to the stack.
                when: When::TaggedByTeamUnposed,
            },
            Rule {
                sid: "CfnOwnStacks",
                actions: &[
                    "cloudformation:ExecuteChangeSet",
                    "cloudformation:DeleteChangeSet",
                    "cloudformation:CancelUpdateStack",
                    "cloudformation:ContinueUpdateRollback",
                    "cloudformation:DeleteStack",
                ],
                resources: &[
                    "arn:{partition}:cloudformation:{region}:{account}:stack/{prefix}-*/*",
                ],
                when: When::TaggedByTeam,
            },
        ],
    },
    // Like data.all, plus StringEqualsIfExists on ResourceTag/Team when creating or tagging: otherwise TagResource
    // with the team's own RequestTag could take over another team's secret. ListSecrets shows the names of all
    // secrets (no resource types). The condition on lakewright:mesh excludes secrets that Lakewright's stacks
    // created.
    Block {
        permission: None,
        feature: |_| true,
        rules: &[
            Rule {
                sid: "SecretsList",
                actions: &["secretsmanager:ListSecrets"],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "SecretsCreate",
                actions: &["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
                resources: &[
                    "arn:{partition}:secretsmanager:{region}:{account}:secret:{role_name}-*",
                ],
                when: When::RequestedByTeam,
            },
            Rule {
                sid: "SecretsUse",
                actions: &[
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:DescribeSecret",
                    "secretsmanager:PutSecretValue",
                    "secretsmanager:UpdateSecret",
                    "secretsmanager:DeleteSecret",
                    "secretsmanager:RestoreSecret",
                ],
                resources: &["arn:{partition}:secretsmanager:{region}:{account}:secret:{prefix}-*"],
                when: When::TaggedByTeam,
            },
        ],
    },
    // AddPermission, RemovePermission and SetQueueAttributes are left out: they write the queue policy, which can
    // grant access to anybody, and no condition key checks its content. CreateQueue is left out because it takes a
    // policy as well ("CreateQueue" in the SQS API reference, Policy): another authorized principal creates the
    // queue, with the team's tag.
    Block {
        permission: None,
        feature: |_| true,
        rules: &[
            Rule {
                sid: "SqsList",
                actions: &["sqs:ListQueues"],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "SqsUse",
                actions: &[
                    "sqs:GetQueueUrl",
                    "sqs:GetQueueAttributes",
                    "sqs:ListQueueTags",
                    "sqs:ListDeadLetterSourceQueues",
                    "sqs:SendMessage",
                    "sqs:ReceiveMessage",
                    "sqs:DeleteMessage",
                    "sqs:ChangeMessageVisibility",
                    "sqs:PurgeQueue",
                ],
                resources: &["arn:{partition}:sqs:{region}:{account}:{prefix}-*"],
                when: When::TaggedByTeam,
            },
        ],
    },
    // Team parameters are parameter/{prefix}-*, distinct from Lakewright's own /{prefix}/... PutParameter has two
    // statements: creation by request tag, overwriting by resource tag, because SSM rejects tags with overwrite.
    // GetParametersByPath is left out: it is authorized on the path, not on the parameters, so no tag can limit
    // it.
    Block {
        permission: None,
        feature: |_| true,
        rules: &[
            Rule {
                sid: "SsmList",
                actions: &["ssm:DescribeParameters"],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "SsmCreate",
                actions: &["ssm:PutParameter", "ssm:AddTagsToResource"],
                resources: &["arn:{partition}:ssm:{region}:{account}:parameter/{role_name}-*"],
                when: When::RequestedByTeam,
            },
            Rule {
                sid: "SsmUse",
                actions: &[
                    "ssm:PutParameter",
                    "ssm:GetParameter",
                    "ssm:GetParameters",
                    "ssm:GetParameterHistory",
                    "ssm:DeleteParameter",
                    "ssm:DeleteParameters",
                    "ssm:ListTagsForResource",
                ],
                resources: &["arn:{partition}:ssm:{region}:{account}:parameter/{prefix}-*"],
                when: When::TaggedByTeam,
            },
        ],
    },
];
