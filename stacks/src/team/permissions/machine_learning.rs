//! ML Studio and notebooks.

use lakewright_manifest::mesh::EnvironmentPermission;
use lakewright_policies::condition::Comparison;

use super::{Block, Rule, When};

/// What pulling an image takes. Source: "Private repository policy examples" in the Amazon ECR user guide.
const PULLS: [&str; 3] =
    ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// What SageMaker asks for when it writes logs as a role: it also looks whether a stream is there.
const LOGS: [&str; 4] =
    ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"];

pub(super) const BLOCKS: &[Block] = &[
    // No unconditioned Create*/CreatePresignedDomainUrl/*Space*. Presigned URLs only for user
    // profiles tagged for the team (sagemaker:ResourceTag is what AWS documents for presigned URLs).
    // DescribeSpace/DescribeApp are plain reads (spaces made in Studio carry Team only if the domain
    // propagates tags). Writes on spaces and apps only of the caller's own user profile:
    // ${sagemaker:...} are policy variables of the Studio session (escape as ${!sagemaker:...} inside
    // Fn::Sub; plain strings need no escape). Jobs, models, endpoints must be named {prefix}-* and
    // tagged Team. sagemaker:Search is left out: it finds resources of every team. ECR reads cross the account border because
    // AWS's images live in AWS's accounts, others in each region and for each image (source: "Docker registry
    // paths and example code" in the SageMaker developer guide); other accounts' repositories have policies
    // of their own, and in the team's account only repositories with its tag are read. Dropped: servicecatalog calls (portfolio of Projects,
    // nonsense for a team role), RenderUiTemplate, QueryLineage, Edge Manager (dead), Elastic
    // Inference, workforce and labelling, Create/Delete/UpdateDomain and UserProfile (Lakewright's
    // stacks own them).
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
                // Studio tags spaces and apps as it makes them; existing ones cannot be tagged so.
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
            // A model runs with the role that it was made with: whoever starts another team's model,
            // with input and output of their own choice, has that team's role.
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
                // The groups are everybody's; the streams begin with the name of the job or instance.
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
            // Images of AWS lie in accounts of AWS, whose repositories let everybody in.
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
    // CreateNotebookInstance is dropped: one without a VPC is in SageMaker's own network, and for one in a VPC the caller
    // needs rights on network interfaces that no tag or name holds to the team (source: "Actions, resources, and condition
    // keys for Amazon SageMaker AI", and "SageMaker API permissions": CreateNotebookInstance). Notebooks of the mesh are
    // made by its stacks. NotResource statement gone. Presigned URL by team tag. Instances of
    // Lakewright's notebook stacks carry Team and can be started, stopped, opened; Update/Delete only
    // on instances the team made itself (lakewright:mesh guard). UpdateNotebookInstance with another
    // role needs PassRole. An update of an instance that is there gives no root; its network stays. Domain/profile/app statements of data.all's notebook block belong to ML Studio.
    // CreatePresignedDomainUrl, servicecatalog: dropped.
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
                // The groups are everybody's; the streams begin with the name of the job or instance.
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
            // Images of AWS lie in accounts of AWS, whose repositories let everybody in.
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
