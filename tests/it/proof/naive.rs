//! A second, naive evaluator: no index, no layers, no three-valued logic. It shares only the document types with the
//! product, and shows which decisions a change affects.

use std::collections::BTreeMap;

use lakewright_access::document::{
    Comparison, Condition, Document, Order, PrincipalEntry, Qualifier, Statement,
};
use lakewright_access::world::World;

/// A request: principal, action, resource and condition keys (in lower case).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    pub(crate) principal: String,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) context: BTreeMap<String, Vec<String>>,
    /// The ARN of the role session that makes the request.
    pub(crate) session: Option<String>,
}

/// Whether a pattern matches a text, directly by the definition.
fn glob(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|skipped| glob(rest, &text[skipped..])),
        Some(('?', rest)) => !text.is_empty() && glob(rest, &text[1..]),
        Some((one, rest)) => text.first() == Some(one) && glob(rest, &text[1..]),
    }
}

fn like(pattern: &str, text: &str) -> bool {
    let characters = |text: &str| text.chars().collect::<Vec<_>>();
    glob(&characters(pattern), &characters(text))
}

fn account(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// The second field of an ARN: "arn:partition:service:region:account-id:resource" ("Identify AWS resources with Amazon
/// Resource Names (ARNs)" in the IAM user guide).
fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or_default()
}

/// Whether a principal is a service, such as `glue.amazonaws.com`.
fn is_service(principal: &str) -> bool {
    !principal.contains(':') && principal.contains(".amazonaws.com")
}

/// Whether the request is allowed, if everything outside of the access model allows it.
pub(crate) fn allows(world: &World, asked: &Asked) -> bool {
    if let Some((stem, rest)) = asked.resource.split_once(":accesspoint/") {
        let (name, key) = rest.split_once("/object/").unwrap_or((rest, ""));
        let point = format!("{stem}:accesspoint/{name}");
        if let Some(known) = world.access_points().get(&point) {
            let bucket = format!("arn:{}:s3:::{}", partition(&point), known.bucket);
            let behind = if key.is_empty() { bucket } else { format!("{bucket}/{key}") };
            let mut context = asked.context.clone();
            context.insert("s3:dataaccesspointarn".to_owned(), vec![point.clone()]);
            context
                .insert("s3:dataaccesspointaccount".to_owned(), vec![account(&point).to_owned()]);
            let at_bucket = Asked { resource: behind, context, ..asked.clone() };
            return once(world, asked, None) && once(world, &at_bucket, Some(&asked.resource));
        }
    }
    let through = asked.context.get("s3:dataaccesspointarn").and_then(|arns| arns.first());
    let through = through.filter(|arn| world.access_points().contains_key(*arn)).map(|point| {
        let name = asked.resource.split(":::").nth(1).unwrap_or_default();
        name.split_once('/').map_or(point.clone(), |(_, key)| format!("{point}/object/{key}"))
    });
    once(world, asked, through.as_deref())
}

fn once(world: &World, asked: &Asked, through: Option<&str>) -> bool {
    let Asked { principal, action, resource, .. } = asked;
    let is_role = principal.contains(":role/");
    let role = world.roles().get(principal);
    let (own_policy, owner, is_known) = own(world, asked);
    let same = is_role && owner.is_empty() || account(principal) == owner;
    let applies = |document: &Document, statement: &Statement, on: &str| {
        has_action(statement, action)
            && (statement.resources.is_empty()
                || on_resource(world, asked, document, statement, on))
            && statement
                .conditions
                .iter()
                .all(|one| holds(world, asked, one, document.has_variables))
    };
    let on_either = [Some(resource.as_str()), through];
    let applies_to_either = |document: &Document, statement: &Statement| {
        on_either.into_iter().flatten().any(|on| applies(document, statement, on))
    };
    let mut denied = false;
    // SCPs and RCPs: every level must allow, and none may deny. SCPs do not apply to service-linked roles.
    let is_linked = principal.contains(":role/aws-service-role/");
    let mut levels: BTreeMap<&str, bool> = BTreeMap::new();
    for policy in world.organization().scps.iter().filter(|_| is_role && !is_linked) {
        let allows = levels.entry(&policy.level).or_default();
        for statement in &policy.document.statements {
            if applies_to_either(&policy.document, statement) {
                *allows |= statement.is_allow;
                denied |= !statement.is_allow;
            }
        }
    }
    for policy in world.organization().rcps.iter().filter(|_| !is_linked) {
        denied |= policy.document.statements.iter().any(|statement| {
            !statement.is_allow
                && applies_to_either(&policy.document, statement)
                && named(statement, asked).is_some()
        });
    }
    // The session policy.
    let mut session_allows = true;
    if let Some(document) = world.session().as_ref().filter(|_| is_role) {
        session_allows = false;
        for statement in &document.statements {
            if applies_to_either(document, statement) {
                session_allows |= statement.is_allow;
                denied |= !statement.is_allow;
            }
        }
    }
    // The role's policies and its boundary, in which resources may also be named by access point.
    let mut identity_allows = is_role && role.is_none_or(|role| role.has_foreign_policies);
    let mut boundary_allows = session_allows;
    if let Some(role) = role {
        for (document, is_boundary) in role.identity.iter().map(|document| (document, false)).chain(
            role.boundary.as_ref().and_then(|arn| world.managed().get(arn)).map(|d| (d, true)),
        ) {
            let mut allows = false;
            for statement in &document.statements {
                if applies_to_either(document, statement) {
                    allows |= statement.is_allow;
                    denied |= !statement.is_allow;
                }
            }
            if is_boundary {
                boundary_allows &= allows;
            } else {
                identity_allows |= allows;
            }
        }
    }
    let (to_role, to_account, to_all, is_denied) = own_policy
        .map(|document| by_resource(document, asked, &|one| applies(document, one, resource)))
        .unwrap_or_default();
    denied |= is_denied;
    let mut to_account = to_account;
    if denied || levels.values().any(|allows| !allows) {
        return false;
    }
    let needs_policy = is_of_trust(action) || resource.contains(":key/");
    if !is_known && (!same || needs_policy) {
        to_account = true;
    }
    if !is_role {
        return to_all;
    }
    if !same {
        return boundary_allows && identity_allows && (to_role || to_account || to_all);
    }
    if needs_policy {
        return to_all || (boundary_allows && (to_role || (to_account && identity_allows)));
    }
    to_all || (boundary_allows && (identity_allows || to_role))
}

