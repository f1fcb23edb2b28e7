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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::built;

    /// "AWS::SSM::Parameter" in the CloudFormation template reference: `String` or `StringList`; CloudFormation creates no
    /// `SecureString`, so a parameter holds nothing secret.
    #[test]
    fn a_parameter_holds_its_value_as_plain_text() {
        let stack = built(|scope| {
            let parameter = Parameter {
                name: "/lakewright/finance/vpc".to_owned(),
                description: "The VPC",
                value: "vpc-0123456789abcdef0".into(),
            };
            scope.add("Vpc", parameter);
        });
        let kind = "AWS::SSM::Parameter";
        assert_eq!(stack.property(kind, "Name"), r#""/lakewright/finance/vpc""#);
        assert_eq!(stack.property(kind, "Type"), r#""String""#);
        assert_eq!(stack.property(kind, "Value"), r#""vpc-0123456789abcdef0""#);
    }
}
