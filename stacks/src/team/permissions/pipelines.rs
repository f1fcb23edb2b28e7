//! Step Functions, Lambda and CI/CD.

use lakewright_manifest::mesh::EnvironmentPermission;
use lakewright_policies::condition::Comparison;

use super::{Block, Rule, When};

/// Writing logs as the team's role, and reading them.
const OWN_LOGS: [&str; 8] = [
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "logs:DescribeLogStreams",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:StartQuery",
    "logs:GetQueryResults",
];

pub(super) const BLOCKS: &[Block] = &[
    // SendTaskSuccess/Failure/Heartbeat have neither resource types nor tags, so they cannot be held
    // to a team: dropped, and with them activities (an activity worker could not answer). TestState
    // dropped (runs any state on *; use an own state machine).
    Block {
        permission: Some(EnvironmentPermission::CreatePipeline),
        feature: |features| features.pipelines,
        rules: &[
            Rule {
                sid: "SfnLists",
                actions: &["states:ListStateMachines", "states:ValidateStateMachineDefinition"],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "SfnCreate",
                actions: &["states:CreateStateMachine", "states:TagResource"],
                resources: &[
                    "arn:{partition}:states:{region}:{account}:stateMachine:{role_name}-*",
                ],
                when: When::Requested,
            },
            Rule {
                sid: "SfnUse",
                actions: &[
                    "states:UpdateStateMachine",
                    "states:DeleteStateMachine",
                    "states:DescribeStateMachine",
                    "states:StartExecution",
                    "states:StartSyncExecution",
                    "states:ListExecutions",
                    "states:ListTagsForResource",
                    "states:DescribeExecution",
                    "states:GetExecutionHistory",
                    "states:StopExecution",
                    "states:RedriveExecution",
                    "states:DescribeStateMachineForExecution",
                ],
                resources: &[
                    "arn:{partition}:states:{region}:{account}:stateMachine:{prefix}-*",
                    "arn:{partition}:states:{region}:{account}:execution:{prefix}-*:*",
                ],
                when: When::Tagged,
            },
        ],
    },
    // NotAction gone. Event source mappings carry the Team tag and name an own-prefix function.
    // AddPermission and RemovePermission are dropped: IAM cannot force a source account on a service; function
    // URLs, code signing configs, capacity providers, microVMs not granted. ListFunctions is dropped: it answers
    // with the environment variables of every function (source: "ListFunctions", FunctionConfiguration). Layers have no tags, so they are named after
    // the role. Logs only of /aws/lambda/{prefix}-*.
    Block {
        permission: Some(EnvironmentPermission::CreatePipeline),
        feature: |features| features.pipelines,
        rules: &[
            Rule {
                sid: "LambdaLists",
                actions: &[
                    "lambda:ListLayers",
                    "lambda:ListLayerVersions",
                    "lambda:ListEventSourceMappings",
                    "lambda:GetAccountSettings",
                ],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "LambdaCreate",
                actions: &["lambda:CreateFunction", "lambda:TagResource"],
                resources: &["arn:{partition}:lambda:{region}:{account}:function:{role_name}-*"],
                when: When::Requested,
            },
            Rule {
                sid: "LambdaUse",
                actions: &[
                    "lambda:GetFunction",
                    "lambda:GetFunctionConfiguration",
                    "lambda:GetPolicy",
                    "lambda:ListTags",
                    "lambda:ListVersionsByFunction",
                    "lambda:ListAliases",
                    "lambda:GetAlias",
                    "lambda:CreateAlias",
                    "lambda:UpdateAlias",
                    "lambda:DeleteAlias",
                    "lambda:PublishVersion",
                    "lambda:InvokeFunction",
                    "lambda:UpdateFunctionCode",
                    "lambda:UpdateFunctionConfiguration",
                    "lambda:DeleteFunction",
                    "lambda:PutFunctionConcurrency",
                    "lambda:DeleteFunctionConcurrency",
                    "lambda:GetEventSourceMapping",
                    "lambda:DeleteEventSourceMapping",
                ],
                resources: &[
                    "arn:{partition}:lambda:{region}:{account}:function:{prefix}-*",
                    "arn:{partition}:lambda:{region}:{account}:event-source-mapping:*",
                ],
                when: When::Tagged,
            },
            Rule {
                sid: "LambdaMap",
                actions: &["lambda:CreateEventSourceMapping"],
                resources: &["*"],
                when: When::Holds(&[
                    (
                        Comparison::ArnLike,
                        "lambda:FunctionArn",
                        &["arn:{partition}:lambda:{region}:{account}:function:{role_name}-*"],
                    ),
                    (Comparison::StringEquals, "aws:RequestTag/Team", &["{team}"]),
                ]),
            },
            Rule {
                sid: "LambdaLayers",
                actions: &[
                    "lambda:PublishLayerVersion",
                    "lambda:GetLayerVersion",
                    "lambda:DeleteLayerVersion",
                ],
                resources: &["arn:{partition}:lambda:{region}:{account}:layer:{role_name}-*"],
                when: When::Always,
            },
            Rule {
                sid: "LambdaLogs",
                actions: &OWN_LOGS,
                resources: &[
                    "arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{role_name}-*",
                ],
                when: When::Always,
            },
        ],
    },
    // NotAction gone. Dropped: codepipeline job workers (PollForJobs, PutJob*Result ... on *),
    // codebuild source credentials and OAuth tokens (account-wide), approval rule templates (account-
    // wide), project visibility, resource policies, webhooks, repository triggers, repository rename
    // and key change, bucket codepipeline-{R}-{A} (artifacts lie in the environment bucket). What
    // Lakewright's pipeline stack made (tag lakewright:mesh) can be run and read but neither changed
    // nor deleted, so a team cannot point the platform's build role at something else.
    Block {
        permission: Some(EnvironmentPermission::CreatePipeline),
        feature: |features| features.pipelines,
        rules: &[
            Rule {
                sid: "CicdLists",
                actions: &[
                    "codecommit:ListRepositories",
                    "codepipeline:ListPipelines",
                    "codepipeline:ListActionTypes",
                    "codebuild:ListProjects",
                    "codebuild:ListBuilds",
                    "codebuild:ListCuratedEnvironmentImages",
                ],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "CicdCreate",
                actions: &[
                    "codecommit:CreateRepository",
                    "codecommit:TagResource",
                    "codepipeline:CreatePipeline",
                    "codepipeline:TagResource",
                    "codebuild:CreateProject",
                ],
                resources: &[
                    "arn:{partition}:codecommit:{region}:{account}:{role_name}-*",
                    "arn:{partition}:codepipeline:{region}:{account}:{role_name}-*",
                    "arn:{partition}:codebuild:{region}:{account}:project/{role_name}-*",
                ],
                when: When::RequestedByTeam,
            },
            Rule {
                sid: "CicdManage",
                actions: &[
                    "codecommit:DeleteRepository",
                    "codecommit:UpdateDefaultBranch",
                    "codecommit:UpdateRepositoryDescription",
                    "codepipeline:UpdatePipeline",
                    "codepipeline:DeletePipeline",
                    "codebuild:UpdateProject",
                    "codebuild:DeleteProject",
                ],
                resources: &[
                    "arn:{partition}:codecommit:{region}:{account}:{prefix}-*",
                    "arn:{partition}:codepipeline:{region}:{account}:{prefix}-*",
                    "arn:{partition}:codebuild:{region}:{account}:project/{prefix}-*",
                ],
                when: When::TaggedByTeam,
            },
            Rule {
                sid: "CicdUse",
                actions: &[
                    "codecommit:GitPull",
                    "codecommit:GitPush",
                    "codecommit:BatchGetRepositories",
                    "codecommit:GetRepository",
                    "codecommit:ListBranches",
                    "codecommit:GetBranch",
                    "codecommit:CreateBranch",
                    "codecommit:DeleteBranch",
                    "codecommit:GetCommit",
                    "codecommit:GetFile",
                    "codecommit:GetFolder",
                    "codecommit:CreateCommit",
                    "codecommit:PutFile",
                    "codecommit:ListPullRequests",
                    "codecommit:GetPullRequest",
                    "codecommit:CreatePullRequest",
                    "codecommit:UpdatePullRequestStatus",
                    "codecommit:UpdatePullRequestTitle",
                    "codecommit:UpdatePullRequestDescription",
                    "codecommit:UpdatePullRequestApprovalState",
                    "codecommit:GetPullRequestApprovalStates",
                    "codecommit:MergePullRequestByFastForward",
                    "codecommit:MergePullRequestBySquash",
                    "codecommit:GetCommentsForPullRequest",
                    "codecommit:PostCommentForPullRequest",
                    "codepipeline:GetPipeline",
                    "codepipeline:GetPipelineState",
                    "codepipeline:GetPipelineExecution",
                    "codepipeline:ListPipelineExecutions",
                    "codepipeline:ListActionExecutions",
                    "codepipeline:StartPipelineExecution",
                    "codepipeline:StopPipelineExecution",
                    "codepipeline:RetryStageExecution",
                    "codepipeline:EnableStageTransition",
                    "codepipeline:DisableStageTransition",
                    "codepipeline:ListTagsForResource",
                    "codebuild:BatchGetProjects",
                    "codebuild:BatchGetBuilds",
                    "codebuild:ListBuildsForProject",
                    "codebuild:StopBuild",
                ],
                resources: &[
                    "arn:{partition}:codecommit:{region}:{account}:{prefix}-*",
                    "arn:{partition}:codepipeline:{region}:{account}:{prefix}-*",
                    "arn:{partition}:codebuild:{region}:{account}:project/{prefix}-*",
                ],
                when: When::Tagged,
            },
            // Pipelines of the mesh are approved by the teams of their stages (`pipeline/approval.rs`); these are
            // the team's own.
            Rule {
                sid: "CicdApprove",
                actions: &["codepipeline:PutApprovalResult"],
                resources: &["arn:{partition}:codepipeline:{region}:{account}:{role_name}-*/*/*"],
                when: When::TaggedByTeam,
            },
            // A build can be started with other commands than its own. Those of the mesh's pipelines
            // run as other roles than the team's, so only the pipelines start them.
            Rule {
                sid: "CicdBuild",
                actions: &["codebuild:StartBuild"],
                resources: &["arn:{partition}:codebuild:{region}:{account}:project/{prefix}-*"],
                when: When::TaggedByTeam,
            },
            Rule {
                sid: "CicdArtifacts",
                actions: &[
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:DeleteObject",
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                ],
                resources: &["{env_bucket_arn}/pipelines/{role_name}/*"],
                when: When::Always,
            },
            Rule {
                sid: "CicdLogs",
                actions: &OWN_LOGS,
                resources: &[
                    "arn:{partition}:logs:{region}:{account}:log-group:/aws/codebuild/{role_name}-*",
                ],
                when: When::Always,
            },
        ],
    },
];
