//! Resources by the names that `access` has for them: what they belong to, alone or with the end of an ARN behind it.

use std::collections::BTreeSet;

use lakewright_access::action::Action;
use lakewright_template::arn::ArnParts;

use super::{QuestionError, SHOWN, is_about, nearest};
use crate::subject::{Names, Subject};

/// The ARN of what a name such as `notebook/ID` or `notebook/ID notebook-instance/NAME` stands for: the one thing of it that
/// an action is about. Nothing when it is about none of them.
pub(super) fn resource(
    name: &str,
    action: Action,
    subject: &Subject,
) -> Result<Option<String>, QuestionError> {
    let names = subject.names();
    let all = arns(subject);
    // Of two with one end, such as a pipeline and its repository, the one that the action is about.
    let whole = whole(name, &all, &names);
    let meant = whole.iter().find(|arn| is_about(action, name, arn).is_ok()).or(whole.first());
    if let Some(arn) = meant {
        return Ok(Some(arn.clone()));
    }
    let own = all.into_iter().filter(|arn| names.of(arn) == Some(name));
    // Some have the same ARN: what is made as well as imported.
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

/// What is said of a name that stands for nothing.
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

/// Everything that has a name.
fn arns(subject: &Subject) -> Vec<&str> {
    let Subject { world, imported, .. } = subject;
    let made = world.resources().keys().chain(world.roles().keys());
    made.chain(imported.keys()).map(String::as_str).collect()
}

/// The ARNs that a name gives the end of, as a line of the matrix does: of a resource, or of a table or an object in one.
fn whole(name: &str, all: &[&str], names: &Names<'_>) -> Vec<String> {
    let found = all.iter().filter_map(|arn| {
        let target = names.of(arn)?;
        let end = name.strip_prefix(target)?.strip_prefix(' ')?;
        let whole = ArnParts { resource: end, ..ArnParts::parse(arn)? }.to_string();
        (names.of(&whole) == Some(target)).then_some(whole)
    });
    found.collect()
}

/// What an action is about of a resource: itself, or an object in it.
fn about(arn: &str, action: Action) -> Option<String> {
    let is_of_s3 = ArnParts::parse(arn).is_some_and(|arn| arn.service == "s3");
    let parts: &[&str] = if is_of_s3 { &["", "/any-object", "/object/any-object"] } else { &[""] };
    let mut parts = parts.iter().map(|part| format!("{arn}{part}"));
    parts.find(|whole| is_about(action, whole, whole).is_ok())
}

/// Some of several, in words.
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
