//! The web ACL: it blocks traffic that AWS classifies as hostile and, if a list is given, everything that is not
//! listed.

use lakewright_constructs::cfn::wafv2;
use lakewright_constructs::parameter::Parameter;
use lakewright_synth::{Options, Scope};
use lakewright_template::{Expr, Map, Value};

use crate::Names;

/// Rule groups that AWS maintains. Together they use 925 (700, 200 and 25) of the 1,500 capacity units that are
/// included in the price of a web ACL, which leaves room for the lists.
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
    // If both lists are set, a request must match both.
    let is_open = needed.is_empty();
    // An allow rule ends the evaluation, so it comes last.
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

/// The priority of the list rule, after all groups.
const ALLOWED_PRIORITY: i64 = 100;

/// A rule that runs an AWS managed rule group with the group's own actions.
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

/// Combines statements with an operator. A single statement is returned unchanged; `None` for an empty list.
fn joined(operator: &'static str, mut statements: Vec<Value>) -> Option<Value> {
    if statements.len() < 2 {
        return statements.pop();
    }
    let inner = Map::new().with("Statements", Value::List(statements));
    Some(Map::new().with(operator, inner).into())
}

#[cfg(test)]
mod tests {
    use lakewright_template::write::value_to_compact_json;
    use lakewright_template::{StackKind, Template};

    use super::*;
    use crate::testing::{TENANT, lowered, mesh, resources, texts};

    fn template(lists: &str) -> Template {
        let waf = match lists {
            "" => String::new(),
            lists => format!("waf: {{ {lists} }}\n"),
        };
        let region = "home_region: eu-west-1\n";
        let mesh = mesh(&[&TENANT.replace(region, &format!("{region}{waf}"))]);
        lowered(&mesh, StackKind::Platform, "base").template
    }

    fn acl(lists: &str, property: &str) -> String {
        let template = template(lists);
        let acl = resources(&template, "AWS::WAFv2::WebACL")[0];
        value_to_compact_json(acl.properties.get(property).expect("a property"))
    }

    const COUNTRY: &str = "allowed_geo_list: [AT]";
    const BLOCKS: &str = "allowed_ip_list: [\"192.0.2.0/24\", \"2001:db8::/32\"]";

    // "The web ACL" in `docs/stacks/platform.md`.

    #[test]
    fn without_a_list_everybody_comes_in_and_with_one_nobody_else() {
        assert_eq!(acl("", "DefaultAction"), r#"{"Allow":{}}"#);
        for list in [COUNTRY, BLOCKS] {
            assert_eq!(acl(list, "DefaultAction"), r#"{"Block":{}}"#, "{list}");
        }
    }

    #[test]
    fn with_both_lists_a_request_is_on_both() {
        let rules = acl(&format!("{COUNTRY}, {BLOCKS}"), "Rules");
        let both = r#""Statement":{"AndStatement":{"Statements":[{"GeoMatchStatement":{"CountryCodes":["AT"]}},{"OrStatement""#;
        assert!(rules.contains(both), "{rules}");
        // "AndStatement" and "OrStatement" in the WAF API reference take two statements at the least.
        let one = acl(COUNTRY, "Rules");
        assert!(!one.contains("AndStatement") && !one.contains("OrStatement"), "{one}");
    }

    #[test]
    fn addresses_of_both_versions_are_in_sets_of_their_own() {
        // `IPAddressVersion` of "CreateIPSet" in the WAF API reference: a set has one version.
        let template = template(BLOCKS);
        let sets = resources(&template, "AWS::WAFv2::IPSet");
        let found: Vec<(Vec<&str>, Vec<&str>)> = sets
            .iter()
            .map(|set| {
                let of = |property: &str| texts(&set.properties, property).into_iter().collect();
                (of("IPAddressVersion"), of("Addresses"))
            })
            .collect();
        assert_eq!(
            found,
            [(vec!["IPV4"], vec!["192.0.2.0/24"]), (vec!["IPV6"], vec!["2001:db8::/32"])]
        );
    }

    #[test]
    fn what_aws_knows_to_be_hostile_is_refused_before_anybody_is_let_in() {
        for list in ["", COUNTRY] {
            let rules = acl(list, "Rules");
            let allowed = rules.find(r#""Action":{"Allow":{}}"#);
            assert_eq!(allowed.is_some(), !list.is_empty());
            for group in MANAGED {
                let place = rules.find(group).expect("the group");
                assert!(allowed.is_none_or(|allowed| place < allowed), "{group}");
            }
        }
        // Rules are evaluated by priority, the lowest first ("Setting rule priority" in the WAF guide).
        let groups = i64::try_from(MANAGED.len()).expect("a few");
        assert!(ALLOWED_PRIORITY >= groups);
    }
}
