//! What every resource of a kind has, in every stack and example: encryption, a log, a rule.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_stacks::Synthesized;
use lakewright_template::write::value_to_compact_json;
use lakewright_template::{Map, ResourceEntry, Value};

use crate::run::{EXAMPLES, example, mesh, sources, synthesized};

/// The stacks of each example.
fn examples() -> Vec<(&'static str, Vec<Synthesized>)> {
    EXAMPLES.map(|name| (name, synthesized(&mesh(&sources(&example(name)))))).into()
}

/// The resources of a type, with the name of their stack.
fn of_kind<'s>(stacks: &'s [Synthesized], kind: &str) -> Vec<(&'s str, &'s ResourceEntry)> {
    let all = stacks.iter().flat_map(|stack| {
        let name = stack.entry.name.as_str();
        stack.lowered.template.resources.values().map(move |resource| (name, resource))
    });
    all.filter(|(_, resource)| resource.kind == kind).collect()
}

/// The value at a path of keys.
fn at<'m>(map: &'m Map, path: &[&str]) -> Option<&'m Value> {
    let (first, rest) = path.split_first()?;
    let value = map.get(first)?;
    if rest.is_empty() { Some(value) } else { at(value.as_map()?, rest) }
}

fn text<'m>(map: &'m Map, path: &[&str]) -> Option<&'m str> {
    at(map, path)?.as_text()
}

/// All texts in the properties.
fn texts(map: &Map) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for (_, value) in map.iter() {
        value.walk(&mut |value| found.extend(value.as_text()));
    }
    found
}

/// The default encryption algorithm of each bucket.
fn algorithms(stacks: &[Synthesized]) -> BTreeMap<&str, &str> {
    const RULES: [&str; 2] = ["BucketEncryption", "ServerSideEncryptionConfiguration"];
    let buckets = of_kind(stacks, "AWS::S3::Bucket").into_iter();
    buckets
        .map(|(stack, bucket)| {
            let name = text(&bucket.properties, &["BucketName"]).expect("a name");
            let rules = at(&bucket.properties, &RULES).and_then(Value::as_list);
            let rule = rules.and_then(|rules| rules.first()?.as_map());
            let path = ["ServerSideEncryptionByDefault", "SSEAlgorithm"];
            let algorithm = rule.and_then(|rule| text(rule, &path));
            let algorithm =
                algorithm.unwrap_or_else(|| unreachable!("{stack}: {name} is encrypted"));
            (name, algorithm)
        })
        .collect()
}

#[test]
fn results_of_every_workgroup_are_encrypted_with_a_key_that_inserts_do_not_take() {
    let mut workgroups = 0;
    for (example, stacks) in examples() {
        let algorithms = algorithms(&stacks);
        for (stack, workgroup) in of_kind(&stacks, "AWS::Athena::WorkGroup") {
            let configuration = at(&workgroup.properties, &["WorkGroupConfiguration"]);
            let configuration = configuration.and_then(Value::as_map).expect("a configuration");
            let enforced = at(configuration, &["EnforceWorkGroupConfiguration"]);
            assert_eq!(enforced, Some(&Value::Bool(true)), "{example} {stack}");
            // "Managed query results" in the Athena user guide: Athena keeps them, encrypted, in a bucket of its own.
            if at(configuration, &["ManagedQueryResultsConfiguration", "Enabled"])
                == Some(&Value::Bool(true))
            {
                assert_eq!(at(configuration, &["ResultConfiguration"]), None, "{example} {stack}");
                continue;
            }
            let location = text(configuration, &["ResultConfiguration", "OutputLocation"]);
            let bucket = location.and_then(|uri| uri.strip_prefix("s3://")?.split('/').next());
            let bucket = bucket.expect("a location in S3");
            assert_eq!(algorithms.get(bucket), Some(&"aws:kms"), "{example} {stack}: {bucket}");
            // "However, if you use Athena to insert data into a table that has encrypted data, Athena uses the encryption
            // configuration that was specified for the query results" ("Encryption at rest" in the Athena user guide): a
            // key set here would also encrypt what queries write into datasets.
            let stated = at(configuration, &["ResultConfiguration", "EncryptionConfiguration"]);
            assert_eq!(stated, None, "{example} {stack}");
            workgroups += 1;
        }
    }
    assert!(workgroups > 3, "{workgroups}");
}

#[test]
fn every_glue_job_and_crawler_encrypts_what_it_leaves_behind() {
    let mut configurations = 0;
    for (example, stacks) in examples() {
        for (kind, property) in [
            ("AWS::Glue::Crawler", "CrawlerSecurityConfiguration"),
            ("AWS::Glue::Job", "SecurityConfiguration"),
        ] {
            for (stack, resource) in of_kind(&stacks, kind) {
                let configuration = at(&resource.properties, &[property]);
                assert!(configuration.is_some(), "{example} {stack}: {kind}");
            }
        }
        for (stack, configuration) in of_kind(&stacks, "AWS::Glue::SecurityConfiguration") {
            let texts = texts(&configuration.properties);
            // The modes in "EncryptionConfiguration structure" of the Glue API reference.
            assert!(!texts.contains("DISABLED"), "{example} {stack}");
            let part = |part: &str, mode: &str| {
                let path = ["EncryptionConfiguration", part, mode];
                text(&configuration.properties, &path)
            };
            let logs = part("CloudWatchEncryption", "CloudWatchEncryptionMode");
            let bookmarks = part("JobBookmarksEncryption", "JobBookmarksEncryptionMode");
            assert_eq!(logs, Some("SSE-KMS"), "{example} {stack}");
            assert_eq!(bookmarks, Some("CSE-KMS"), "{example} {stack}");
            configurations += 1;
        }
    }
    assert!(configurations > 5, "{configurations}");
}

