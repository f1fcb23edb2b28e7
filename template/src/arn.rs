//! Amazon Resource Names.
//!
//! Source for the form: "Identify AWS resources with Amazon Resource Names (ARNs)" in the IAM user guide.

use std::fmt;

/// The parts of an ARN, `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`, or of a pattern of ARNs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArnParts<'a> {
    /// The partition, such as `aws`.
    pub partition: &'a str,
    /// The service, such as `s3`.
    pub service: &'a str,
    /// The region; empty for what lies in none.
    pub region: &'a str,
    /// The account; empty for what is named without one, such as a bucket.
    pub account: &'a str,
    /// The resource, such as `role/NAME`: whatever comes behind the account, colons too.
    pub resource: &'a str,
}

impl<'a> ArnParts<'a> {
    /// Takes an ARN apart. Nothing when it has fewer than six parts.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next() != Some("arn") {
            return None;
        }
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }

    /// What the resource is, and its name: `role/NAME` and `function:NAME` are a `role` and a `function`. Nothing for
    /// a resource of a service with one kind alone, such as a bucket.
    pub fn kind_and_name(&self) -> Option<(&'a str, &'a str)> {
        let end = self.resource.find(['/', ':'])?;
        Some((&self.resource[..end], &self.resource[end + 1..]))
    }
}

impl fmt::Display for ArnParts<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(formatter, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of "Amazon Resource Names (ARNs)" in the IAM user guide, and of the services' own pages.
    #[test]
    fn arns_are_taken_apart_and_put_together() {
        let arns = [
            ("arn:aws:iam::123456789012:user/johndoe", Some(("user", "johndoe"))),
            ("arn:aws:sns:us-east-1:123456789012:example-sns-topic-name", None),
            (
                "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-0e9801d129EXAMPLE",
                Some(("vpc", "vpc-0e9801d129EXAMPLE")),
            ),
            ("arn:aws:s3:::amzn-s3-demo-bucket/a:b", Some(("amzn-s3-demo-bucket", "a:b"))),
            ("arn:aws-cn:lambda:cn-north-1:123456789012:function:f:1", Some(("function", "f:1"))),
        ];
        for (text, kind) in arns {
            let arn = ArnParts::parse(text).expect("an ARN");
            assert_eq!(arn.to_string(), text);
            assert_eq!(arn.kind_and_name(), kind, "{text}");
        }
        for wrong in ["", "arn:aws:s3", "arn:aws:iam::123456789012", "urn:aws:iam::1:role/a"] {
            assert_eq!(ArnParts::parse(wrong), None, "{wrong}");
        }
    }
}
