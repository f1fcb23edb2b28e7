//! The revision of a stack: an output that identifies the stack's template and tags.
//!
//! It is an output because changing an output changes no resource. A tag of the stack would be put on every resource
//! with each change. One listing of an account and region (`DescribeStacks`) returns the revisions of all stacks.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::digest::hex;
use crate::{Output, Template};

/// The name of the output.
pub const OUTPUT: &str = "LakewrightRevision";
/// Hexadecimal digits of a revision.
const DIGITS: usize = 32;
/// The placeholder for the revision while it is computed.
const PLACE: &str = "00000000000000000000000000000000";

/// A template's text, including its revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The template's canonical JSON.
    pub json: String,
    /// The SHA-256 of the text's bytes, 64 hexadecimal digits.
    pub digest: String,
    /// The revision: 32 hexadecimal digits of the SHA-256 of the template without it, and of the stack's tags.
    pub revision: String,
}

fn output(value: &str) -> Output {
    Output { value: value.to_owned().into(), description: None, condition: None, export: None }
}

/// The size in bytes that a template has when it is sealed. Costs no digest.
pub fn sealed_bytes(template: &mut Template) -> usize {
    template.outputs.insert(OUTPUT.into(), output(PLACE));
    let bytes = crate::write::template_to_json(template).len();
    template.outputs.remove(OUTPUT);
    bytes
}

/// Adds the output with the revision to a template, and writes the template.
pub fn seal(template: &mut Template, tags: &BTreeMap<String, String>) -> Sealed {
    template.outputs.insert(OUTPUT.into(), output(PLACE));
    let mut json = crate::write::template_to_json(template);
    // Outputs are the last section, so no text of the user follows them.
    let start = json.rfind(PLACE).expect("the output was written");
    let end = start + DIGITS;
    let head = Sha256::new_with_prefix(&json[..start]);
    let mut whole = head.clone().chain_update(&json[start..]);
    for (key, value) in tags {
        whole.update(format!("{}:{key}{}:{value}", key.len(), value.len()));
    }
    let revision = hex(&whole.finalize()[..DIGITS / 2]);
    let digest = hex(&head.chain_update(&revision).chain_update(&json[end..]).finalize());
    json.replace_range(start..end, &revision);
    template.outputs.insert(OUTPUT.into(), output(&revision));
    Sealed { json, digest, revision }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(description: &str, tags: &[(&str, &str)]) -> Sealed {
        let mut template =
            Template { description: Some(description.to_owned().into()), ..Template::default() };
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let sealed = seal(&mut template, &tags.collect());
        assert_eq!(crate::write::template_to_json(&template), sealed.json, "one truth");
        assert_eq!(sealed_bytes(&mut template), sealed.json.len());
        sealed
    }

    #[test]
    fn a_revision_changes_with_the_template_and_with_the_tags() {
        let one = sealed("one", &[("a", "b")]);
        assert_eq!(one, sealed("one", &[("a", "b")]));
        assert_ne!(one.revision, sealed("two", &[("a", "b")]).revision);
        assert_ne!(one.revision, sealed("one", &[("a", "c")]).revision);
        assert_ne!(one.revision, sealed("one", &[("ab", "")]).revision);
        // A text of the user that looks like the placeholder is unchanged.
        let text = PLACE.repeat(3);
        assert!(sealed(&text, &[]).json.contains(&text));
        assert_eq!(one.digest, crate::digest::sha256(one.json.as_bytes()));
    }
}
