//! Finds resources by their names in `access`: the target, alone or followed by the end of an ARN.

use std::collections::BTreeSet;

use lakewright_access::action::Action;
use lakewright_template::arn::ArnParts;

use super::{QuestionError, SHOWN, is_about, nearest};
use crate::subject::{Names, Subject};

/// The ARN that a name such as `notebook/ID` or `notebook/ID notebook-instance/NAME` resolves to: the one resource that
/// the action applies to. `None` if the action applies to none.
pub(super) fn resource(
    name: &str,
    action: Action,
    subject: &Subject,
) -> Result<Option<String>, QuestionError> {
    let names = subject.names();
    let all = arns(subject);
    // If two ARNs have the same end, such as those of a pipeline and its repository, the one that the action applies
    // to.
    let whole = whole(name, &all, &names);
    let meant = whole.iter().find(|arn| is_about(action, name, arn).is_ok()).or(whole.first());
    if let Some(arn) = meant {
        return Ok(Some(arn.clone()));
    }
    let own = all.into_iter().filter(|arn| names.of(arn) == Some(name));
    // An ARN can occur twice, if it is both created and imported.
    let fitting: BTreeSet<String> = own.filter_map(|arn| about(arn, action)).collect();
    let fitting: Vec<String> = fitting.into_iter().collect();
    match fitting.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        several => Err(QuestionError::Several {
            name: name.to_owned(),
            known: listed(several.iter().map(String::as_str)),
        }),
    }
}

/// The error for a name that resolves to no resource.
pub(super) fn unknown(name: &str, action: Action, subject: &Subject) -> QuestionError {
    let names = subject.names();
    let all = arns(subject).into_iter();
    let own: Vec<&str> = all.filter(|arn| names.of(arn) == Some(name)).collect();
    if !own.is_empty() {
        let has = listed(own.into_iter());
        return QuestionError::NothingAbout { name: name.to_owned(), action, has };
    }
    let like = nearest(name, names.all()).map(str::to_owned);
    QuestionError::Resource { name: name.to_owned(), like }
}

/// The ARNs of all resources and roles.
fn arns(subject: &Subject) -> Vec<&str> {
    let Subject { world, imported, .. } = subject;
    let made = world.resources().keys().chain(world.roles().keys());
    made.chain(imported.keys()).map(String::as_str).collect()
}

/// The ARNs whose end a name contains, as in a row of the matrix: of a resource, or of a table or object in one.
fn whole(name: &str, all: &[&str], names: &Names<'_>) -> Vec<String> {
    let found = all.iter().filter_map(|arn| {
        let target = names.of(arn)?;
        let end = name.strip_prefix(target)?.strip_prefix(' ')?;
        let whole = ArnParts { resource: end, ..ArnParts::parse(arn)? }.to_string();
        (names.of(&whole) == Some(target)).then_some(whole)
    });
    found.collect()
}

/// The resource or an object in it, whichever the action applies to.
fn about(arn: &str, action: Action) -> Option<String> {
    let is_of_s3 = ArnParts::parse(arn).is_some_and(|arn| arn.service == "s3");
    let parts: &[&str] = if is_of_s3 { &["", "/any-object", "/object/any-object"] } else { &[""] };
    let mut parts = parts.iter().map(|part| format!("{arn}{part}"));
    parts.find(|whole| is_about(action, whole, whole).is_ok())
}

/// The first few items, and how many more there are, in words.
fn listed<'a>(several: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = several.len().saturating_sub(SHOWN);
    let mut text = several.take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(" and ");
        text.push_str(&more.to_string());
        text.push_str(" more");
    }
    text
}
