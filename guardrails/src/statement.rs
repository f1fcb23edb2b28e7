//! Rules on single statements.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::action::{Action, Form};
use lakewright_access::condition_key;
use lakewright_access::document::{Comparison, Document, Origin, Qualifier, Statement};
use lakewright_access::pattern::{matches, sample};
use lakewright_access::sample::actions_of;
use lakewright_policies::catalogue::{self, CatalogueService};
use lakewright_template::arn::{ArnParts, ArnPattern};
use lakewright_template::resolve::UNKNOWN;

use super::{Breach, DocumentKind, Guardrail, Whose, principals, unknown};

/// Checks one statement.
pub(super) fn check(
    document: &Document,
    statement: &Statement,
    kind: DocumentKind,
    whose: Whose,
    breaches: &mut Vec<Breach>,
) {
    let mut report = |rule: Guardrail, message: String| {
        breaches.push(Breach::new(rule, &document.origin, &statement.sid, message));
    };
    // Third-party templates, and our denials, may name actions that the reference lacks. What they do is not known, so our
    // templates do not allow them.
    let is_strict = whose == Whose::Ours && statement.is_allow;
    let is_looked_at = |action: &str| is_strict || !unknown::may_exist(action);
    for action in statement.actions.names() {
        if action.known().is_none() && is_looked_at(action.lower()) {
            report(Guardrail::UnknownAction, unknown::action(action.name()));
        }
    }
    for pattern in statement.actions.patterns() {
        if is_looked_at(pattern) && !is_pattern_of_actions(pattern) {
            report(Guardrail::UnknownAction, unknown::pattern(pattern));
        }
    }
    principals::check(statement, kind, &mut report);
    conditions(statement, &mut report);
    about_nothing(statement, whose, &mut report);
    if !statement.is_allow || kind == DocumentKind::Boundary {
        return;
    }
    let is_not_principal =
        statement.principals.as_ref().is_some_and(|principals| principals.is_not);
    if statement.not_actions || statement.not_resources || is_not_principal {
        let message = "got NotAction, NotResource or NotPrincipal with an allow, which allows all that AWS will ever add; expected a list";
        report(Guardrail::NotWithAllow, message.to_owned());
    }
    let patterns: Vec<&str> = statement.actions.patterns().iter().map(String::as_str).collect();
    if !patterns.is_empty() && !statement.not_actions {
        let message = format!("got {}, expected the names of the actions", patterns.join(", "));
        report(Guardrail::WildcardAction, message);
    }
    resources(statement, kind, &mut report);
}

fn is_pattern_of_actions(pattern: &str) -> bool {
    let (service, _) = pattern.split_once(':').unwrap_or(("*", ""));
    pattern == "*"
        || catalogue::services().filter(|prefix| matches(service, prefix)).any(|prefix| {
            let actions =
                catalogue::service(prefix).into_iter().flat_map(CatalogueService::actions);
            let mut names = actions.map(|action| format!("{prefix}:{}", action.name));
            names.any(|name| matches(pattern, &name.to_ascii_lowercase()))
        })
}

fn conditions(statement: &Statement, report: &mut impl FnMut(Guardrail, String)) {
    let is_guarded = |key: &str| {
        statement.conditions.iter().any(|other| {
            other.key == key
                && other.qualifier != Some(Qualifier::ForAllValues)
                && !other.if_exists
                && !other.comparison.is_negated()
                && !(other.comparison == Comparison::Null
                    && other.values.iter().any(|value| value == "true"))
        })
    };
    // A key that is known only at deployment may be valid.
    for condition in statement.conditions.iter().filter(|one| !one.key.contains(UNKNOWN)) {
        let key = &condition.key;
        if statement.is_allow
            && condition.qualifier == Some(Qualifier::ForAllValues)
            && !is_guarded(key)
        {
            let message = format!(
                "ForAllValues on {key} also holds for a request without the key; expected `Null: {{{key}: false}}` beside it"
            );
            report(Guardrail::ForAllValuesWithoutNull, message);
        }
        // Only some actions carry request and resource tags; the catalogue lists them.
        let is_tag = key.starts_with("aws:requesttag/")
            || key.starts_with("aws:resourcetag/")
            || key == "aws:tagkeys";
        // The identity provider defines the claims of its tokens.
        let is_of_token = principals::is_of_provider(statement, key);
        if condition_key::is_global(key) && !is_tag || is_of_token {
            continue;
        }
        // A statement with only patterns: at least one matching action must carry the key.
        if statement.actions.names().is_empty()
            && !statement.not_actions
            && !statement.actions.patterns().iter().any(|pattern| pattern == "*")
        {
            let expanded = actions_of(statement);
            let mut known = expanded.iter().filter_map(|action| action.known()).peekable();
            if known.peek().is_some()
                && !known.any(|(service, known)| service.carries(known, None, key))
            {
                let patterns = statement.actions.patterns().join(", ");
                let message = format!(
                    "no action of {patterns} ever carries {key}, so the condition decides nothing that is asked"
                );
                report(Guardrail::ForeignConditionKey, message);
            }
            continue;
        }
        let actions = statement.actions.names();
        let without: Vec<&str> = actions
            .iter()
            .filter(|action| {
                action.known().is_some_and(|(service, known)| !service.carries(known, None, key))
            })
            .map(|action| action.name())
            .collect();
        // A condition on a key that some of the actions do not carry disables the statement for them. A condition that
        // holds without the key restricts the other actions, and has no effect if there are none.
        let holds_without = condition.if_exists
            || condition.comparison.is_negated()
            || condition.comparison == Comparison::Null;
        let says_nothing =
            without.len() == actions.len() && statement.actions.patterns().is_empty();
        if !without.is_empty() && !statement.not_actions && (!holds_without || says_nothing) {
            let consequence = match (holds_without, statement.is_allow) {
                (true, _) => "the condition says nothing",
                (false, true) => "the statement does not allow them",
                (false, false) => "the statement does not deny them",
            };
            let message = format!("{} never carry {key}, so {consequence}", without.join(", "));
            report(Guardrail::ForeignConditionKey, message);
        }
    }
}

