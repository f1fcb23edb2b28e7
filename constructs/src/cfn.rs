//! Every resource type that the stacks use, generated from the pinned schemas.

pub mod athena;
pub mod cloudwatch;
pub mod codebuild;
pub mod codecommit;
pub mod codepipeline;
pub mod ec2;
pub mod events;
pub mod glue;
pub mod iam;
pub mod kms;
pub mod lakeformation;
pub mod logs;
pub mod quicksight;
pub mod s3;
pub mod sns;
pub mod sqs;
pub mod ssm;
pub mod sagemaker;
pub mod scheduler;
pub mod stepfunctions;
pub mod verifiedpermissions;
pub mod wafv2;
