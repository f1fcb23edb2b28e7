use lakewright_constructs::cfn::{kms, s3};
use lakewright_template::Ref;

fn main() {
    let key: Ref<kms::Key> = todo!();
    let _ = key.attribute(&s3::Bucket::ARN);
}