#[test]
fn every_bucket_has_an_access_log_but_those_that_receive_logs() {
    let (mut logged, mut receiving) = (0, 0);
    for (example, stacks) in examples() {
        let policies: Vec<String> = of_kind(&stacks, "AWS::S3::BucketPolicy")
            .into_iter()
            .filter_map(|(_, policy)| policy.properties.get("PolicyDocument"))
            .map(value_to_compact_json)
            .collect();
        for (stack, bucket) in of_kind(&stacks, "AWS::S3::Bucket") {
            let name = text(&bucket.properties, &["BucketName"]).expect("a name");
            let path = ["LoggingConfiguration", "DestinationBucketName"];
            if at(&bucket.properties, &path).is_some() {
                logged += 1;
                continue;
            }
            // "Permissions for log delivery" in the S3 user guide: the policy of the destination allows this service.
            let objects = format!(":s3:::{name}/access-logs/*");
            let admits = |policy: &String| {
                policy.contains("logging.s3.amazonaws.com") && policy.contains(&objects)
            };
            assert!(policies.iter().any(admits), "{example} {stack}: {name} has no access log");
            receiving += 1;
        }
    }
    assert!(logged > 10 && receiving > 5, "{logged} {receiving}");
}

#[test]
fn every_state_machine_has_a_log_without_data() {
    let mut machines = 0;
    for (example, stacks) in examples() {
        for (stack, machine) in of_kind(&stacks, "AWS::StepFunctions::StateMachine") {
            let log = at(&machine.properties, &["LoggingConfiguration"]).and_then(Value::as_map);
            let log = log.unwrap_or_else(|| panic!("{example} {stack}: no log"));
            assert!(matches!(text(log, &["Level"]), Some("ALL" | "ERROR")), "{example} {stack}");
            let data = at(log, &["IncludeExecutionData"]);
            assert_eq!(data, Some(&Value::Bool(false)), "{example} {stack}");
            let destinations = at(log, &["Destinations"]).and_then(Value::as_list);
            assert_eq!(destinations.map(<[Value]>::len), Some(1), "{example} {stack}");
            machines += 1;
        }
        for (stack, group) in of_kind(&stacks, "AWS::Logs::LogGroup") {
            let kept = at(&group.properties, &["RetentionInDays"]);
            assert!(kept.is_some(), "{example} {stack}: a log that never goes");
        }
    }
    assert_eq!(machines, EXAMPLES.len(), "an updater for each mesh");
}

#[test]
fn every_web_acl_has_rules_within_the_capacity_that_it_is_sold_with() {
    // "AWS Managed Rules rule groups list" in the WAF developer guide.
    const CAPACITY: [(&str, usize); 3] = [
        ("AWSManagedRulesAmazonIpReputationList", 25),
        ("AWSManagedRulesCommonRuleSet", 700),
        ("AWSManagedRulesKnownBadInputsRuleSet", 200),
    ];
    let mut acls = 0;
    for (example, stacks) in examples() {
        for (stack, acl) in of_kind(&stacks, "AWS::WAFv2::WebACL") {
            let rules = at(&acl.properties, &["Rules"]).and_then(Value::as_list);
            let rules = rules.unwrap_or_else(|| panic!("{example} {stack}: no rules"));
            let mut priorities = BTreeSet::new();
            let mut groups = BTreeSet::new();
            for rule in rules.iter().filter_map(Value::as_map) {
                assert!(priorities.insert(at(rule, &["Priority"])), "{example} {stack}");
                let metric = text(rule, &["VisibilityConfig", "MetricName"]);
                assert!(metric.is_some(), "{example} {stack}: a rule without a metric");
                let group = ["Statement", "ManagedRuleGroupStatement", "Name"];
                groups.extend(text(rule, &group));
                // "Rule" in the WAF API reference: a rule for a rule group has an override, any other rule an action.
                let is_group = text(rule, &group).is_some();
                assert_eq!(at(rule, &["OverrideAction"]).is_some(), is_group, "{example} {stack}");
                assert_eq!(at(rule, &["Action"]).is_none(), is_group, "{example} {stack}");
            }
            let known: BTreeSet<&str> = CAPACITY.iter().map(|(name, _)| *name).collect();
            assert_eq!(groups, known, "{example} {stack}");
            let units: usize = CAPACITY.iter().map(|(_, units)| units).sum();
            // "Web ACL capacity units (WCUs) in AWS WAF": the price includes 1,500. There must be room for two lists of
            // addresses and one of countries.
            assert!(units + 100 <= 1_500, "{units}");
            acls += 1;
        }
    }
    assert_eq!(acls, EXAMPLES.len(), "a web ACL for each mesh");
}
