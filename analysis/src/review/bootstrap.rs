//! Templates of a bootstrap stack: the new one beside the deployed one, and whether the deployed one is sufficient.

use std::collections::BTreeMap;

use lakewright_diff::access::Relation;
use lakewright_diff::{Stack, change};
use lakewright_manifest::SourceFile;
use lakewright_proof::intended::Intended;
use lakewright_stacks::Synthesized;
use lakewright_template::{LogicalId, ResourceEntry, StackAddress, Template};

use super::deployed::of_template;
use super::{Reviewed, compare, forget_revisions};
use crate::assembly::recorded::Recorded;
use crate::error::Error;

/// The parts of a template that affect no permissions, beside its resources.
const WITHOUT_EFFECT: [&str; 3] = ["/Description", "/Metadata", "/Outputs"];

/// Reviews the bootstrap stack that a mesh asks for, compared with the deployed template. `sources` are the mesh's files.
///
/// # Errors
///
/// A policy of a template cannot be read.
pub fn review(
    made: Synthesized,
    sources: &[SourceFile],
    deployed: &Template,
) -> Result<Reviewed, Error> {
    let Synthesized { entry, mut lowered, .. } = made;
    let Recorded { grants: _, tables, provenance } = Recorded::of(&mut lowered, sources);
    let address = entry.address();
    let subject = format!("{}/{}", entry.kind, entry.id);
    let mut old = of_template(&address, &subject, deployed.clone())?;
    let mut new = of_template(&address, &subject, lowered.template)?;
    for made in &mut new.made {
        made.lines.clone_from(&provenance);
    }
    new.subject.intended = Intended::of_rules(Vec::new(), tables.principals);
    new.subject.provenance.stacks.insert(address.to_string(), provenance);
    forget_revisions(&mut old);
    forget_revisions(&mut new);
    Ok(compare(&old, &new))
}

/// Whether a new template of a stack gives nobody more access than the old one. What cannot be compared may be more.
///
/// # Errors
///
/// A policy of a template cannot be read.
pub fn only_narrows(
    address: &StackAddress,
    before: &Template,
    after: &Template,
) -> Result<bool, Error> {
    let subject = address.to_string();
    let old = of_template(address, &subject, before.clone())?;
    let new = of_template(address, &subject, after.clone())?;
    let Reviewed { review, .. } = compare(&old, &new);
    Ok(review.access.iter().all(|one| one.relation == Relation::Narrower))
}

/// Whether a deployed bootstrap allows its roles everything that `needed` allows them, and is as `wanted` in everything
/// else, including what it denies.
///
/// # Errors
///
/// A policy of a template cannot be read.
pub fn is_enough(
    address: &StackAddress,
    deployed: &Template,
    wanted: &Template,
    needed: &Template,
) -> Result<bool, Error> {
    let (text, lines) = (address.to_string(), BTreeMap::new());
    let stack = |template| Stack { address: &text, place: &address.place, template, lines: &lines };
    let changes = change::stacks(&[stack(deployed)], &[stack(wanted)]);
    let is_as_wanted = changes.iter().all(|changed| {
        let mut others = changed.others.iter();
        others.all(|one| WITHOUT_EFFECT.iter().any(|part| one.path.starts_with(part)))
            && changed
                .resources
                .iter()
                .all(|one| [deployed, wanted].iter().all(|side| only_allows(side, &one.logical_id)))
    });
    Ok(is_as_wanted && only_narrows(address, deployed, needed)?)
}

/// Whether a resource, if the template has it, is a policy of roles that only allows. How the permissions of a role are
/// divided among its policies changes with every permission.
fn only_allows(template: &Template, id: &LogicalId) -> bool {
    template.resources.get(id).is_none_or(|resource| is_of_role(resource) && !denies(resource))
}

fn is_of_role(resource: &ResourceEntry) -> bool {
    match resource.kind.as_ref() {
        "AWS::IAM::ManagedPolicy" => resource.properties.get("Roles").is_some(),
        "AWS::IAM::RolePolicy" => true,
        _ => false,
    }
}

/// Whether a statement of a policy denies, or may deny.
fn denies(resource: &ResourceEntry) -> bool {
    let mut is_denying = false;
    for (_, value) in resource.properties.iter() {
        value.walk(&mut |value| {
            let effect = value.as_map().and_then(|statement| statement.get("Effect"));
            is_denying |= effect.is_some_and(|effect| effect.as_text() != Some("Allow"));
        });
    }
    is_denying
}

#[cfg(test)]
mod tests;
