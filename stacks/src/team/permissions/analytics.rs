//! Queries, the catalog, Glue and DataBrew.

use lakewright_manifest::mesh::EnvironmentPermission;
use lakewright_policies::actions::LOG_WRITE;
use lakewright_policies::condition::Comparison;

use super::{Block, Rule, When};

pub(super) const BLOCKS: &[Block] = &[
    // data.all's athena:List* on * and Get*/BatchGet* are replaced by named actions on the team's workgroup,
    // which need the permission and the feature. Left out: actions on object ACLs (bucket owner enforced),
    // notebooks and sessions (no Spark workgroups are created), and the obsolete JDBC names GetCatalogs,
    // GetTables, GetNamespaces and RunQuery.
    Block {
        permission: Some(EnvironmentPermission::RunAthenaQuery),
        feature: |features| features.worksheets,
        rules: &[
            Rule {
                sid: "AthenaLists",
                actions: &[
                    "athena:ListWorkGroups",
                    "athena:ListDataCatalogs",
                    "athena:ListEngineVersions",
                ],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "AthenaWorkgroup",
                actions: &[
                    "athena:GetWorkGroup",
                    "athena:StartQueryExecution",
                    "athena:StopQueryExecution",
                    "athena:GetQueryExecution",
                    "athena:BatchGetQueryExecution",
                    "athena:ListQueryExecutions",
                    "athena:GetQueryResults",
                    "athena:GetQueryRuntimeStatistics",
                    "athena:CreateNamedQuery",
                    "athena:UpdateNamedQuery",
                    "athena:DeleteNamedQuery",
                    "athena:GetNamedQuery",
                    "athena:BatchGetNamedQuery",
                    "athena:ListNamedQueries",
                    "athena:CreatePreparedStatement",
                    "athena:UpdatePreparedStatement",
                    "athena:DeletePreparedStatement",
                    "athena:GetPreparedStatement",
                    "athena:BatchGetPreparedStatement",
                    "athena:ListPreparedStatements",
                ],
                resources: &["{workgroup_arn}"],
                when: When::Always,
            },
            Rule {
                sid: "AthenaCatalog",
                actions: &[
                    "athena:GetDataCatalog",
                    "athena:GetDatabase",
                    "athena:ListDatabases",
                    "athena:GetTableMetadata",
                    "athena:ListTableMetadata",
                ],
                resources: &[
                    "arn:{partition}:athena:{region}:{account}:datacatalog/AwsDataCatalog",
                ],
                when: When::Always,
            },
            Rule {
                sid: "AthenaResults",
                actions: &[
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:DeleteObject",
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                ],
                resources: &["{results_bucket_arn}/athenaqueries/{role_name}/*"],
                when: When::Always,
            },
            Rule {
                sid: "EnvBucketLocation",
                actions: &["s3:GetBucketLocation"],
                resources: &["{env_bucket_arn}", "{results_bucket_arn}"],
                when: When::Always,
            },
            Rule {
                sid: "AthenaResultsList",
                actions: &["s3:ListBucket"],
                resources: &["{results_bucket_arn}"],
                when: When::Holds(&[(
                    Comparison::StringLike,
                    "s3:prefix",
                    &["athenaqueries/{role_name}/*"],
                )]),
            },
        ],
    },
    // data.all's NotAction and its statement on untagged recipes are left out. Create* has no resource types and
    // is limited by the request tag only. So names are not limited, but every use requires prefix and tag.
    // ListDatasets, ListJobs and ListRecipes return queries, locations and steps of every team, and are left out.
    Block {
        permission: Some(EnvironmentPermission::CreateDataset),
        feature: |features| features.datasets,
        rules: &[
            Rule {
                sid: "BrewLists",
                actions: &[
                    "databrew:ListProjects",
                    "databrew:ListRulesets",
                    "databrew:ListSchedules",
                ],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "BrewCreate",
                actions: &[
                    "databrew:CreateDataset",
                    "databrew:CreateProfileJob",
                    "databrew:CreateProject",
                    "databrew:CreateRecipe",
                    "databrew:CreateRecipeJob",
                    "databrew:CreateRuleset",
                ],
                resources: &["*"],
                when: When::RequestedOnly,
            },
            Rule {
                sid: "BrewTag",
                actions: &["databrew:TagResource"],
                resources: &["arn:{partition}:databrew:{region}:{account}:*/{role_name}-*"],
                when: When::Requested,
            },
            Rule {
                sid: "BrewUse",
                actions: &[
                    "databrew:DescribeDataset",
                    "databrew:UpdateDataset",
                    "databrew:DeleteDataset",
                    "databrew:DescribeJob",
                    "databrew:UpdateProfileJob",
                    "databrew:UpdateRecipeJob",
                    "databrew:DeleteJob",
                    "databrew:StartJobRun",
                    "databrew:StopJobRun",
                    "databrew:DescribeJobRun",
                    "databrew:ListJobRuns",
                    "databrew:DescribeProject",
                    "databrew:UpdateProject",
                    "databrew:DeleteProject",
                    "databrew:DescribeRecipe",
                    "databrew:UpdateRecipe",
                    "databrew:PublishRecipe",
                    "databrew:ListRecipeVersions",
                    "databrew:DeleteRecipeVersion",
                    "databrew:DescribeRuleset",
                    "databrew:UpdateRuleset",
                    "databrew:DeleteRuleset",
                    "databrew:DescribeSchedule",
                    "databrew:DeleteSchedule",
                ],
                resources: &["arn:{partition}:databrew:{region}:{account}:*/{prefix}-*"],
                when: When::Tagged,
            },
        ],
    },
    // Metadata only: Lake Formation decides. The mesh's databases begin with the prefix, including those that
    // link to shared tables. A share grants the producer's side separately (`share/access.rs`), an import its own
    // database (`team.rs`). glue:GetConnection(s) are not included here (section 18 A9). Lake Formation's actions
    // on governed tables (transactions, query planning) are obsolete. Reading LF-tags has no resource types.
    // GetDataAccess is the only action of access level Write on * without a condition: it has neither resource
    // types nor usable keys, and Lake Formation decides.
    Block {
        permission: None,
        feature: |_| true,
        rules: &[
            Rule {
                sid: "LakeFormationReads",
                actions: &[
                    "lakeformation:GetDataAccess",
                    "lakeformation:GetLFTag",
                    "lakeformation:ListLFTags",
                    "lakeformation:GetResourceLFTags",
                    "lakeformation:SearchDatabasesByLFTags",
                    "lakeformation:SearchTablesByLFTags",
                ],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                // More than `CATALOG_READ`, which is what a query asks for: people also look at versions and search.
                sid: "GlueCatalogReads",
                actions: &[
                    "glue:GetDatabase",
                    "glue:GetDatabases",
                    "glue:GetTable",
                    "glue:GetTables",
                    "glue:GetTableVersion",
                    "glue:GetTableVersions",
                    "glue:GetPartition",
                    "glue:GetPartitions",
                    "glue:BatchGetPartition",
                    "glue:GetPartitionIndexes",
                    "glue:SearchTables",
                ],
                resources: &[
                    "arn:{partition}:glue:{region}:{account}:catalog",
                    "arn:{partition}:glue:{region}:{account}:database/{catalog_prefix}_*",
                    "arn:{partition}:glue:{region}:{account}:table/{catalog_prefix}_*",
                ],
                when: When::Always,
            },
            // Athena reads this database for every query. Source: "Configure access to databases and tables in
            // the AWS Glue Data Catalog", access to your catalog and database per AWS Region.
            Rule {
                sid: "GlueDefaultDatabase",
                actions: &["glue:GetDatabase", "glue:GetDatabases"],
                resources: &[
                    "arn:{partition}:glue:{region}:{account}:catalog",
                    "arn:{partition}:glue:{region}:{account}:database/default",
                ],
                when: When::Always,
            },
        ],
    },
    // On databases {prefix}_* (Glue names use _). Lake Formation still decides per database, because Lakewright
    // clears the IAMAllowedPrincipals default. DeleteDatabase is left out: Lakewright's dataset stacks own the
    // databases, which are retained on deletion. Connections: the catalog and the connection are authorized
    // separately, so the condition on the tag applies to the connection only. Connections contain credentials, so
    // only the team's own are readable. CreateConnection has no connection resource type in the reference (older
    // AWS tables listed it; add connection/{prefix}-* if a live call requires it), so only its tag is limited.
    Block {
        permission: Some(EnvironmentPermission::CreateDataset),
        feature: |features| features.datasets,
        rules: &[
            Rule {
                sid: "GlueCatalogWrites",
                actions: &[
                    "glue:CreateDatabase",
                    "glue:UpdateDatabase",
                    "glue:CreateTable",
                    "glue:UpdateTable",
                    "glue:DeleteTable",
                    "glue:BatchDeleteTable",
                    "glue:DeleteTableVersion",
                    "glue:BatchDeleteTableVersion",
                    "glue:CreatePartition",
                    "glue:BatchCreatePartition",
                    "glue:UpdatePartition",
                    "glue:BatchUpdatePartition",
                    "glue:DeletePartition",
                    "glue:BatchDeletePartition",
                    "glue:CreatePartitionIndex",
                    "glue:DeletePartitionIndex",
                ],
                resources: &[
                    "arn:{partition}:glue:{region}:{account}:catalog",
                    "arn:{partition}:glue:{region}:{account}:database/{catalog_prefix}_*",
                    "arn:{partition}:glue:{region}:{account}:table/{catalog_prefix}_*",
                ],
                when: When::Always,
            },
            Rule {
                sid: "GlueConnCatalog",
                actions: &[
                    "glue:GetConnection",
                    "glue:GetConnections",
                    "glue:UpdateConnection",
                    "glue:DeleteConnection",
                    "glue:BatchDeleteConnection",
                ],
                resources: &["arn:{partition}:glue:{region}:{account}:catalog"],
                when: When::Always,
            },
            Rule {
                sid: "GlueConnUse",
                actions: &[
                    "glue:GetConnection",
                    "glue:GetConnections",
                    "glue:UpdateConnection",
                    "glue:DeleteConnection",
                    "glue:BatchDeleteConnection",
                ],
                resources: &["arn:{partition}:glue:{region}:{account}:connection/{prefix}-*"],
                when: When::Tagged,
            },
            Rule {
                sid: "GlueConnCreate",
                actions: &["glue:CreateConnection"],
                resources: &["arn:{partition}:glue:{region}:{account}:catalog"],
                when: When::RequestedOnly,
            },
        ],
    },
    // glue:Get*/BatchGet* on * are replaced by named actions. Development endpoints are left out: no Glue version
    // after 1.0 supports them, and interactive sessions replace them. Writes of classifiers, CreateScript,
    // ResetJobBookmark and Start/Stop/UpdateCrawlerSchedule have neither resource types nor tags, so they are
    // left out; schedules use triggers. CreateCrawler and CreateDataQualityRuleset have no resource types and are
    // limited by the request tag. Lakewright's own profiling job, crawler and trigger (tag lakewright:mesh) can
    // be read and started, but not changed. The bucket aws-glue-assets-{A}-{R} (unprefixed, shared by all) is
    // replaced by glue-assets/{role_name}/ in the environment's bucket. The lower-case aws:resourceTag is
    // corrected. GetJobs, GetCrawlers, GetJobBookmark and ListSessions return arguments, targets and states of
    // every team, and are left out; the remaining lists return names.
    Block {
        permission: Some(EnvironmentPermission::CreateDataset),
        feature: |features| features.datasets,
        rules: &[
            Rule {
                sid: "GlueLists",
                actions: &[
                    "glue:ListJobs",
                    "glue:ListCrawlers",
                    "glue:ListRegistries",
                    "glue:GetClassifier",
                    "glue:GetClassifiers",
                    "glue:GetSecurityConfiguration",
                    "glue:GetSecurityConfigurations",
                ],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "GlueCreateUnnamed",
                actions: &["glue:CreateCrawler"],
                resources: &["*"],
                when: When::RequestedOnly,
            },
            // Triggers and workflows are left out: Glue starts the jobs that a trigger names with the jobs' own
            // roles and the trigger's arguments, and no condition key limits a trigger to the team's jobs. So a
            // trigger could run code as a dataset's role.
            Rule {
                sid: "GlueCreate",
                actions: &["glue:CreateJob", "glue:CreateSession", "glue:TagResource"],
                resources: &[
                    "arn:{partition}:glue:{region}:{account}:job/{role_name}-*",
                    "arn:{partition}:glue:{region}:{account}:crawler/{role_name}-*",
                    "arn:{partition}:glue:{region}:{account}:session/{role_name}-*",
                ],
                when: When::RequestedByTeam,
            },
            Rule {
                sid: "GlueManage",
                actions: &[
                    "glue:StartJobRun",
                    "glue:UpdateJob",
                    "glue:DeleteJob",
                    "glue:UpdateCrawler",
                    "glue:DeleteCrawler",
                    "glue:StopSession",
                    "glue:DeleteSession",
                    "glue:RunStatement",
                    "glue:CancelStatement",
                ],
                resources: &[
                    "arn:{partition}:glue:{region}:{account}:job/{prefix}-*",
                    "arn:{partition}:glue:{region}:{account}:crawler/{prefix}-*",
                    "arn:{partition}:glue:{region}:{account}:session/{prefix}-*",
                ],
                when: When::TaggedByTeam,
            },
            Rule {
                sid: "GlueUse",
                actions: &[
                    "glue:GetJob",
                    "glue:BatchGetJobs",
                    "glue:GetJobRun",
                    "glue:GetJobRuns",
                    "glue:BatchStopJobRun",
                    "glue:GetCrawler",
                    "glue:BatchGetCrawlers",
                    "glue:ListCrawls",
                    "glue:StartCrawler",
                    "glue:StopCrawler",
                    "glue:GetTags",
                    "glue:GetSession",
                    "glue:GetStatement",
                    "glue:ListStatements",
                ],
                resources: &[
                    "arn:{partition}:glue:{region}:{account}:job/{prefix}-*",
                    "arn:{partition}:glue:{region}:{account}:crawler/{prefix}-*",
                    "arn:{partition}:glue:{region}:{account}:session/{prefix}-*",
                ],
                when: When::Tagged,
            },
            Rule {
                sid: "GlueAssets",
                actions: &[
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:DeleteObject",
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                ],
                resources: &["{env_bucket_arn}/glue-assets/{role_name}/*"],
                when: When::Always,
            },
            Rule {
                sid: "GlueProfilingCode",
                actions: &["s3:GetObject"],
                resources: &["{env_bucket_arn}/profiling/code/*"],
                when: When::Always,
            },
            Rule {
                sid: "GlueEnvBucketList",
                actions: &["s3:ListBucket"],
                resources: &["{env_bucket_arn}"],
                when: When::Holds(&[(
                    Comparison::StringLike,
                    "s3:prefix",
                    &["glue-assets/{role_name}/*", "profiling/code/*"],
                )]),
            },
            Rule {
                sid: "GlueLogs",
                actions: &LOG_WRITE,
                resources: &["arn:{partition}:logs:{region}:{account}:log-group:/aws-glue/*"],
                when: When::Always,
            },
            Rule {
                // Glue includes the security configuration's name in log group names, so each team has its own
                // groups.
                sid: "GlueOwnLogs",
                actions: &[
                    "logs:DescribeLogStreams",
                    "logs:FilterLogEvents",
                    "logs:GetLogEvents",
                    "logs:GetQueryResults",
                    "logs:StartQuery",
                ],
                resources: &[
                    "arn:{partition}:logs:{region}:{account}:log-group:/aws-glue/*/{role_name}*",
                ],
                when: When::Always,
            },
        ],
    },
];