/// The effect of a resource policy: whether it allows the role, its account, or the principal regardless of the role's
/// policies, and whether it denies.
fn by_resource(
    document: &Document,
    asked: &Asked,
    applies: &dyn Fn(&Statement) -> bool,
) -> (bool, bool, bool, bool) {
    let (mut to_role, mut to_account, mut to_all, mut denied) = (false, false, false, false);
    for statement in document.statements.iter().filter(|statement| applies(statement)) {
        match named(statement, asked) {
            Some(_) if !statement.is_allow => denied = true,
            Some(Named::Account) => to_account = true,
            Some(Named::Role) => to_role = true,
            Some(Named::All) => to_all = true,
            None => {}
        }
    }
    (to_role, to_account, to_all, denied)
}

/// How a statement names a principal, from the weakest to the strongest way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Account,
    Role,
    All,
}

fn named(statement: &Statement, asked: &Asked) -> Option<Named> {
    let Asked { principal, session, .. } = asked;
    let Some(list) = &statement.principals else { return Some(Named::All) };
    let ways = list.entries.iter().filter_map(|entry| match entry {
        PrincipalEntry::Everyone => Some(Named::All),
        PrincipalEntry::Account(of) => {
            (principal.contains(":role/") && of == account(principal)).then_some(Named::Account)
        }
        // Naming the session itself bypasses the limits of the role, like naming everybody.
        PrincipalEntry::Arn(arn) if session.as_ref() == Some(arn) => Some(Named::All),
        PrincipalEntry::Arn(arn) => (arn == principal).then_some(Named::Role),
        // These principals have no policies of their own here, so naming them is enough. Source: "AWS JSON policy
        // elements: Principal", on federated principals, service principals and canonical user ids.
        PrincipalEntry::Service(name)
        | PrincipalEntry::Federated(name)
        | PrincipalEntry::CanonicalUser(name) => (name == principal).then_some(Named::All),
    });
    let strongest = ways.max();
    if !list.is_not {
        return strongest;
    }
    // `NotPrincipal` exempts a role only if it names the role, not only the account.
    if strongest.is_some_and(|way| way != Named::Account) { None } else { Some(Named::All) }
}

/// Whether the role's trust policy decides this action.
fn is_of_trust(action: &str) -> bool {
    action.starts_with("sts:assumerole")
        || action == "sts:tagsession"
        || action == "sts:setsourceidentity"
}

/// The resource policy, the account that owns the resource, and whether the access model has the resource.
fn own<'w>(world: &'w World, asked: &Asked) -> (Option<&'w Document>, String, bool) {
    let arn = &asked.resource;
    if is_of_trust(&asked.action) {
        return match world.roles().get(arn) {
            Some(role) => {
                (Some(&role.trust), role.account.clone(), !role.trust.origin.stack.is_empty())
            }
            None => (None, account(arn).to_owned(), false),
        };
    }
    let name = if arn.contains(":s3:::") {
        arn.split('/').next().unwrap_or_default().to_owned()
    } else if let Some((stem, rest)) = arn.split_once(":accesspoint/") {
        format!("{stem}:accesspoint/{}", rest.split('/').next().unwrap_or_default())
    } else {
        whole(arn)
    };
    match world.resources().get(&name) {
        Some(resource) => (resource.policy.as_ref(), resource.account.clone(), true),
        None => (None, account(arn).to_owned(), false),
    }
}

