//! QuickSight.

use lakewright_manifest::mesh::EnvironmentPermission;

use super::{Block, Rule, When};

pub(super) const BLOCKS: &[Block] = &[
    // quicksight:* on */{P}-{team}* is replaced by named actions limited by prefix and tag. Left out:
    // permission updates (sharing uses QuickSight itself), and administration of accounts, namespaces, users,
    // groups, themes, templates, topics, VPC connections, Q and keys. Authors who work in the console use
    // QuickSight's own permissions and need none of these.
    //
    // A team uses the one data source that the mesh creates for it, which queries as the team's role. A team
    // cannot create or change data sources: an Athena source without its own role queries as QuickSight's
    // account-wide role (source: "AthenaParameters" in QuickSight's API reference, RoleArn), and
    // CreateDataSource and UpdateDataSource carry only aws:RequestTag and aws:TagKeys, so no condition can
    // require the role (source: service authorization reference). ListDataSources is left out, because it
    // returns the parameters of data sources.
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
            // A dataset is created from its data source.
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
