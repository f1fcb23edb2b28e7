use lakewright_constructs::cfn::{ec2, sagemaker};
use lakewright_template::{Expr, Name};

fn main() {
    let group: Expr<Name<ec2::SecurityGroup>> = todo!();
    let _ = sagemaker::Domain { subnet_ids: Some(vec![group]), ..Default::default() };
}
