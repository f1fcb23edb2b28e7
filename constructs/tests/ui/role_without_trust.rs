use lakewright_constructs::role::{Policies, Role};

fn main() {
    let _ = Role {
        name: "role".to_owned(),
        description: String::new(),
        grantee: "role/x".to_owned(),
        policies: Policies::Inline("p".to_owned()),
        boundary: None,
        tags: Vec::new(),
    };
}
