//! The decisions of access governance that differ between two meshes.

use std::collections::BTreeSet;

use lakewright_diff::decisions::{DecisionChange, DecisionExample, DecisionKind};
use lakewright_diff::review::Review;
use lakewright_governance::Governance;
use lakewright_governance::changes::{Change, ChangeKind, changes};
use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::{Date, Mesh, SourceFile};

use crate::mesh::Loaded;

/// The decisions that differ. `None` unless both sides are meshes whose access policies have no errors: others are refused
/// for these errors.
pub(super) fn of(sides: [Option<&Loaded>; 2], day: Option<&Date>) -> Option<Vec<DecisionChange>> {
    let [before, after] = [read(sides[0]?)?, read(sides[1]?)?];
    let govern = |mesh: &Mesh| Governance::of(mesh, day).ok();
    let (old, new) = rayon::join(|| govern(before.mesh), || govern(after.mesh));
    let sources = [before.sources, after.sources];
    let found = changes(&old?, &new?);
    Some(found.into_iter().map(|one| shown(one, sources)).collect())
}

/// A mesh with the files that it comes from.
struct Read<'l> {
    mesh: &'l Mesh,
    sources: &'l [SourceFile],
}

fn read(loaded: &Loaded) -> Option<Read<'_>> {
    Some(Read { mesh: loaded.mesh.as_ref()?, sources: &loaded.sources })
}

fn shown(change: Change, sources: [&[SourceFile]; 2]) -> DecisionChange {
    let Change { kind, actor, but_not, privileges, resources, example, rules, origins } = change;
    let lines = |side: usize| lines(&origins[side], sources[side]);
    DecisionChange {
        kind: match kind {
            ChangeKind::Gained => DecisionKind::Gained,
            ChangeKind::Undecided => DecisionKind::Unknown,
            ChangeKind::Lost => DecisionKind::Lost,
        },
        actor,
        but_not,
        privileges,
        resources,
        example: DecisionExample {
            user: example.actor.user,
            member_of: example.actor.teams.into_iter().collect(),
            roles: example.actor.roles.into_iter().collect(),
            privilege: example.privilege,
            resource: example.resource,
        },
        lines: [lines(0), lines(1)],
        policies: rules,
    }
}

/// Positions as `file:line:column`.
fn lines(origins: &BTreeSet<Origin>, sources: &[SourceFile]) -> Vec<String> {
    let line = |origin: &Origin| {
        let source = usize::try_from(origin.file.0).ok().and_then(|file| sources.get(file));
        let path = source.map_or("the mesh", |source| source.path.as_str());
        format!("{path}:{}:{}", origin.span.line, origin.span.column)
    };
    origins.iter().map(line).collect()
}

/// Says that decisions were not compared, if templates show that policies of a policy store differ.
pub(super) fn note(review: &Review) -> Option<String> {
    let mut resources = review.stacks.iter().flat_map(|stack| &stack.resources);
    let is_stored =
        resources.any(|one| one.resource_type.starts_with("AWS::VerifiedPermissions::"));
    let is_silent = review.decisions.is_none() && is_stored;
    is_silent.then(|| {
        "Policies of a policy store differ. Templates do not tell which decisions differ: compare the meshes.".to_owned()
    })
}