fn resources(
    statement: &Statement,
    kind: DocumentKind,
    report: &mut impl FnMut(Guardrail, String),
) {
    if statement.resources.is_empty() || statement.not_resources {
        return;
    }
    let is_all = statement.resources.iter().any(|resource| is_everything(resource));
    // In a resource policy, `*` means the resource itself.
    if is_all && matches!(kind, DocumentKind::Key | DocumentKind::Resource | DocumentKind::Trust) {
        return;
    }
    if !is_all {
        return;
    }
    // A tag of the resource, or a key that names the resource, narrows as well as an ARN.
    let can_be_narrower = |action: &&Action| action.forms().is_some_and(|forms| !forms.is_empty());
    let narrower: Vec<&str> =
        statement.actions.names().iter().filter(can_be_narrower).map(|one| one.name()).collect();
    if !narrower.is_empty() && !is_narrowed(statement) {
        let message = format!("got `*` for {}, expected the resources", narrower.join(", "));
        report(Guardrail::WildcardResource, message);
    }
}

/// Whether a pattern matches everything: of all services, of one service in all accounts, or all buckets or objects.
fn is_everything(pattern: &str) -> bool {
    let is_open = |text: &str| !text.is_empty() && text.chars().all(|one| matches!(one, '*' | '?'));
    let ArnPattern { partition, region, account, resource, .. } = ArnPattern::of(pattern);
    let partition = partition.filter(|one| !one.contains(['*', '?'])).unwrap_or("aws");
    let is_any = |names: [&str; 2]| {
        names.iter().all(|name| matches(pattern, &String::from(ArnParts::s3(partition, name))))
    };
    is_open(pattern)
        || [region, account, resource].into_iter().all(|part| part.is_some_and(is_open))
        || is_any(["zz9-bucket", "q"])
        || is_any(["zz9-bucket/yy8", "q/x"])
}

