//! CloudFormation's intrinsic functions.
//!
//! Source: "Intrinsic function reference" in the CloudFormation template reference.

use crate::{LogicalId, Map, Text, Value};

/// A call of an intrinsic function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Intrinsic {
    /// `Fn::And`, a condition function.
    And(Vec<Value>),
    /// `Fn::Base64`.
    Base64(Value),
    /// `Fn::Cidr`.
    Cidr {
        /// The block that is divided.
        block: Value,
        /// The number of subnets.
        count: Value,
        /// The number of subnet bits, counted from the right.
        bits: Option<Value>,
    },
    /// `Condition`, a reference to a condition.
    Condition(Text),
    /// `Fn::Equals`, a condition function.
    Equals(Value, Value),
    /// `Fn::FindInMap`.
    FindInMap {
        /// The mapping's name.
        map: Value,
        /// The first key.
        top: Value,
        /// The second key.
        second: Value,
        /// `DefaultValue` of the language extensions.
        default: Option<Value>,
    },
    /// `Fn::GetAtt`: an attribute of a resource.
    GetAtt(LogicalId, Text),
    /// `Fn::GetAZs`: the availability zones of a region.
    GetAzs(Value),
    /// `Fn::GetStackOutput`: an output of another stack, without an export.
    GetStackOutput(Map),
    /// `Fn::If`.
    If {
        /// The condition's name.
        condition: Text,
        /// The value when it is true.
        then: Value,
        /// The value when it is false.
        otherwise: Value,
    },
    /// `Fn::ImportValue`.
    ImportValue(Value),
    /// `Fn::Join`.
    Join {
        /// The text between the values.
        delimiter: Text,
        /// A list, or a function that returns a list.
        values: Value,
    },
    /// `Fn::Not`, a condition function.
    Not(Value),
    /// `Fn::Or`, a condition function.
    Or(Vec<Value>),
    /// A function that foreign templates use and Lakewright does not: its name, with `Fn::`, and its argument.
    Other(Text, Value),
    /// `Ref`: a resource, a parameter or a pseudo parameter.
    Ref(LogicalId),
    /// `Fn::Select`.
    Select {
        /// The index, from 0.
        index: Value,
        /// A list, or a function that returns a list.
        values: Value,
    },
    /// `Fn::Split`.
    Split {
        /// The text that separates the values.
        delimiter: Text,
        /// The text that is split.
        source: Value,
    },
    /// `Fn::Sub`.
    Sub {
        /// The text, cut into literals and variables.
        parts: Vec<SubPart>,
        /// Variables that are defined in this call only.
        variables: Map,
    },
    /// `Fn::ToJsonString` of the language extensions.
    ToJsonString(Value),
}

/// A piece of the text of `Fn::Sub`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubPart {
    /// Text that is used unchanged; `${` in it is written as `${!`.
    Literal(Text),
    /// `${name}` or `${LogicalId.Attribute}`.
    Variable(Text),
}

impl Intrinsic {
    /// Calls `visit` for each argument that is a value.
    pub fn arguments<'a>(&'a self, visit: &mut impl FnMut(&'a Value)) {
        match self {
            Self::And(items) | Self::Or(items) => items.iter().for_each(visit),
            Self::Base64(item)
            | Self::GetAzs(item)
            | Self::ImportValue(item)
            | Self::Not(item)
            | Self::Other(_, item)
            | Self::ToJsonString(item)
            | Self::Join { delimiter: _, values: item }
            | Self::Split { delimiter: _, source: item } => visit(item),
            Self::Cidr { block, count, bits } => {
                visit(block);
                visit(count);
                bits.iter().for_each(visit);
            }
            Self::Condition(_) | Self::GetAtt(_, _) | Self::Ref(_) => {}
            Self::Equals(left, right) => {
                visit(left);
                visit(right);
            }
            Self::FindInMap { map, top, second, default } => {
                visit(map);
                visit(top);
                visit(second);
                default.iter().for_each(visit);
            }
            Self::GetStackOutput(map) | Self::Sub { parts: _, variables: map } => {
                map.iter().for_each(|(_, item)| visit(item));
            }
            Self::If { condition: _, then, otherwise } => {
                visit(then);
                visit(otherwise);
            }
            Self::Select { index, values } => {
                visit(index);
                visit(values);
            }
        }
    }

    /// The text of a `Fn::Sub`, with literals escaped.
    pub fn sub_text(parts: &[SubPart]) -> String {
        let mut text = String::new();
        for part in parts {
            match part {
                SubPart::Literal(literal) => text.push_str(&literal.replace("${", "${!")),
                SubPart::Variable(name) => {
                    text.push_str("${");
                    text.push_str(name);
                    text.push('}');
                }
            }
        }
        text
    }

    /// Cuts the text of a `Fn::Sub` into its parts. `${!x}` is the literal `${x}`.
    pub fn parse_sub(text: &str) -> Vec<SubPart> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            literal.push_str(&rest[..start]);
            let after = &rest[start + 2..];
            if let Some(escaped) = after.strip_prefix('!') {
                literal.push_str("${");
                rest = escaped;
            } else if let Some(end) = after.find('}') {
                if !literal.is_empty() {
                    parts.push(SubPart::Literal(std::mem::take(&mut literal).into()));
                }
                parts.push(SubPart::Variable(after[..end].trim().to_owned().into()));
                rest = &after[end + 1..];
            } else {
                literal.push_str("${");
                rest = after;
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(SubPart::Literal(literal.into()));
        }
        parts
    }
}

/// Whether CloudFormation reads an object whose only key is this one as a function call.
pub fn is_function_name(key: &str) -> bool {
    key == "Ref" || key == "Condition" || key.starts_with("Fn::")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_text_round_trips_with_escapes() {
        for text in ["a${B}c", "${A.Arn}/*", "plain", "${!literal} and ${Real}", "open ${ brace"] {
            let parts = Intrinsic::parse_sub(text);
            let again = Intrinsic::parse_sub(&Intrinsic::sub_text(&parts));
            assert_eq!(parts, again, "{text}");
        }
        assert_eq!(
            Intrinsic::parse_sub("${!x}${Y}"),
            [SubPart::Literal("${x}".into()), SubPart::Variable("Y".into())]
        );
    }
}
