//! SSM parameters, which pass generated values to other stacks.

use lakewright_synth::{Construct, Options, Scope};
use lakewright_template::{Expr, Ref, Text};

use crate::cfn::ssm;

/// An SSM parameter with a plain-text value.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The name, as `/prefix/environment/...`.
    pub name: String,
    /// The description.
    pub description: &'static str,
    /// The value.
    pub value: Expr<Text>,
}

impl Construct for Parameter {
    type Handle = Ref<ssm::Parameter>;

    fn build(self, scope: &mut Scope<'_>) -> Self::Handle {
        let resource = ssm::Parameter {
            name: Some(self.name.into()),
            description: Some(self.description.into()),
            kind: Some("String".into()),
            value: Some(self.value),
            ..ssm::Parameter::default()
        };
        scope.resource(resource, Options::default())
    }
}
