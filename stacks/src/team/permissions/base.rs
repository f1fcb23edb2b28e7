//! What every team may do: look around, and use its own stacks, secrets, queues and parameters.

use lakewright_policies::condition::Comparison;

use super::{Block, Rule, When};

pub(super) const BLOCKS: &[Block] = &[
    // ec2:Describe*, logs:Get*/Describe*/List* and iam:list*/Get* on * become named reads; only
    // actions without resource types stand on *. Dropped: iam:CreatePolicy, iam:CreateRole,
    // iam:CreateServiceLinkedRole (escalation; the platform's stacks create them),
    // cloudwatch:GetMetricData and ListMetrics (since CloudWatch datasets they have a resource type;
    // GetMetricStatistics and GetMetricWidgetImage read the same metrics), ec2:DescribeVpcAttribute
    // (resource type vpc). IAM reads are limited to the own role and the policies named after it.
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
    // Change sets only on stacks which carry the team's tag, the prefix and NOT the tag
    // lakewright:mesh: stacks that Lakewright deploys keep its execution role, so a team must never
    // be able to update them, whatever their Team tag says. Creation is CreateStack only (fails on an
    // existing stack; CreateChangeSet with a request tag would put change sets on foreign stacks),
    // and without a role in the request. Dropped: CreateStackSet, CreateUploadBucket,
    // Describe*/Get*/List* on *, ListImports, ListExports (exports of all teams), Cancel*/Continue*
    // wildcards, tag changes.
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
                // A change set's tags become the stack's.
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
    // As data.all plus StringEqualsIfExists on ResourceTag/Team in create/tag statements: without it
    // TagResource with the own RequestTag re-labels another team's secret and so takes it over.
    // ListSecrets shows names of all (no resource types). lakewright:mesh guard keeps out what the
    // platform's stacks made.
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
    // AddPermission, RemovePermission and SetQueueAttributes are dropped: they write the queue's policy, which can
    // let anybody in, and no condition key tells what it says. So is CreateQueue, which takes a policy as well
    // ("CreateQueue" in the SQS API reference, Policy): somebody who may makes the queue, with the team's tag.
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
    // Team parameters are parameter/{prefix}-*, disjoint from the platform's /{prefix}/...
    // PutParameter stands twice: creation by request tag, overwrite by resource tag (SSM refuses tags
    // with overwrite). GetParametersByPath dropped: it authorizes the path, not the parameters, so no
    // tag can hold it.
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
