use lakewright_constructs::cfn::{kms, s3};
use lakewright_template::Ref;

fn main() {
    let key: Ref<kms::Key> = todo!();
    let _ = s3::BucketPolicy { bucket: Some(key.name()), ..Default::default() };
}
