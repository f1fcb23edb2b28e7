//! The tags that policies name. No other tag takes part in a decision.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::document::{Document, Statement};
use lakewright_access::world::World;
use lakewright_template::resolve::UNKNOWN;

use super::answers::Worlds;

/// The end of the words before a tag's key, as in the condition key `aws:ResourceTag/Team` and in the policy variable
/// `${aws:PrincipalTag/Team}`.
const MARK: &str = "tag/";

/// The tags of a role or resource.
type Tags = BTreeMap<String, String>;

/// The keys of the tags that the policies of both sides name, in lower case: tag keys in condition keys are
/// case-insensitive.
#[derive(Debug, Default)]
pub(super) struct NamedTags {
    keys: BTreeSet<String>,
    /// Whether a key is known only at deployment, so that it may be any.
    has_unknown: bool,
}

impl NamedTags {
    pub(super) fn of(worlds: &Worlds<'_>) -> Self {
        let mut named = Self::default();
        for world in worlds.both() {
            for document in documents(world) {
                for statement in &document.statements {
                    named.add(statement);
                }
            }
        }
        named
    }

    fn add(&mut self, statement: &Statement) {
        self.add_text(statement.resources.iter().map(String::as_str));
        for condition in &statement.conditions {
            self.has_unknown |= condition.key.contains(UNKNOWN);
            self.add_text(std::iter::once(condition.key.as_str()));
            self.add_text(condition.values.iter().map(String::as_str));
        }
    }

    fn add_text<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        for text in texts.filter(|text| text.contains('/')) {
            let text = text.to_ascii_lowercase();
            for (at, _) in text.match_indices(MARK) {
                let rest = text.get(at + MARK.len()..).unwrap_or_default();
                let key = rest.split(['}', ',']).next().unwrap_or_default().trim_end();
                // The mark of what is unknown has a brace.
                self.has_unknown |= key.contains('{');
                self.keys.insert(key.to_owned());
            }
        }
    }

    /// Whether tags that a policy names differ.
    pub(super) fn differ(&self, before: Option<&Tags>, after: Option<&Tags>) -> bool {
        let of = |tags: Option<&Tags>| {
            let mut named = BTreeMap::new();
            for (key, value) in tags.into_iter().flatten() {
                let key = key.to_ascii_lowercase();
                if self.has_unknown || self.keys.contains(&key) {
                    named.entry(key).or_insert_with(|| value.clone());
                }
            }
            (tags.is_some(), named)
        };
        before != after && of(before) != of(after)
    }
}

/// All documents that decide.
fn documents(world: &World) -> impl Iterator<Item = &Document> {
    let roles = world.roles().values();
    let of_roles = roles.flat_map(|role| {
        let identity = role.identity.iter().map(|document| &**document);
        identity.chain([&role.trust])
    });
    let managed = world.managed().values().map(|document| &**document);
    let resources = world.resources().values().filter_map(|resource| resource.policy.as_ref());
    let organization = world.organization();
    let bound = organization.scps.iter().chain(&organization.rcps).map(|one| &one.document);
    of_roles.chain(managed).chain(resources).chain(bound).chain(world.session())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: "AWS global condition context keys" and "IAM policy elements: Variables and tags" in the IAM user guide: tag keys
    /// in condition keys do not distinguish case; a variable may have a default behind a comma.
    #[test]
    fn only_tags_that_policies_name_count() {
        let mut named = NamedTags::default();
        let texts = ["aws:resourcetag/team", "arn:aws:s3:::b/${aws:PrincipalTag/Stage, 'dev'}/x"];
        named.add_text(texts.into_iter());
        let tags = |key: &str| Tags::from([(key.to_owned(), "a".to_owned())]);
        for (key, is_named) in [("Team", true), ("stage", true), ("Release", false)] {
            assert_eq!(named.differ(Some(&Tags::new()), Some(&tags(key))), is_named, "{key}");
        }
        assert!(named.differ(None, Some(&tags("Release"))));
        named.add_text(std::iter::once(format!("aws:ResourceTag/{UNKNOWN}").as_str()));
        assert!(named.differ(Some(&Tags::new()), Some(&tags("Release"))));
    }
}
