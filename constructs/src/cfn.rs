//! Every resource type that the stacks use, generated from the pinned schemas.

pub mod athena;
pub mod ec2;
pub mod glue;
pub mod iam;
pub mod kms;
pub mod lakeformation;
pub mod logs;
pub mod s3;
pub mod sns;
pub mod sqs;
pub mod ssm;
pub mod sagemaker;
