//! The web ACL: what AWS knows to be hostile is refused, and when a list is given, everybody else as well.

use lakewright_constructs::cfn::wafv2;
use lakewright_constructs::parameter::Parameter;
use lakewright_synth::{Options, Scope};
use lakewright_template::{Expr, Map, Value};

use crate::Names;

/// Groups of rules that AWS keeps up to date. Together they take 925 of the 1,500 capacity units that are in the price
/// of a web ACL (700, 200 and 25), which leaves room for the lists.
///
/// Source: "AWS Managed Rules rule groups list" and "Web ACL capacity units (WCUs) in AWS WAF" in the WAF guide.
const MANAGED: [&str; 3] = [
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
];

pub(super) fn build(scope: &mut Scope<'_>, names: Names<'_>) {
    let tenant = names.tenant();
    let mut scope = scope.child("Firewall");
    let mut needed = Vec::new();
    if !tenant.allowed_geo.is_empty() {
        let countries = tenant.allowed_geo.iter().map(|country| country.to_string().into());
        let countries = Map::new().with("CountryCodes", Value::List(countries.collect()));
        needed.push(Value::from(Map::new().with("GeoMatchStatement", countries)));
    }
    let is_v6 = |block: &str| block.contains(':');
    let mut sets = Vec::new();
    for (id, version, wants_v6) in [("Ipv4", "IPV4", false), ("Ipv6", "IPV6", true)] {
        let blocks: Vec<Expr<_>> = tenant
            .allowed_ip
            .iter()
            .filter(|block| is_v6(block.as_str()) == wants_v6)
            .map(|block| block.to_string().into())
            .collect();
        if blocks.is_empty() {
            continue;
        }
        let set = scope.child("Addresses").child(id).resource(
            wafv2::IPSet {
                name: Some(names.platform(&format!("allowed-{}", id.to_lowercase())).into()),
                scope: Some("REGIONAL".into()),
                ip_address_version: Some(version.into()),
                addresses: Some(blocks),
                ..wafv2::IPSet::default()
            },
            Options::default(),
        );
        let reference = Map::new().with("Arn", set.attribute(&wafv2::IPSet::ARN));
        sets.push(Value::from(Map::new().with("IPSetReferenceStatement", reference)));
    }
    needed.extend(joined("OrStatement", sets));
    // With both lists, a request comes from a country of the one and an address of the other.
    let is_open = needed.is_empty();
    // A rule that allows ends the evaluation, so it comes last.
    let mut rules: Vec<Map> =
        (0_i64..).zip(MANAGED).map(|(priority, name)| managed(priority, name)).collect();
    rules.extend(joined("AndStatement", needed).map(|statement| {
        Map::new()
            .with("Action", Map::new().with("Allow", Map::new()))
            .with("Name", "Allowed")
            .with("Priority", ALLOWED_PRIORITY)
            .with("Statement", statement)
            .with("VisibilityConfig", metric("Allowed"))
    }));
    let acl = wafv2::WebACL {
        name: Some(names.platform("web").into()),
        description: Some("Who reaches the web pages of the platform".into()),
        scope: Some("REGIONAL".into()),
        default_action: Some(if is_open {
            wafv2::WebACLDefaultAction {
                allow: Some(wafv2::WebACLAllowAction::default()),
                block: None,
            }
        } else {
            wafv2::WebACLDefaultAction {
                allow: None,
                block: Some(wafv2::WebACLBlockAction::default()),
            }
        }),
        rules: Some(rules.into_iter().map(Expr::from).collect()),
        visibility_config: Some(wafv2::WebACLVisibilityConfig {
            cloud_watch_metrics_enabled: Some(true.into()),
            metric_name: Some(names.platform("web").into()),
            sampled_requests_enabled: Some(true.into()),
        }),
        ..wafv2::WebACL::default()
    };
    let acl = scope.child("WebAcl").resource(acl, Options::default());
    scope.add(
        "WebAclArn",
        Parameter {
            name: format!("/{}/platform/web-acl-arn", tenant.resource_prefix),
            description: "The web ACL to put before the platform's web pages",
            value: acl.attribute(&wafv2::WebACL::ARN).into(),
        },
    );
}

/// The place of the rule for lists, behind all groups.
const ALLOWED_PRIORITY: i64 = 100;

/// A rule that runs a group of AWS's. The group's own actions hold.
fn managed(priority: i64, name: &'static str) -> Map {
    let group = Map::new().with("Name", name).with("VendorName", "AWS");
    Map::new()
        .with("Name", name)
        .with("OverrideAction", Map::new().with("None", Map::new()))
        .with("Priority", priority)
        .with("Statement", Map::new().with("ManagedRuleGroupStatement", group))
        .with("VisibilityConfig", metric(name))
}

fn metric(name: &'static str) -> Map {
    Map::new()
        .with("CloudWatchMetricsEnabled", true)
        .with("MetricName", name)
        .with("SampledRequestsEnabled", true)
}

/// Statements as one: themselves when there is one, and nothing when there is none.
fn joined(operator: &'static str, mut statements: Vec<Value>) -> Option<Value> {
    if statements.len() < 2 {
        return statements.pop();
    }
    let inner = Map::new().with("Statements", Value::List(statements));
    Some(Map::new().with(operator, inner).into())
}
