//! Questions to services beside CloudFormation and S3: what templates cannot say, or say without effect.

use serde_json::Value;

/// A service, with the way in which it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are AWS's")]
pub enum Service {
    CodeCommit,
    ElasticFileSystem,
    Glue,
    Iam,
    LakeFormation,
    SageMaker,
    Sns,
}

/// One request. An answer is the body as text: JSON, or XML from IAM and SNS.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The service.
    pub service: Service,
    /// The operation, such as `GetDataLakeSettings`.
    pub operation: &'static str,
    /// The parameters: an object, of texts only for IAM and SNS, and for EFS.
    pub parameters: Value,
    /// What it is for, as in `failed to ...`.
    pub what: String,
}

impl Ask {
    /// A request to a service.
    pub fn new(service: Service, operation: &'static str, parameters: Value, what: &str) -> Self {
        Self { service, operation, parameters, what: what.to_owned() }
    }
}

/// The texts within an XML element, wherever it stands. Enough for the few answers that are read here: names, numbers
/// and ARNs, which have nothing that XML writes in another way.
pub fn elements<'x>(xml: &'x str, name: &str) -> Vec<&'x str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(open.as_str()).skip(1);
    parts.filter_map(|part| part.split_once(close.as_str()).map(|(text, _)| text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_wherever_they_stand() {
        // The form of GetTopicAttributes in the SNS API reference.
        let xml = "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry>\
                   <key>SubscriptionsPending</key><value>1</value></entry><entry><key>Owner</key>\
                   <value>123456789012</value></entry></Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>";
        assert_eq!(elements(xml, "key"), ["SubscriptionsPending", "Owner"]);
        assert_eq!(elements(xml, "value"), ["1", "123456789012"]);
        assert!(elements(xml, "none").is_empty());
    }
}