/// For a stage or an action, the ARN of its pipeline; any other ARN unchanged.
fn whole(arn: &str) -> String {
    let end = arn.find('/').filter(|_| arn.split(':').nth(2) == Some("codepipeline"));
    arn[..end.unwrap_or(arn.len())].to_owned()
}

fn has_action(statement: &Statement, action: &str) -> bool {
    let by_name = statement.actions.names().iter().any(|name| name.lower() == action);
    let by_pattern = statement.actions.patterns().iter().any(|pattern| like(pattern, action));
    (by_name || by_pattern) != statement.not_actions
}

fn on_resource(
    world: &World,
    asked: &Asked,
    document: &Document,
    statement: &Statement,
    on: &str,
) -> bool {
    let is_listed = statement.resources.iter().any(|pattern| {
        if document.has_variables && pattern.contains("${") {
            return filled(world, asked, pattern).is_some_and(|pattern| like(&pattern, on));
        }
        like(pattern, on)
    });
    is_listed != statement.not_resources
}

/// Replaces the policy variables in a text. Values in these tests contain no wildcards.
fn filled(world: &World, asked: &Asked, text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}')?;
        out.push_str(before);
        let (name, default) = match name.split_once(',') {
            Some((name, default)) => (name.trim(), Some(default.trim().trim_matches('\''))),
            None => (name, None),
        };
        match (value(world, asked, &name.to_lowercase()), default) {
            (Some(values), _) if values.len() == 1 => out.push_str(&values[0]),
            (None, Some(default)) => out.push_str(default),
            _ => return None,
        }
        rest = after;
    }
    Some(out + rest)
}

fn value(world: &World, asked: &Asked, key: &str) -> Option<Vec<String>> {
    if let Some(values) = asked.context.get(key) {
        return Some(values.clone());
    }
    let role = world.roles().get(&asked.principal);
    let is_role = asked.principal.contains(":role/");
    let tag = |tags: &BTreeMap<String, String>, name: &str| {
        tags.iter()
            .find(|(key, _)| key.to_lowercase() == name)
            .map(|(_, value)| vec![value.clone()])
    };
    if let Some(name) = key.strip_prefix("aws:principaltag/") {
        return tag(&role?.tags, name);
    }
    if let Some((prefix, name)) = key.split_once("tag/")
        && (prefix.ends_with("resource") || prefix.ends_with("bucket"))
    {
        let is_of_bucket = asked.resource.contains(":s3:::");
        let bucket = asked.resource.split('/').next().unwrap_or_default();
        let name_of = is_of_bucket.then(|| bucket.to_owned());
        let arn = name_of.unwrap_or_else(|| whole(&asked.resource));
        let of_resource = world.resources().get(&arn).map(|resource| &resource.tags);
        return tag(of_resource.or_else(|| world.roles().get(&arn).map(|role| &role.tags))?, name);
    }
    match key {
        "aws:principalarn" if is_role => Some(vec![asked.principal.clone()]),
        "aws:principalaccount" if is_role => Some(vec![account(&asked.principal).to_owned()]),
        "aws:securetransport" => Some(vec!["true".to_owned()]),
        "aws:viaawsservice" => Some(vec!["false".to_owned()]),
        "aws:principalisawsservice" => Some(vec![is_service(&asked.principal).to_string()]),
        "aws:resourceaccount" | "s3:resourceaccount" => {
            let (_, owner, _) = own(world, asked);
            let own = if is_role { account(&asked.principal) } else { "" };
            let owner = if owner.is_empty() { own.to_owned() } else { owner };
            (!owner.is_empty()).then(|| vec![owner])
        }
        "kms:resourcealiases" => world.aliases_of().get(&asked.resource).cloned(),
        _ => None,
    }
}

