//! Queries, the catalog, Glue and DataBrew.

use lakewright_manifest::mesh::EnvironmentPermission;
use lakewright_policies::actions::LOG_WRITE;
use lakewright_policies::condition::Comparison;

use super::{Block, Rule, When};

pub(super) const BLOCKS: &[Block] = &[
    // athena:List* on * and Get*/BatchGet* become named actions on the team's workgroup; gated.
    // Object ACL actions dropped (bucket owner enforced). Dropped notebooks/sessions (Spark
    // workgroups are not made). GetCatalogs, GetTables, GetNamespaces, RunQuery: legacy JDBC names,
    // dead.
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
    // NotAction and untagged recipe statement gone. Create* has no resource types: request tag only,
    // so names are not limited, but every use needs prefix and tag. ListDatasets, ListJobs and ListRecipes
    // answer with queries, places and steps of every team, and are dropped.
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
    // Metadata only, Lake Formation decides. The databases of the mesh begin with the prefix, also those that
    // lead to what is shared; a share gives the producer's side by itself (`share/access.rs`), and an import its
    // own database (`team.rs`). glue:GetConnection(s) are not here (section 18 A9).
    // Governed-table actions of Lake Formation (transactions, query planning) are dead. LF-tag reads
    // have no resource types. GetDataAccess is the one action of access level Write that stands on *
    // without a condition: it has neither resource types nor usable keys, and Lake Formation decides.
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
            // Athena looks at this database whatever a query is about. Source: "Configure access to databases
            // and tables in the AWS Glue Data Catalog", access to your catalog and database per AWS Region.
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
    // On databases {prefix}_* (Glue names use _); Lake Formation still decides per database, since
    // Lakewright clears the IAMAllowedPrincipals default. DeleteDatabase is dropped (Lakewright's
    // dataset stacks own the databases; delete protection by retain). Connections: catalog and
    // connection are authorized separately, so the catalog part carries no tag and the connection
    // part does; connections keep credentials, so reads are own-tag only. CreateConnection has no
    // connection resource type in the data (older AWS tables listed it; add connection/{prefix}-* if
    // a live call asks for it), so only its tag is held.
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
    // glue:Get*/BatchGet* on * named; dev endpoints dropped (dead: no Glue version after 1.0;
    // interactive sessions take their place). Classifier writes, CreateScript, ResetJobBookmark,
    // Start/Stop/UpdateCrawlerSchedule have neither resource types nor tags: mutating on * is
    // dropped, schedules go through triggers. CreateCrawler and CreateDataQualityRuleset have no
    // resource types: request tag. Lakewright's own profiling job, crawler and trigger (tag
    // lakewright:mesh) can be read and started, not changed. Bucket aws-glue-assets-{A}-{R}
    // (unprefixed, shared by all) replaced by glue-assets/{role_name}/ in the environment bucket.
    // lower-case aws:resourceTag corrected. GetJobs, GetCrawlers, GetJobBookmark and ListSessions answer with the
    // arguments, targets and states of every team's, and are dropped: the lists that stay give names.
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
            // No triggers and no workflows: Glue starts the jobs that a trigger names with the jobs' own
            // roles and the trigger's arguments, and no condition key holds a trigger to jobs of the
            // team. So a trigger could run code as a dataset's role.
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
                // Glue names groups after a security configuration, so that a team has its own.
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
