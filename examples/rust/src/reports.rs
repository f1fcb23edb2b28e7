//! A stack of its own: a bucket with a key, and a role that reads the bucket.

use std::error::Error;

use lakewright::constructs::bucket::{Bucket, BucketTraffic as _, Encryption, Lifecycle};
use lakewright::constructs::key::Key;
use lakewright::constructs::role::{Policies, Role, Trust};
use lakewright::custom::finish;
use lakewright::policies::service::Service;
use lakewright::synth::{Cause, Stack, StackSpec};
use lakewright::template::{Place, Template};

pub(crate) const NAME: &str = "acme-reports";

pub(crate) fn stack() -> Result<Template, Box<dyn Error>> {
    let place = Place::parse("222222222222", "eu-west-1")?;
    let mut spec = StackSpec::new(NAME, place, "Monthly reports");
    spec.tags.insert("Team".to_owned(), "Analysts".to_owned());
    let mut stack = Stack::new(spec);
    let mut scope = stack.root(Cause::default());

    let key = Key {
        description: "Monthly reports".to_owned(),
        alias: NAME.to_owned(),
        target: "reports".to_owned(),
        statements: Vec::new(),
        retain: true,
    };
    let key = scope.add("Key", key);
    let bucket = Bucket {
        name: "acme-reports-222222222222".to_owned(),
        encryption: Encryption::Kms(key),
        access_logs: None,
        lifecycle: vec![Lifecycle::Data],
        statements: Vec::new(),
        target: "reports".to_owned(),
        retain: true,
        access_points: None,
        events: None,
    };
    let bucket = scope.add("Bucket", bucket);
    let reader = Role {
        name: "acme-report-reader".to_owned(),
        description: "Reads the monthly reports".to_owned(),
        grantee: "role/acme-report-reader".to_owned(),
        trust: vec![Trust::Service(Service::LAMBDA)],
        policies: Policies::Inline("Access".to_owned()),
        boundary: None,
        tags: Vec::new(),
    };
    let reader = scope.add("Reader", reader);
    scope.grant(bucket.grant_read(&reader));

    Ok(finish(stack)?.lowered.template)
}
