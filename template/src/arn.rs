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

/// The parts of a text that need not be an ARN: a pattern such as `*`, the beginning of an ARN such as `arn:aws:s3`, or the
/// name of a service. The first part may be anything, and each of the others may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArnPattern<'a> {
    /// What stands where an ARN has its partition.
    pub partition: Option<&'a str>,
    /// What stands where an ARN has its service.
    pub service: Option<&'a str>,
    /// What stands where an ARN has its region.
    pub region: Option<&'a str>,
    /// What stands where an ARN has its account.
    pub account: Option<&'a str>,
    /// What stands where an ARN has its resource, colons too.
    pub resource: Option<&'a str>,
}

impl<'a> ArnPattern<'a> {
    /// Takes a text apart, whatever it is.
    pub fn of(text: &'a str) -> Self {
        let mut parts = text.splitn(6, ':').skip(1);
        Self {
            partition: parts.next(),
            service: parts.next(),
            region: parts.next(),
            account: parts.next(),
            resource: parts.next(),
        }
    }
}

impl<'a> ArnParts<'a> {
    /// The ARN of something in IAM, which lies in no region.
    pub const fn iam(partition: &'a str, account: &'a str, resource: &'a str) -> Self {
        Self { partition, service: "iam", region: "", account, resource }
    }

    /// The ARN of a bucket or of objects in one, which names no region and no account.
    pub const fn s3(partition: &'a str, resource: &'a str) -> Self {
        Self { partition, service: "s3", region: "", account: "", resource }
    }

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

/// The ARN as a text, in one allocation.
impl From<ArnParts<'_>> for String {
    fn from(arn: ArnParts<'_>) -> Self {
        let ArnParts { partition, service, region, account, resource } = arn;
        ["arn", partition, service, region, account, resource].join(":")
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
            assert_eq!(String::from(arn), text);
            assert_eq!(arn.kind_and_name(), kind, "{text}");
            let ArnParts { partition, service, region, account, resource } = arn;
            let pattern = ArnPattern::of(text);
            assert_eq!((pattern.partition, pattern.service), (Some(partition), Some(service)));
            assert_eq!((pattern.region, pattern.account), (Some(region), Some(account)));
            assert_eq!(pattern.resource, Some(resource));
        }
        for wrong in ["", "arn:aws:s3", "arn:aws:iam::123456789012", "urn:aws:iam::1:role/a"] {
            assert_eq!(ArnParts::parse(wrong), None, "{wrong}");
        }
    }

    /// The formats of `user`, `bucket` and `object` in "Actions, resources, and condition keys" for IAM and for Amazon S3.
    #[test]
    fn arns_of_iam_name_no_region_and_those_of_buckets_no_account_either() {
        let user = ArnParts::iam("aws", "123456789012", "user/johndoe");
        assert_eq!(String::from(user), "arn:aws:iam::123456789012:user/johndoe");
        let bucket = ArnParts::s3("aws", "amzn-s3-demo-bucket");
        assert_eq!(String::from(bucket), "arn:aws:s3:::amzn-s3-demo-bucket");
        let object = ArnParts::s3("aws-cn", "amzn-s3-demo-bucket/a");
        assert_eq!(String::from(object), "arn:aws-cn:s3:::amzn-s3-demo-bucket/a");
    }

    /// What "IAM JSON policy elements: Resource" in the IAM user guide lets stand for resources, and what is none.
    #[test]
    fn of_what_is_no_arn_only_the_parts_that_are_there_are_known() {
        let parts = |text: &'static str| {
            let ArnPattern { partition, service, region, account, resource } = ArnPattern::of(text);
            [partition, service, region, account, resource]
        };
        for text in ["", "*", "arn", "glue.amazonaws.com", "111122223333"] {
            assert_eq!(parts(text), [None; 5], "{text}");
        }
        assert_eq!(parts("arn:aws:s3"), [Some("aws"), Some("s3"), None, None, None]);
        let without = [Some("aws"), Some("iam"), Some(""), Some("123456789012"), None];
        assert_eq!(parts("arn:aws:iam::123456789012"), without);
        let of_any = [Some("*"), Some("sqs"), Some("*"), Some("*"), Some("*:b")];
        assert_eq!(parts("*:*:sqs:*:*:*:b"), of_any);
        assert_eq!(parts("arn::::::"), [Some(""), Some(""), Some(""), Some(""), Some(":")]);
    }
}
