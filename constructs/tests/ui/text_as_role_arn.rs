use lakewright_constructs::cfn::glue;

fn main() {
    let _ = glue::Crawler { role: Some("arn:aws:iam::111122223333:role/r".into()), ..Default::default() };
}
