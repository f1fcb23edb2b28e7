//! ML Studio and notebooks.

use lakewright_manifest::mesh::EnvironmentPermission;
use lakewright_policies::condition::Comparison;

use super::{Block, Rule, When};

/// Actions to pull an image. Source: "Private repository policy examples" in the Amazon ECR user guide.
const PULLS: [&str; 3] =
    ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// What SageMaker asks for when it writes logs as a role: it also looks whether a stream is there.
const LOGS: [&str; 4] =
    ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"];

pub(super) const BLOCKS: &[Block] = &[
    // Create*, CreatePresignedDomainUrl and actions on spaces are never without a condition. Presigned URLs are limited
    // to user profiles tagged for the team (AWS documents sagemaker:ResourceTag for presigned URLs). DescribeSpace and
    // DescribeApp are plain reads, because spaces created in Studio carry Team only if the domain propagates tags.
    // Writes on spaces and apps are limited to the caller's own user profile: ${sagemaker:...} are policy variables of
    // the Studio session (escape them as ${!sagemaker:...} inside Fn::Sub; plain strings need no escape). Jobs, models
    // and endpoints must be named {prefix}-* and tagged Team. sagemaker:Search is left out, because it finds resources
    // of every team. ECR reads include other accounts, because AWS's images are in AWS's accounts, which differ by
    // region and image (source: "Docker registry paths and example code" in the SageMaker developer guide).
    // Repositories of other accounts have their own policies, and in the team's account only repositories with its tag
    // are readable. Left out: servicecatalog calls (portfolio of Projects, useless for a team role), RenderUiTemplate,
    // QueryLineage, Edge Manager (discontinued), Elastic Inference, workforce and labelling, and
    // Create/Delete/UpdateDomain and UserProfile (Lakewright's stacks own them).
    Block {
        permission: Some(EnvironmentPermission::CreateStudioProfile),
        feature: |features| features.ml_studio,
        rules: &[
            Rule {
                sid: "StudioLists",
                actions: &[
                    "sagemaker:ListApps",
                    "sagemaker:ListDomains",
                    "sagemaker:ListUserProfiles",
                    "sagemaker:ListSpaces",
                    "sagemaker:ListTrainingJobs",
                    "sagemaker:ListProcessingJobs",
                    "sagemaker:ListTransformJobs",
                    "sagemaker:ListHyperParameterTuningJobs",
                    "sagemaker:ListModels",
                    "sagemaker:ListModelPackageGroups",
                    "sagemaker:ListEndpoints",
                    "sagemaker:ListEndpointConfigs",
                    "sagemaker:ListPipelines",
                    "sagemaker:ListImages",
                    "ecr:GetAuthorizationToken",
                ],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "StudioDomain",
                actions: &["sagemaker:DescribeDomain"],
                resources: &["arn:{partition}:sagemaker:{region}:{account}:domain/*"],
                when: When::Holds(&[(
                    Comparison::StringEquals,
                    "aws:ResourceTag/lakewright:mesh",
                    &["{mesh}"],
                )]),
            },
            Rule {
                sid: "StudioSpaces",
                actions: &["sagemaker:DescribeSpace", "sagemaker:DescribeApp"],
                resources: &[
                    "arn:{partition}:sagemaker:{region}:{account}:space/*",
                    "arn:{partition}:sagemaker:{region}:{account}:app/*",
                ],
                when: When::Always,
            },
            Rule {
                sid: "StudioUrl",
                actions: &["sagemaker:CreatePresignedDomainUrl", "sagemaker:DescribeUserProfile"],
                resources: &["arn:{partition}:sagemaker:{region}:{account}:user-profile/*"],
                when: When::Holds(&[(
                    Comparison::StringEquals,
                    "sagemaker:ResourceTag/Team",
                    &["{team}"],
                )]),
            },
            Rule {
                sid: "StudioOwnSpaces",
                actions: &[
                    "sagemaker:CreateSpace",
                    "sagemaker:UpdateSpace",
                    "sagemaker:DeleteSpace",
                    "sagemaker:CreateApp",
                    "sagemaker:DeleteApp",
                ],
                resources: &[
                    "arn:{partition}:sagemaker:{region}:{account}:space/*",
                    "arn:{partition}:sagemaker:{region}:{account}:app/*",
                ],
                when: When::Holds(&[(
                    Comparison::ArnLike,
                    "sagemaker:OwnerUserProfileArn",
                    &[
                        "arn:{partition}:sagemaker:{region}:{account}:user-profile/${sagemaker:DomainId}/${sagemaker:UserProfileName}",
                    ],
                )]),
            },
            Rule {
                // Studio tags spaces and apps on creation; this does not allow tagging existing ones.
                sid: "StudioTagOnCreate",
                actions: &["sagemaker:AddTags"],
                resources: &[
                    "arn:{partition}:sagemaker:{region}:{account}:space/*",
                    "arn:{partition}:sagemaker:{region}:{account}:app/*",
                ],
                when: When::Holds(&[(Comparison::Null, "sagemaker:TaggingAction", &["false"])]),
            },
            Rule {
                sid: "StudioCreate",
                actions: &[
                    "sagemaker:AddTags",
                    "sagemaker:CreateTrainingJob",
                    "sagemaker:CreateProcessingJob",
                    "sagemaker:CreateHyperParameterTuningJob",
                    "sagemaker:CreateModel",
                    "sagemaker:CreateModelPackage",
                    "sagemaker:CreateModelPackageGroup",
                    "sagemaker:CreateEndpoint",
                    "sagemaker:CreatePipeline",
                ],
                resources: &["arn:{partition}:sagemaker:{region}:{account}:*/{role_name}-*"],
                when: When::Requested,
            },
            // A model runs with the role it was created with. Starting another team's model with chosen input and
            // output would use that team's role.
            Rule {
                sid: "StudioRunModel",
                actions: &["sagemaker:CreateEndpointConfig", "sagemaker:CreateTransformJob"],
                resources: &["arn:{partition}:sagemaker:{region}:{account}:*/{role_name}-*"],
                when: When::RequestedUnder(&[(
                    Comparison::ArnLike,
                    "sagemaker:ModelArn",
                    &["arn:{partition}:sagemaker:{region}:{account}:model/{role_name}-*"],
                )]),
            },
            Rule {
                sid: "StudioUse",
                actions: &[
                    "sagemaker:DescribeTrainingJob",
                    "sagemaker:StopTrainingJob",
                    "sagemaker:DescribeProcessingJob",
                    "sagemaker:StopProcessingJob",
                    "sagemaker:DescribeTransformJob",
                    "sagemaker:StopTransformJob",
                    "sagemaker:DescribeHyperParameterTuningJob",
                    "sagemaker:StopHyperParameterTuningJob",
                    "sagemaker:DescribeModel",
                    "sagemaker:DeleteModel",
                    "sagemaker:DescribeModelPackage",
                    "sagemaker:UpdateModelPackage",
                    "sagemaker:DeleteModelPackage",
                    "sagemaker:DescribeModelPackageGroup",
                    "sagemaker:DeleteModelPackageGroup",
                    "sagemaker:DescribeEndpoint",
                    "sagemaker:UpdateEndpoint",
                    "sagemaker:DeleteEndpoint",
                    "sagemaker:InvokeEndpoint",
                    "sagemaker:InvokeEndpointAsync",
                    "sagemaker:DescribeEndpointConfig",
                    "sagemaker:DeleteEndpointConfig",
                    "sagemaker:DescribePipeline",
                    "sagemaker:UpdatePipeline",
                    "sagemaker:DeletePipeline",
                    "sagemaker:StartPipelineExecution",
                    "sagemaker:ListPipelineExecutions",
                    "sagemaker:DescribePipelineExecution",
                    "sagemaker:StopPipelineExecution",
                    "sagemaker:ListPipelineExecutionSteps",
                    "sagemaker:ListTags",
                ],
                resources: &["arn:{partition}:sagemaker:{region}:{account}:*/{prefix}-*"],
                when: When::Tagged,
            },
            Rule {
                sid: "StudioLogs",
                actions: &LOGS,
                resources: &["arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/*"],
                when: When::Always,
            },
            Rule {
                // All teams share these log groups; the stream names begin with the name of the job or instance.
                sid: "StudioOwnLogs",
                actions: &["logs:GetLogEvents"],
                resources: &[
                    "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/*:log-stream:{role_name}-*",
                ],
                when: When::Always,
            },
            Rule {
                sid: "StudioImagesOwn",
                actions: &PULLS,
                resources: &["arn:{partition}:ecr:{region}:{account}:repository/*"],
                when: When::Tagged,
            },
            // AWS's images are in AWS's accounts, whose repository policies allow everybody.
            Rule {
                sid: "StudioImages",
                actions: &PULLS,
                resources: &["arn:{partition}:ecr:{region}:*:repository/*"],
                when: When::NotAnothersUnder(&[(
                    Comparison::StringNotEquals,
                    "aws:ResourceAccount",
                    &["{account}"],
                )]),
            },
        ],
    },
    // CreateNotebookInstance is left out: without a VPC the instance is in SageMaker's own network, and with a VPC the
    // caller needs permissions on network interfaces that no tag or name limits to the team (source: "Actions,
    // resources, and condition keys for Amazon SageMaker AI", and "SageMaker API permissions": CreateNotebookInstance).
    // The mesh's stacks create its notebooks. data.all's NotResource statement is left out. Presigned URLs are limited
    // by the team's tag. Instances of Lakewright's notebook stacks carry Team and can be started, stopped and opened;
    // Update/Delete is allowed only on instances that the team created itself (condition on lakewright:mesh).
    // UpdateNotebookInstance with another role needs PassRole. An update of an existing instance gives no root access
    // and does not change its network. The domain, profile and app statements of data.all's notebook block belong to ML
    // Studio. CreatePresignedDomainUrl and servicecatalog are left out.
    Block {
        permission: Some(EnvironmentPermission::CreateNotebook),
        feature: |features| features.notebooks,
        rules: &[
            Rule {
                sid: "NotebookLists",
                actions: &[
                    "sagemaker:ListNotebookInstances",
                    "sagemaker:ListNotebookInstanceLifecycleConfigs",
                    "sagemaker:ListCodeRepositories",
                    "ecr:GetAuthorizationToken",
                ],
                resources: &["*"],
                when: When::Always,
            },
            Rule {
                sid: "NotebookCreate",
                actions: &["sagemaker:CreateNotebookInstanceLifecycleConfig", "sagemaker:AddTags"],
                resources: &[
                    "arn:{partition}:sagemaker:{region}:{account}:notebook-instance/{role_name}-*",
                    "arn:{partition}:sagemaker:{region}:{account}:notebook-instance-lifecycle-config/{role_name}-*",
                ],
                when: When::Requested,
            },
            Rule {
                sid: "NotebookUpdate",
                actions: &["sagemaker:UpdateNotebookInstance"],
                resources: &[
                    "arn:{partition}:sagemaker:{region}:{account}:notebook-instance/{prefix}-*",
                ],
                when: When::TaggedByTeamKeeping("sagemaker:RootAccess", "Disabled"),
            },
            Rule {
                sid: "NotebookManage",
                actions: &[
                    "sagemaker:DeleteNotebookInstance",
                    "sagemaker:UpdateNotebookInstanceLifecycleConfig",
                    "sagemaker:DeleteNotebookInstanceLifecycleConfig",
                ],
                resources: &[
                    "arn:{partition}:sagemaker:{region}:{account}:notebook-instance/{prefix}-*",
                    "arn:{partition}:sagemaker:{region}:{account}:notebook-instance-lifecycle-config/{prefix}-*",
                ],
                when: When::TaggedByTeam,
            },
            Rule {
                sid: "NotebookUse",
                actions: &[
                    "sagemaker:DescribeNotebookInstance",
                    "sagemaker:StartNotebookInstance",
                    "sagemaker:StopNotebookInstance",
                    "sagemaker:CreatePresignedNotebookInstanceUrl",
                    "sagemaker:DescribeNotebookInstanceLifecycleConfig",
                    "sagemaker:ListTags",
                ],
                resources: &[
                    "arn:{partition}:sagemaker:{region}:{account}:notebook-instance/{prefix}-*",
                    "arn:{partition}:sagemaker:{region}:{account}:notebook-instance-lifecycle-config/{prefix}-*",
                ],
                when: When::Holds(&[(
                    Comparison::StringEquals,
                    "sagemaker:ResourceTag/Team",
                    &["{team}"],
                )]),
            },
            Rule {
                sid: "NotebookLogs",
                actions: &LOGS,
                resources: &["arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/*"],
                when: When::Always,
            },
            Rule {
                // All teams share these log groups; the stream names begin with the name of the job or instance.
                sid: "NotebookOwnLogs",
                actions: &["logs:GetLogEvents"],
                resources: &[
                    "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/*:log-stream:{role_name}-*",
                ],
                when: When::Always,
            },
            Rule {
                sid: "NotebookImagesOwn",
                actions: &PULLS,
                resources: &["arn:{partition}:ecr:{region}:{account}:repository/*"],
                when: When::Tagged,
            },
            // AWS's images are in AWS's accounts, whose repository policies allow everybody.
            Rule {
                sid: "NotebookImages",
                actions: &PULLS,
                resources: &["arn:{partition}:ecr:{region}:*:repository/*"],
                when: When::NotAnothersUnder(&[(
                    Comparison::StringNotEquals,
                    "aws:ResourceAccount",
                    &["{account}"],
                )]),
            },
        ],
    },
];
