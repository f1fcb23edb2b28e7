//! The partitions of AWS: their regions, and the suffixes of their host names.
//!
//! Source: `botocore/data/partitions.json` of the Python package botocore 1.44.8 for the prefixes of regions, the
//! suffixes and the regions of global services.

/// A partition of AWS. Resources in one partition cannot be named in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// The name in ARNs.
    pub name: &'static str,
    /// The prefix of its regions' names. Empty for `aws`, whose regions have no common prefix.
    pub region_prefix: &'static str,
    /// The suffix of its services' hosts: `AWS::URLSuffix`.
    pub url_suffix: &'static str,
    /// The region that requests to services of the whole partition, such as IAM, are signed for.
    ///
    /// Source: `credentialScope` of `iam` in botocore's `endpoints.json`, and for `aws-iso-e` and `aws-eusc` the
    /// endpoint rules of `iam`.
    pub global_region: &'static str,
}

/// Every partition. The last one has the regions that match no other prefix.
pub const PARTITIONS: [Partition; 8] = [
    partition("aws-cn", "cn-", "amazonaws.com.cn", "cn-north-1"),
    partition("aws-eusc", "eusc-", "amazonaws.eu", "eusc-de-east-1"),
    partition("aws-iso", "us-iso-", "c2s.ic.gov", "us-iso-east-1"),
    partition("aws-iso-b", "us-isob-", "sc2s.sgov.gov", "us-isob-east-1"),
    partition("aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "eu-isoe-west-1"),
    partition("aws-iso-f", "us-isof-", "csp.hci.ic.gov", "us-isof-south-1"),
    partition("aws-us-gov", "us-gov-", "amazonaws.com", "us-gov-west-1"),
    STANDARD,
];

/// The partition of all regions that are in no other partition.
pub const STANDARD: Partition = partition("aws", "", "amazonaws.com", "us-east-1");

const fn partition(
    name: &'static str,
    region_prefix: &'static str,
    url_suffix: &'static str,
    global_region: &'static str,
) -> Partition {
    Partition { name, region_prefix, url_suffix, global_region }
}

impl Partition {
    /// The partition of a region.
    pub fn of_region(region: &str) -> Self {
        let found = PARTITIONS.into_iter().find(|one| region.starts_with(one.region_prefix));
        found.unwrap_or(STANDARD)
    }

    /// The partition with this name.
    pub fn named(name: &str) -> Option<Self> {
        PARTITIONS.into_iter().find(|one| one.name == name)
    }

    /// The sign-in endpoint for SAML: the `Recipient` of assertions, which trust policies compare with `SAML:aud`.
    /// `None` if the endpoint of the partition is not known.
    ///
    /// Source: `PARTITION_SAML_SIGN_ON_URL` in `region-info/build-tools/fact-tables.ts` of the AWS CDK.
    pub fn saml_endpoint(self) -> Option<&'static str> {
        match self.name {
            "aws" => Some("https://signin.aws.amazon.com/saml"),
            "aws-cn" => Some("https://signin.amazonaws.cn/saml"),
            "aws-iso" => Some("https://signin.c2shome.ic.gov/saml"),
            "aws-iso-b" => Some("https://signin.sc2shome.sgov.gov/saml"),
            "aws-us-gov" => Some("https://signin.amazonaws-us-gov.com/saml"),
            _ => None,
        }
    }

    /// The prefix, before the region, in the names of VPC endpoints of services that have names of their own in
    /// the partition: the suffix of its hosts, reversed.
    ///
    /// Source: `getDefaultEndpointPrefix` in `aws-ec2/lib/vpc-endpoint.ts` of the AWS CDK.
    pub fn endpoint_prefix(self) -> String {
        self.url_suffix.rsplit('.').collect::<Vec<_>>().join(".")
    }
}

