use lakewright_constructs::cfn::s3;
use lakewright_template::{LogicalId, Ref};

fn main() {
    let _: Ref<s3::Bucket> = Ref::declare_unchecked(LogicalId::new("Bucket"));
}
