//! QuickSight.

use lakewright_manifest::mesh::EnvironmentPermission;

use super::{Block, Rule, When};

pub(super) const BLOCKS: &[Block] = &[
    // quicksight:* on */{P}-{team}* becomes named actions on prefix and tag. Dropped: permission
    // updates (sharing goes through QuickSight itself), account, namespace, user, group, theme,
    // template, topic, VPC connection, Q and key administration. Authors who work in the console use
    // QuickSight's own permissions and need none of these.
    Block {
        permission: Some(EnvironmentPermission::CreateDashboard),
        feature: |features| features.dashboards,
        rules: &[
            Rule {
                sid: "QsLists",
                actions: &[
                    "quicksight:ListDataSets",
                    "quicksight:ListDataSources",
                    "quicksight:ListIngestions",
                ],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "QsListTyped",
                actions: &["quicksight:ListDashboards", "quicksight:ListAnalyses"],
                resources: &[
                    "arn:{partition}:quicksight:{region}:{account}:dashboard/*",
                    "arn:{partition}:quicksight:{region}:{account}:analysis/*",
                ],
                when: When::Always,
            },
            Rule {
                sid: "QsCreateSource",
                actions: &["quicksight:CreateDataSource"],
                resources: &["*"],
                when: When::RequestedOnly,
            },
            Rule {
                sid: "QsCreate",
                actions: &[
                    "quicksight:CreateDashboard",
                    "quicksight:CreateAnalysis",
                    "quicksight:CreateDataSet",
                    "quicksight:TagResource",
                ],
                resources: &[
                    "arn:{partition}:quicksight:{region}:{account}:dashboard/{role_name}-*",
                    "arn:{partition}:quicksight:{region}:{account}:analysis/{role_name}-*",
                    "arn:{partition}:quicksight:{region}:{account}:dataset/{role_name}-*",
                    "arn:{partition}:quicksight:{region}:{account}:datasource/{role_name}-*",
                ],
                when: When::Requested,
            },
            Rule {
                sid: "QsUse",
                actions: &[
                    "quicksight:DescribeDashboard",
                    "quicksight:UpdateDashboard",
                    "quicksight:UpdateDashboardPublishedVersion",
                    "quicksight:DeleteDashboard",
                    "quicksight:GetDashboardEmbedUrl",
                    "quicksight:DescribeAnalysis",
                    "quicksight:UpdateAnalysis",
                    "quicksight:DeleteAnalysis",
                    "quicksight:DescribeDataSet",
                    "quicksight:UpdateDataSet",
                    "quicksight:DeleteDataSet",
                    "quicksight:PassDataSet",
                    "quicksight:DescribeDataSource",
                    "quicksight:UpdateDataSource",
                    "quicksight:DeleteDataSource",
                    "quicksight:PassDataSource",
                    "quicksight:CreateIngestion",
                    "quicksight:DescribeIngestion",
                    "quicksight:CancelIngestion",
                ],
                resources: &[
                    "arn:{partition}:quicksight:{region}:{account}:dashboard/{prefix}-*",
                    "arn:{partition}:quicksight:{region}:{account}:analysis/{prefix}-*",
                    "arn:{partition}:quicksight:{region}:{account}:dataset/{prefix}-*",
                    "arn:{partition}:quicksight:{region}:{account}:datasource/{prefix}-*",
                ],
                when: When::Tagged,
            },
        ],
    },
];
