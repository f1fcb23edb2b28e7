//! Stacks of your own: checked like those of a mesh.
//!
//! ```
//! use lakewright::constructs::bucket::{Bucket, Encryption};
//! use lakewright::custom::finish;
//! use lakewright::synth::{Cause, Stack, StackSpec};
//! use lakewright::template::{Place, template_to_yaml};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let place = Place::parse("222222222222", "eu-west-1")?;
//! let mut spec = StackSpec::new("acme-reports", place, "Monthly reports");
//! spec.tags.insert("Team".to_owned(), "Analysts".to_owned());
//! let mut stack = Stack::new(spec);
//! let bucket = Bucket {
//!     name: "acme-reports-222222222222".to_owned(),
//!     encryption: Encryption::S3Managed,
//!     access_logs: None,
//!     lifecycle: Vec::new(),
//!     statements: Vec::new(),
//!     target: "reports".to_owned(),
//!     retain: true,
//!     access_points: None,
//!     events: None,
//! };
//! stack.root(Cause::default()).add("Bucket", bucket);
//! let finished = finish(stack)?;
//! let text = template_to_yaml(&finished.lowered.template);
//! assert!(text.contains("BlockPublicAcls: true"), "{text}");
//! # Ok(())
//! # }
//! ```

use lakewright_access::world::PieceError;
use lakewright_guardrails::{Breach, emitted};
use lakewright_synth::{Finished, Stack, SynthError};
use lakewright_template::StackAddress;

/// Why a stack is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// The template is not valid, exceeds a limit, or does not fit the schemas of its resources.
    #[error("{}", lines(.0))]
    Problems(Vec<SynthError>),
    /// A policy breaks a guardrail.
    #[error("{}", crate::guardrails::lines(.0))]
    Breaches(Vec<Breach>),
    /// It is not known what a policy of the template allows.
    #[error(transparent)]
    Unknown(#[from] Unknown),
}

/// A part of a template of which it is not known what it allows.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Unknown(Box<PieceError>);

/// Finishes a stack: lowers its grants to policies, checks the template against schemas and limits, and checks the
/// policies by the guardrails. The result has the template, the grants and the documents that ask for each part.
///
/// # Errors
///
/// All problems of the stack at once, or else every policy that breaks a guardrail.
pub fn finish(stack: Stack) -> Result<Finished, StackError> {
    let spec = stack.spec();
    let (place, address) =
        (spec.place.clone(), StackAddress::new(spec.place.clone(), spec.name.clone()));
    let finished = stack.finish().map_err(StackError::Problems)?;
    let breaches = emitted(&address.to_string(), &place, &finished.lowered.template)
        .map_err(|error| Unknown(Box::new(error)))?;
    if breaches.is_empty() { Ok(finished) } else { Err(StackError::Breaches(breaches)) }
}