/// The service principal in the form that the partition `aws` uses: `ec2.amazonaws.com` for `ec2.amazonaws.com.cn`.
///
/// Most services have that form in every partition. Some have the partition's suffix, and a few accept both.
///
/// Source: `servicePrincipal` in `region-info/lib/default.ts` of the AWS CDK; aws-cdk issues #1282 and #31767 for
/// services in China that accept either form.
pub fn service_of(principal: &str) -> String {
    let suffixes = PARTITIONS.iter().map(|one| one.url_suffix);
    let stem = suffixes
        .filter_map(|suffix| principal.strip_suffix(suffix)?.strip_suffix('.'))
        .min_by_key(|stem| stem.len());
    stem.map_or_else(|| principal.to_owned(), |stem| format!("{stem}.{}", STANDARD.url_suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every region with its partition. Source: `botocore/data/partitions.json` of botocore 1.44.8, all regions
    /// but the `-global` ones.
    const REGIONS: [(&str, &str); 8] = [
        (
            "aws",
            "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 \
             ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 \
             ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 \
             eu-west-3 il-central-1 me-central-1 me-south-1 me-west-1 mx-central-1 sa-east-1 sa-west-1 us-east-1 \
             us-east-2 us-west-1 us-west-2",
        ),
        ("aws-cn", "cn-north-1 cn-northwest-1"),
        ("aws-eusc", "eusc-de-east-1"),
        ("aws-iso", "us-iso-east-1 us-iso-west-1"),
        ("aws-iso-b", "us-isob-east-1 us-isob-west-1"),
        ("aws-iso-e", "eu-isoe-west-1"),
        ("aws-iso-f", "us-isof-east-1 us-isof-south-1"),
        ("aws-us-gov", "us-gov-east-1 us-gov-west-1"),
    ];

    #[test]
    fn each_region_lies_in_the_partition_that_aws_lists_it_in() {
        let mut listed = std::collections::BTreeSet::new();
        for (partition, regions) in REGIONS {
            for region in regions.split_whitespace() {
                assert_eq!(Partition::of_region(region).name, partition, "{region}");
                listed.insert(region);
            }
        }
        // The regions that a mesh may name are among them.
        for region in crate::schema::regions().keys() {
            assert!(listed.contains(region.as_str()), "{region}");
        }
        for Partition { name, global_region, .. } in PARTITIONS {
            assert_eq!(Partition::of_region(global_region).name, name, "{global_region}");
        }
    }

    #[test]
    fn hosts_and_endpoints_end_as_the_partition_has_it() {
        // `dnsSuffix` in botocore's `partitions.json`; the endpoint prefixes are from the CDK.
        for (region, suffix, endpoint) in [
            ("eu-west-1", "amazonaws.com", "com.amazonaws"),
            ("us-gov-west-1", "amazonaws.com", "com.amazonaws"),
            ("cn-north-1", "amazonaws.com.cn", "cn.com.amazonaws"),
            ("eusc-de-east-1", "amazonaws.eu", "eu.amazonaws"),
            ("us-iso-east-1", "c2s.ic.gov", "gov.ic.c2s"),
            ("us-isob-east-1", "sc2s.sgov.gov", "gov.sgov.sc2s"),
            ("us-isof-south-1", "csp.hci.ic.gov", "gov.ic.hci.csp"),
            ("eu-isoe-west-1", "cloud.adc-e.uk", "uk.adc-e.cloud"),
        ] {
            let partition = Partition::of_region(region);
            assert_eq!(partition.url_suffix, suffix, "{region}");
            assert_eq!(partition.endpoint_prefix(), endpoint, "{region}");
        }
    }

    #[test]
    fn a_service_is_known_in_each_form_of_its_principal() {
        for (principal, service) in [
            ("ec2.amazonaws.com", "ec2.amazonaws.com"),
            ("ec2.amazonaws.com.cn", "ec2.amazonaws.com"),
            ("ec2.c2s.ic.gov", "ec2.amazonaws.com"),
            ("dms.sc2s.sgov.gov", "dms.amazonaws.com"),
            ("logs.cn-north-1.amazonaws.com.cn", "logs.cn-north-1.amazonaws.com"),
            ("*", "*"),
            ("example.com", "example.com"),
        ] {
            assert_eq!(service_of(principal), service);
        }
    }
}
