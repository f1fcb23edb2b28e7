use lakewright_constructs::cfn::glue;
use lakewright_template::Value;

fn main() {
    let _ = glue::Crawler { role: Some(Value::from("role").into()), ..Default::default() };
}