/// Whether a condition is met. An unknown comparison is not met.
fn holds(world: &World, asked: &Asked, condition: &Condition, has_variables: bool) -> bool {
    let values = value(world, asked, &condition.key);
    let not = match condition.comparison {
        Comparison::Arn { not }
        | Comparison::Ip { not }
        | Comparison::StringEquals { not, .. }
        | Comparison::StringLike { not } => not,
        Comparison::Numeric { order } | Comparison::Date { order } => order == Order::NotEquals,
        Comparison::Null => {
            let is_absent = values.is_none();
            return condition.values.iter().any(|wanted| *wanted == is_absent.to_string());
        }
        Comparison::Binary | Comparison::Bool | Comparison::Unknown => false,
    };
    let Some(values) = values else {
        return match condition.qualifier {
            Some(Qualifier::ForAllValues) => true,
            Some(Qualifier::ForAnyValue) => condition.if_exists,
            None => condition.if_exists || not,
        };
    };
    let one = |got: &String| {
        let is_any = condition.values.iter().any(|wanted| {
            // Variables are replaced in strings and ARNs only.
            let is_text = matches!(
                condition.comparison,
                Comparison::Arn { .. }
                    | Comparison::StringEquals { .. }
                    | Comparison::StringLike { .. }
            );
            let filled = if has_variables && is_text && wanted.contains("${") {
                let Some(filled) = filled(world, asked, wanted) else { return false };
                filled
            } else {
                wanted.clone()
            };
            equal(condition.comparison, &filled, got)
        });
        is_any != not
    };
    match condition.qualifier {
        Some(Qualifier::ForAllValues) => values.iter().all(one),
        Some(Qualifier::ForAnyValue) => values.iter().any(one),
        None => values.len() == 1 && one(&values[0]),
    }
}

fn equal(comparison: Comparison, wanted: &str, got: &str) -> bool {
    match comparison {
        Comparison::StringEquals { ignore_case: true, .. } => {
            wanted.to_lowercase() == got.to_lowercase()
        }
        Comparison::StringEquals { .. } | Comparison::Binary => wanted == got,
        Comparison::StringLike { .. } => like(wanted, got),
        Comparison::Bool => wanted.to_lowercase() == got.to_lowercase(),
        Comparison::Arn { .. } => {
            let parts = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
            let (wanted, got) = (parts(wanted), parts(got));
            // An ARN has six components; `*` alone stands for any.
            let are_arns = wanted.len() == 6 && got.len() == 6;
            let matches = |(wanted, got): (&String, &String)| like(wanted, got);
            wanted == ["*"] || (are_arns && wanted.iter().zip(&got).all(matches))
        }
        Comparison::Date { order } => is_ordered(order, moment(got), moment(wanted)),
        Comparison::Numeric { order } => {
            let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
            is_ordered(order, number(got), number(wanted))
        }
        Comparison::Ip { .. } => {
            let (network, length) = wanted.split_once('/').unwrap_or((wanted, "32"));
            bits(got).starts_with(&bits(network)[..length.parse().unwrap_or(32)])
        }
        Comparison::Null | Comparison::Unknown => false,
    }
}

fn is_ordered(order: Order, got: f64, wanted: f64) -> bool {
    match order {
        Order::Equals | Order::NotEquals => got.total_cmp(&wanted).is_eq(),
        Order::LessThan => got < wanted,
        Order::LessThanEquals => got <= wanted,
        Order::GreaterThan => got > wanted,
        Order::GreaterThanEquals => got >= wanted,
    }
}

/// An IPv4 address as 32 zeros and ones.
fn bits(address: &str) -> String {
    let address: std::net::Ipv4Addr = address.parse().expect("an address of version 4");
    format!("{:032b}", u32::from(address))
}

/// Seconds since 1970, from a number of seconds or a date and time such as `2026-06-30T23:59:59Z`, counted year by
/// year.
fn moment(text: &str) -> f64 {
    if let Ok(seconds) = text.parse() {
        return seconds;
    }
    let numbers: Vec<u32> =
        text.split(['-', 'T', ':', 'Z']).filter_map(|part| part.parse().ok()).collect();
    let [year, month, day, hour, minute, second] = numbers[..] else { return f64::NAN };
    let is_leap = |year: u32| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut days: u32 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let february = if is_leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    days += months.iter().take(month as usize - 1).sum::<u32>() + day - 1;
    f64::from(days) * 86_400.0 + f64::from((hour * 60 + minute) * 60 + second)
}

/// A request for a Lake Formation permission, in lower case, on a resource or some of its cells.
#[derive(Debug, Clone)]
pub(crate) struct LakeAsked {
    pub(crate) principal: String,
    pub(crate) permission: String,
    pub(crate) resource: String,
    pub(crate) cells: Option<String>,
}

/// Whether any grant gives the permission.
pub(crate) fn lake_allows(world: &World, asked: &LakeAsked) -> bool {
    let all = "lakeformation:all";
    world.lake().grants.get(&asked.principal).into_iter().flatten().any(|grant| {
        let permission = grant.permission.lower();
        (permission == asked.permission || permission == all)
            && like(&grant.resource, &asked.resource)
            && (grant.cells.is_none() || grant.cells == asked.cells)
    })
}
