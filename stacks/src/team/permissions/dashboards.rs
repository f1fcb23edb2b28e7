//! QuickSight.

use lakewright_manifest::mesh::EnvironmentPermission;

use super::{Block, Rule, When};

pub(super) const BLOCKS: &[Block] = &[
    // quicksight:* on */{P}-{team}* becomes named actions on prefix and tag. Dropped: permission
    // updates (sharing goes through QuickSight itself), account, namespace, user, group, theme,
    // template, topic, VPC connection, Q and key administration. Authors who work in the console use
    // QuickSight's own permissions and need none of these.
    //
    // A team uses the one data source that the mesh makes for it, which asks as the team's role, and neither
    // makes nor changes any: without a role of its own an Athena source asks as QuickSight's account-wide role
    // (source: "AthenaParameters" in QuickSight's API reference, RoleArn), and CreateDataSource and
    // UpdateDataSource carry aws:RequestTag and aws:TagKeys only, so that no condition can ask for the role
    // (source: service authorization reference). ListDataSources is dropped: it answers with their parameters.
    Block {
        permission: Some(EnvironmentPermission::CreateDashboard),
        feature: |features| features.dashboards,
        rules: &[
            Rule {
                sid: "QsLists",
                actions: &["quicksight:ListDataSets", "quicksight:ListIngestions"],
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
                sid: "QsCreate",
                actions: &[
                    "quicksight:CreateDashboard",
                    "quicksight:CreateAnalysis",
                    "quicksight:TagResource",
                ],
                resources: &[
                    "arn:{partition}:quicksight:{region}:{account}:dashboard/{role_name}-*",
                    "arn:{partition}:quicksight:{region}:{account}:analysis/{role_name}-*",
                    "arn:{partition}:quicksight:{region}:{account}:dataset/{role_name}-*",
                ],
                when: When::Requested,
            },
            // A data set is made on its source.
            Rule {
                sid: "QsCreateOnSource",
                actions: &["quicksight:CreateDataSet"],
                resources: &[
                    "arn:{partition}:quicksight:{region}:{account}:datasource/{role_name}",
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
                    "quicksight:PassDataSource",
                    "quicksight:CreateIngestion",
                    "quicksight:DescribeIngestion",
                    "quicksight:CancelIngestion",
                ],
                resources: &[
                    "arn:{partition}:quicksight:{region}:{account}:dashboard/{prefix}-*",
                    "arn:{partition}:quicksight:{region}:{account}:analysis/{prefix}-*",
                    "arn:{partition}:quicksight:{region}:{account}:dataset/{prefix}-*",
                    "arn:{partition}:quicksight:{region}:{account}:datasource/{role_name}",
                ],
                when: When::Tagged,
            },
        ],
    },
];
