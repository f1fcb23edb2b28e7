use lakewright_constructs::cfn::{glue, s3};
use lakewright_template::Ref;

fn main() {
    let bucket: Ref<s3::Bucket> = todo!();
    let _ = glue::SecurityConfigurationCloudWatchEncryption {
        kms_key_arn: Some(bucket.attribute(&s3::Bucket::ARN)),
        ..Default::default()
    };
}