/// Checks that each action applies to one of the resources, and that one of the actions applies to each resource:
/// otherwise a deny has no effect.
fn about_nothing(statement: &Statement, whose: Whose, report: &mut impl FnMut(Guardrail, String)) {
    let Statement { actions, resources, .. } = statement;
    let is_open = resources.iter().any(|resource| {
        // API Gateway completes the short form in an API's resource policy. Source: "API Gateway resource policy
        // examples".
        resource == "*" || resource == UNKNOWN || resource.starts_with("execute-api:/")
    });
    if resources.is_empty() || statement.not_resources || statement.not_actions || is_open {
        return;
    }
    // All actions of a service share the same few ARN formats.
    let mut fitting: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    let mut has_fitting = vec![false; resources.len()];
    let mut void = Vec::new();
    for action in actions.names() {
        let Some(forms) = action.forms() else { return };
        let mut is_about_one = false;
        for form in forms {
            let fits = fitting.entry(form.arn.as_str()).or_insert_with(|| {
                let fits = resources.iter().map(|resource| {
                    let resource = resource.replace(UNKNOWN, "*");
                    overlap(&form.arn, &resource) && !goes_beyond(form, &resource)
                });
                fits.collect()
            });
            for (has_one, fits) in has_fitting.iter_mut().zip(fits) {
                *has_one |= *fits;
                is_about_one |= *fits;
            }
        }
        // An action without resource types is covered by a pattern for all resources of its service.
        let is_of_service = |resource: &String| {
            ArnPattern::of(resource).service == Some(action.service()) && is_everything(resource)
        };
        let is_general = forms.is_empty() && resources.iter().any(is_of_service);
        if !is_about_one && !is_general {
            void.push(action.name());
        }
    }
    if !void.is_empty() {
        let message = format!("{} are never about {}", void.join(", "), resources.join(", "));
        report(Guardrail::ActionWithoutResource, message);
    }
    if !actions.patterns().is_empty() {
        return;
    }
    // In an `Allow`, a bucket listed besides its objects is harmless, but a resource of another service is a mistake.
    // Synthesized templates must list no unused resource, because it would mislead readers.
    let is_of_others = |resource: &String| {
        let service = ArnPattern::of(resource).service.unwrap_or_default();
        whose == Whose::Ours
            || !statement.is_allow
            || !actions.names().iter().any(|action| action.service() == service)
    };
    let idle = resources.iter().zip(&has_fitting).filter(|(_, has_one)| !**has_one);
    let idle = idle.filter(|(resource, _)| is_of_others(resource));
    let idle: Vec<&str> = idle.map(|(resource, _)| resource.as_str()).collect();
    if !idle.is_empty() && void.is_empty() {
        let message = format!("none of the actions is about {}", idle.join(", "));
        report(Guardrail::ActionWithoutResource, message);
    }
}

/// Whether a pattern matches only objects, never a bucket: bucket names contain no slash. Source: "Amazon S3 bucket
/// naming rules".
fn goes_beyond(form: &Form, pattern: &str) -> bool {
    let resource = ArnPattern::of(pattern).resource.unwrap_or_default();
    form.arn == "arn:*:s3:::*" && form.kind == "bucket" && resource.contains('/')
}

/// Whether conditions narrow a statement on all resources to some.
fn is_narrowed(statement: &Statement) -> bool {
    statement.conditions.iter().any(|condition| {
        let key = &condition.key;
        !condition.comparison.is_negated()
            && !condition.if_exists
            && !condition.takes_anything()
            && condition.comparison != Comparison::Null
            && (key.contains("resourcetag/")
                || key.contains("requesttag/")
                || key.starts_with("iam:")
                || key.starts_with("kms:")
                || key.starts_with("ram:")
                || key.starts_with("cloudwatch:")
                || key.starts_with("ec2:")
                || key.starts_with("sagemaker:"))
    })
}

/// Whether some ARN may match both patterns: compares samples of each with the other, as a whole and by component.
pub(super) fn overlap(form: &str, pattern: &str) -> bool {
    const FILL: &str = "x";
    matches(form, &sample(pattern, FILL))
        || matches(pattern, &sample(form, FILL))
        || matches(form, pattern)
        || parts_overlap(form, pattern)
}

fn parts_overlap(form: &str, pattern: &str) -> bool {
    // The first components are compared as well, because a pattern may have a wildcard there. Fewer than six
    // components are compared, too.
    let form: Vec<&str> = form.splitn(6, ':').collect();
    let pattern: Vec<&str> = pattern.splitn(6, ':').collect();
    form.len() == pattern.len()
        && form.iter().zip(&pattern).all(|(form, pattern)| {
            matches(form, &sample(pattern, "x"))
                || matches(pattern, &sample(form, "x"))
                || starts_overlap(form, pattern)
        })
}

/// Whether the literal prefixes before the first wildcards are compatible, and both patterns have a `*`.
fn starts_overlap(a: &str, b: &str) -> bool {
    let stem = |text: &str| text.find(['*', '?']).unwrap_or(text.len());
    let length = stem(a).min(stem(b));
    a.get(..length).is_some_and(|start| b.get(..length) == Some(start))
        && (a.contains('*') && b.contains('*'))
}

/// Checks the tags of a resource: condition keys are case-insensitive, so a second tag that differs only in case could
/// be the one compared.
pub(super) fn tags(tags: &BTreeMap<String, String>, origin: &Origin, breaches: &mut Vec<Breach>) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for key in tags.keys() {
        if !seen.insert(key.to_lowercase()) {
            let message = format!("the tag `{key}` differs from another one in case only");
            breaches.push(Breach::new(Guardrail::TagCase, origin, "", message));
        }
    }
}

/// The wanted actions that the statement covers.
pub(super) fn among(statement: &Statement, wanted: &[&str]) -> Vec<String> {
    let wanted = wanted
        .iter()
        .copied()
        .filter(|name| statement.actions.contain(Action::new(name)) != statement.not_actions);
    wanted.map(str::to_owned).collect()
}
