use lakewright_constructs::role::Receives;
use lakewright_synth::Grantee;

struct Me(Grantee);

impl Receives for Me {
    fn grantee(&self) -> &Grantee {
        &self.0
    }
}

fn main() {}
