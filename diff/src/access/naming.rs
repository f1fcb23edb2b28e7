//! The statements of resource policies and trust policies by the roles that they name.

use std::collections::BTreeMap;

use lakewright_access::document::{Document, PrincipalEntry, Statement};
use lakewright_access::sample::variables;

use super::answers::Worlds;
use super::elements::{Element, all};
use super::subjects::session;

/// What the principal's tags are called in condition keys.
const TAG: &str = "aws:principaltag/";

/// A statement, with the ARN of the resource or role that its document belongs to.
type Owned<'w> = (&'w str, &'w Document, &'w Statement);

/// The statements of both sides that roles take part in because of their names or tags.
#[derive(Debug, Default)]
pub(super) struct Naming<'w> {
    by_role: BTreeMap<String, Vec<Owned<'w>>>,
    /// Statements that depend on the principal's tags.
    by_tag: Vec<Owned<'w>>,
}

impl<'w> Naming<'w> {
    pub(super) fn of(worlds: &Worlds<'w>) -> Self {
        let mut naming = Self::default();
        for world in worlds.both() {
            for (own, resource) in world.resources() {
                naming.add(own, resource.policy.as_ref());
            }
            for (own, role) in world.roles() {
                naming.add(own, Some(&role.trust));
            }
        }
        naming
    }

    fn add(&mut self, own: &'w str, document: Option<&'w Document>) {
        let statements =
            document.into_iter().flat_map(|one| one.statements.iter().map(move |it| (one, it)));
        for (document, statement) in statements {
            let entries = statement.principals.iter().flat_map(|principals| &principals.entries);
            for entry in entries {
                let PrincipalEntry::Arn(arn) = entry else { continue };
                let role = session(arn).map_or_else(|| arn.clone(), |(role, _)| role);
                self.by_role.entry(role).or_default().push((own, document, statement));
            }
            if depends_on_tags(statement) {
                self.by_tag.push((own, document, statement));
            }
        }
    }

    /// The elements of the statements that name a role or depend on its tags, each with the ARN of its document's owner.
    pub(super) fn elements(&self, role: &str) -> Vec<(&'w str, Element)> {
        let named = self.by_role.get(role).into_iter().flatten();
        let mut found = Vec::new();
        for (own, document, statement) in named.chain(&self.by_tag) {
            let document = Document {
                origin: document.origin.clone(),
                has_variables: document.has_variables,
                statements: vec![(*statement).clone()],
                is_partial: document.is_partial,
            };
            let elements = all(std::iter::once(&document));
            found.extend(elements.into_iter().map(|element| (*own, element)));
        }
        found
    }
}

fn depends_on_tags(statement: &Statement) -> bool {
    let values = statement.conditions.iter().flat_map(|condition| &condition.values);
    let mut texts = statement.resources.iter().chain(values);
    statement.conditions.iter().any(|condition| condition.key.starts_with(TAG))
        || texts.any(|text| variables(text).iter().any(|key| key.starts_with(TAG)))
}
