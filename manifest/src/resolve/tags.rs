//! AWS tags: the keys and values that AWS accepts, and the keys that users may not set.

use std::collections::BTreeMap;

use lakewright_template::intrinsic::is_function_name;
use lakewright_template::limits::{RESOURCE_TAGS, TAG_KEY_CHARACTERS, TAG_VALUE_CHARACTERS, quota};

use super::{Context, at};
use crate::Code;
use crate::diagnostic::{Diagnostic, FileId};
use crate::field::Field;

/// Keys that stacks set themselves. Access depends on them, so users may not set them, in any case of letters.
pub(crate) const RESERVED: [&str; 7] =
    ["Classification", "Creator", "Environment", "Organization", "Target", "Team", "group"];

/// The number of tags that users may set: stacks set at most ten.
const USER_TAGS: usize = RESOURCE_TAGS - 10;

impl Context {
    pub(super) fn tags(
        &mut self,
        file: FileId,
        tags: &Field<BTreeMap<String, Field<String>>>,
    ) -> BTreeMap<String, String> {
        let mut good = BTreeMap::new();
        let Some(entries) = tags.value() else { return good };
        if entries.len() > USER_TAGS {
            let message = format!(
                "{} tags, but AWS takes {USER_TAGS} besides those that stacks set",
                entries.len()
            );
            let diagnostic = Diagnostic::new(Code::LimitExceeded, message)
                .at(at(file, tags), "")
                .help(format!("set fewer tags; {}", quota::RESOURCE_TAGS.raise()));
            self.report.push(diagnostic);
        }
        for (key, field) in entries {
            let lower = key.to_lowercase();
            let is_reserved = RESERVED.iter().any(|reserved| reserved.to_lowercase() == lower)
                || lower.starts_with("aws:")
                || lower.starts_with("lakewright:")
                || is_function_name(key);
            if is_reserved {
                let message = format!("the tag key `{key}` is reserved");
                let diagnostic = Diagnostic::new(Code::ReservedTag, message)
                    .at(at(file, field), "")
                    .help("access depends on reserved tags; choose another key");
                self.report.push(diagnostic);
                continue;
            }
            let is_key = is_tag_text(key, TAG_KEY_CHARACTERS) && !key.is_empty();
            let Some(value) = field.value() else { continue };
            // SageMaker, QuickSight and Step Functions do not accept a tag without a value, according to their schemas.
            if value.is_empty() {
                let diagnostic = Diagnostic::new(Code::InvalidValue, "this tag has no value")
                    .at(at(file, field), "")
                    .help("write a value, or remove the tag");
                self.report.push(diagnostic);
                continue;
            }
            if !is_key || !is_tag_text(value, TAG_VALUE_CHARACTERS) {
                let message = format!(
                    "AWS does not take this tag: at most {TAG_KEY_CHARACTERS} characters for the key and \
                     {TAG_VALUE_CHARACTERS} for the value, letters, digits, spaces and `_.:/=+-@`"
                );
                self.report
                    .push(Diagnostic::new(Code::InvalidValue, message).at(at(file, field), ""));
                continue;
            }
            good.insert(key.clone(), value.clone());
        }
        good
    }
}

fn is_tag_text(text: &str, limit: usize) -> bool {
    text.chars().count() <= limit
        && text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
}