fn lines(problems: &[SynthError]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use lakewright_constructs::bucket::{Bucket, BucketTraffic as _, Encryption};
    use lakewright_constructs::people::People;
    use lakewright_constructs::role::{Policies, Role, Trust};
    use lakewright_policies::service::{SendsSource, Service};
    use lakewright_policies::{Principal, Statement};
    use lakewright_synth::{Cause, StackSpec};
    use lakewright_template::Place;

    use super::*;

    fn stack() -> Stack {
        let place = Place::parse("222222222222", "eu-west-1").expect("a place");
        let mut spec = StackSpec::new("acme-reports", place, "Monthly reports");
        spec.tags.insert("Team".to_owned(), "Analysts".to_owned());
        Stack::new(spec)
    }

    fn bucket(statements: Vec<Statement>) -> Bucket {
        Bucket {
            name: "acme-reports-222222222222".to_owned(),
            encryption: Encryption::S3Managed,
            access_logs: None,
            lifecycle: Vec::new(),
            statements,
            target: "reports".to_owned(),
            retain: true,
            access_points: None,
            events: None,
        }
    }

    #[test]
    fn a_policy_that_breaks_a_guardrail_is_refused() {
        let mut fine = stack();
        fine.root(Cause::default()).add("Bucket", bucket(Vec::new()));
        assert!(finish(fine).is_ok());
        let objects = "arn:aws:s3:::acme-reports-222222222222/*";
        let wide = Statement::allow("Wide", ["s3:*"], [objects])
            .for_principals([Principal::Aws("arn:aws:iam::222222222222:role/reader".into())]);
        let mut stack = stack();
        stack.root(Cause::default()).add("Bucket", bucket(vec![wide]));
        let error = finish(stack).expect_err("a pattern of actions");
        assert!(matches!(error, StackError::Breaches(_)), "{error}");
        assert!(error.to_string().contains("`wildcard-action` in "), "{error}");
    }

    #[test]
    fn all_problems_of_a_stack_are_errors() {
        let mut stack = stack();
        let mut root = stack.root(Cause::default());
        root.add("Bucket", bucket(Vec::new()));
        root.add("Bucket", bucket(Vec::new()));
        let error = finish(stack).expect_err("one path for two buckets");
        assert!(matches!(error, StackError::Problems(_)), "{error}");
        assert!(error.to_string().contains("two constructs have the path `Bucket`"), "{error}");
    }

    fn role(trust: Vec<Trust>) -> Role {
        Role {
            name: "acme-report-reader".to_owned(),
            description: String::new(),
            grantee: "role/acme-report-reader".to_owned(),
            trust,
            policies: Policies::Inline("Access".to_owned()),
            boundary: None,
            tags: Vec::new(),
        }
    }

    /// What is said about a stack with a role that has this trust.
    fn said_of(trust: Vec<Trust>) -> String {
        let mut stack = stack();
        stack.root(Cause::default()).add("Reader", role(trust));
        finish(stack).expect_err("no trust policy").to_string()
    }

    #[test]
    fn a_trust_that_makes_no_policy_is_an_error_and_no_panic() {
        let error = said_of(Vec::new());
        assert!(error.contains("Reader: the trust policy has no statement"), "{error}");
        let arn = "arn:aws:iam::222222222222:role/writer".to_owned();
        let nothing = Trust::Role { arn, name: "role/writer".to_owned(), actions: &[] };
        let error = said_of(vec![nothing]);
        assert!(error.contains("Reader: statement `Role0` has no action"), "{error}");
        let place = stack().spec().place.clone();
        let saml = |[provider, member]: [&str; 2]| People::Saml {
            provider: provider.to_owned(),
            endpoint: "https://signin.aws.amazon.com/saml".to_owned(),
            members: vec![member.to_owned()],
            groups: Vec::new(),
        };
        let both = [["one", "ana"], ["two", "ben"]].map(|one| saml(one).trust(&place)).concat();
        let error = said_of(both);
        assert!(error.contains("two statements are named `People`"), "{error}");
    }

    #[test]
    fn a_service_of_any_name_is_no_panic() {
        for principal in ["", "-.amazonaws.com", "é.amazonaws.com"] {
            let service = Service { principal, sends_source: SendsSource::Undocumented };
            let mut stack = stack();
            stack.root(Cause::default()).add("Reader", role(vec![Trust::Service(service)]));
            // Whether it is refused is for schemas and guardrails to say.
            drop(finish(stack));
        }
    }

    #[test]
    fn a_text_that_is_no_construct_id_is_an_error_and_no_panic() {
        let mut stack = stack();
        stack.root(Cause::default()).add("my-bucket", bucket(Vec::new()));
        let error = finish(stack).expect_err("no construct id").to_string();
        assert!(error.contains("`my-bucket` is not a construct id"), "{error}");
    }

    /// The number of the other stack's policy is that of a policy here, which must not be given the statement.
    #[test]
    fn a_grant_on_a_bucket_of_another_stack_is_an_error() {
        let mut other = stack();
        let foreign = other.root(Cause::default()).add("Bucket", bucket(Vec::new()));
        let mut stack = stack();
        let mut root = stack.root(Cause::default());
        root.add("Bucket", bucket(Vec::new()));
        let reader = root.add("Reader", role(vec![Trust::Service(Service::LAMBDA)]));
        root.grant(foreign.grant_read(&reader));
        let error = finish(stack).expect_err("a handle of another stack").to_string();
        let expected = "the grant of read on reports to role/acme-report-reader uses a handle of another stack";
        assert!(error.contains(expected), "{error}");
    }
}
