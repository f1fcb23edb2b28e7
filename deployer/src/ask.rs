//! Requests to services other than CloudFormation and S3, for what templates cannot express or CloudFormation
//! ignores.

use serde_json::Value;

use crate::cloud::CloudError;

/// A service that can be called. It determines the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are AWS's")]
pub enum Service {
    CloudWatch,
    CodeCommit,
    Ec2,
    ElasticFileSystem,
    Glue,
    Iam,
    Kms,
    LakeFormation,
    QuickSight,
    S3,
    SageMaker,
    Sns,
}

/// One request. The response is the body as text: XML from CloudWatch, EC2, IAM and SNS, from S3 as the operation has it, else JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The service.
    pub service: Service,
    /// The operation, such as `GetDataLakeSettings`.
    pub operation: &'static str,
    /// The parameters, a JSON object. For CloudWatch, EC2, IAM, SNS and EFS, all
    /// values must be strings. For S3, `Bucket` and its owner
    /// `Account`; for QuickSight, `AwsAccountId`.
    pub parameters: Value,
    /// The purpose, which completes `failed to ...`.
    pub what: String,
}

impl Ask {
    /// A request to a service.
    pub fn new(service: Service, operation: &'static str, parameters: Value, what: &str) -> Self {
        Self { service, operation, parameters, what: what.to_owned() }
    }
}

/// The texts of all XML elements with this name, at any depth. Entities are not decoded: the values that are read
/// here are names, numbers and ARNs, which contain none.
pub fn elements<'x>(xml: &'x str, name: &str) -> Vec<&'x str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(open.as_str()).skip(1);
    parts.filter_map(|part| part.split_once(close.as_str()).map(|(text, _)| text)).collect()
}

/// The JSON of a response. An operation without a result may answer with an empty body.
pub(crate) fn parsed(answer: &str, what: &str) -> Result<Value, CloudError> {
    if answer.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(answer).map_err(|error| CloudError::Refused {
        what: what.to_owned(),
        message: format!("the answer is no JSON: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A proxy's page in the place of an answer must not be taken for a list without entries.
    #[test]
    fn an_answer_that_is_no_json_is_an_error() {
        let error = parsed("<html>503</html>", "list apps").expect_err("no JSON").to_string();
        assert!(error.contains("list apps") && error.contains("no JSON"), "{error}");
        assert_eq!(parsed("", "delete"), Ok(Value::Null));
    }

    #[test]
    fn elements_are_found_wherever_they_stand() {
        // The format of `GetTopicAttributes` in the SNS API reference.
        let xml = "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry>\
                   <key>SubscriptionsPending</key><value>1</value></entry><entry><key>Owner</key>\
                   <value>123456789012</value></entry></Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>";
        assert_eq!(elements(xml, "key"), ["SubscriptionsPending", "Owner"]);
        assert_eq!(elements(xml, "value"), ["1", "123456789012"]);
        assert!(elements(xml, "none").is_empty());
    }
}
