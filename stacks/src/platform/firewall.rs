//! The web ACL: when a list is given, everybody else is refused.

use lakewright_constructs::cfn::wafv2;
use lakewright_constructs::parameter::Parameter;
use lakewright_manifest::Mesh;
use lakewright_synth::{Options, Scope};
use lakewright_template::{Expr, Map, Value};

use crate::Names;

pub(super) fn build(scope: &mut Scope<'_>, mesh: &Mesh, names: Names<'_>) {
    let tenant = &mesh.tenant;
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
    let metric = |name: &str| {
        Map::new()
            .with("CloudWatchMetricsEnabled", true)
            .with("MetricName", name.to_owned())
            .with("SampledRequestsEnabled", true)
    };
    // With both lists, a request comes from a country of the one and an address of the other.
    let is_open = needed.is_empty();
    let rules = joined("AndStatement", needed).map(|statement| {
        let rule = Map::new()
            .with("Action", Map::new().with("Allow", Map::new()))
            .with("Name", "Allowed")
            .with("Priority", 0_i64)
            .with("Statement", statement)
            .with("VisibilityConfig", metric("Allowed"));
        Expr::from(rule)
    });
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
        rules: Some(rules.into_iter().collect()),
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

/// Statements as one: themselves when there is one, and nothing when there is none.
fn joined(operator: &'static str, mut statements: Vec<Value>) -> Option<Value> {
    if statements.len() < 2 {
        return statements.pop();
    }
    let inner = Map::new().with("Statements", Value::List(statements));
    Some(Map::new().with(operator, inner).into())
}
