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
    // SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat have neither resource types nor tags, so they cannot be
    // limited to a team and are left out. Activities are left out too, because an activity worker could not answer.
    // TestState is left out: it runs any state on *; use a state machine of the team.
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
    // data.all's NotAction is left out. Event source mappings carry the Team tag and name a function with the team's
    // prefix. AddPermission and RemovePermission are left out: IAM cannot require a source account for a service.
    // Function URLs, code signing configurations, capacity providers and microVMs are not granted. ListFunctions is
    // left out: it returns the environment variables of every function (source: "ListFunctions",
    // FunctionConfiguration). Layers have no tags, so they are named after the role. Logs are limited to
    // /aws/lambda/{prefix}-*.
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
    // data.all's NotAction is left out. Also left out: CodePipeline job workers (PollForJobs, PutJob*Result ... on *),
    // CodeBuild source credentials and OAuth tokens (account-wide), approval rule templates (account-wide), project
    // visibility, resource policies, webhooks, repository triggers, repository renames and key changes, and the bucket
    // codepipeline-{R}-{A} (artifacts are in the environment's bucket). What Lakewright's pipeline stack created (tag
    // lakewright:mesh) can be run and read, but not changed or deleted, so a team cannot point Lakewright's build role
    // at something else.
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
            // The teams of the stages approve the mesh's pipelines (`pipeline/approval.rs`); this rule is for the
            // team's own pipelines.
            Rule {
                sid: "CicdApprove",
                actions: &["codepipeline:PutApprovalResult"],
                resources: &["arn:{partition}:codepipeline:{region}:{account}:{role_name}-*/*/*"],
                when: When::TaggedByTeam,
            },
            // A build can be started with other commands than its own. Builds of the mesh's pipelines run with other
            // roles than the team's, so only these pipelines start them.
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
