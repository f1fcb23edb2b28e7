//! Sides whose templates are in memory: what is deployed, and what a deployment makes of it.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_access::world::{OnUnresolved, Piece, PieceError, StackTemplate, World};
use lakewright_proof::intended::Intended;
use lakewright_template::assembly::Provenance;
use lakewright_template::{Place, StackAddress, Template, read, revision};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::{Made, Read, Reviewed, compare, forget_revisions};
use crate::error::{Error, ReadError};
use crate::subject::foreign::{Foreign, LEFT_OUT};
use crate::subject::imported::{self, Imported};
use crate::subject::{StackName, Subject, known};

/// A stack whose template is in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedStack<'a> {
    /// The stack.
    pub address: &'a StackAddress,
    /// The document that the stack belongs to, such as `dataset/sales`.
    pub subject: String,
    /// The template, in JSON or YAML.
    pub text: &'a str,
}

/// The stacks of a mesh before and after a deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deployment<'a> {
    /// The stacks that the deployment changes, as they are deployed.
    pub before: Vec<DeployedStack<'a>>,
    /// The stacks that the deployment changes, as it leaves them.
    pub after: Vec<DeployedStack<'a>>,
    /// The deployed stacks that the deployment leaves unchanged.
    pub unchanged: Vec<DeployedStack<'a>>,
}

/// What is kept of one template.
#[derive(Debug, Clone)]
struct Part {
    address: String,
    subject: String,
    piece: Piece,
    /// Whether every value that concerns access is known.
    is_known: bool,
    /// The imported databases to which only Lake Formation gives access.
    closed: Vec<String>,
}

/// The imported resources of each dataset, by its subject.
type Imports<'m> = BTreeMap<&'m str, Vec<String>>;

/// Reviews a deployment of a mesh. `mesh` has the names, the manifest lines, and the facts that no template states.
///
/// # Errors
///
/// A template cannot be read.
pub fn review_deployment(mesh: Subject, stacks: &Deployment<'_>) -> Result<Reviewed, Error> {
    let Deployment { before, after, unchanged } = stacks;
    let imports = imports(&mesh.imported);
    let kept: Result<Vec<Part>, ReadError> =
        unchanged.par_iter().map(|stack| Ok(part(stack, &imports)?.1)).collect();
    let kept = kept?;
    let mut old = side(parts(before, &imports)?, kept.clone(), &mesh);
    let Read { made, count, subject } = side(parts(after, &imports)?, kept, &mesh);
    // What the deployment makes has the mesh's names and lines.
    let Subject { world, foreign, .. } = subject;
    let mut new = Read { made, count, subject: Subject { world, foreign, ..mesh } };
    for made in &mut new.made {
        let lines = new.subject.provenance.stacks.get(&made.address);
        made.lines = lines.cloned().unwrap_or_default();
    }
    forget_revisions(&mut old);
    forget_revisions(&mut new);
    Ok(compare(&old, &new))
}

/// Reads what is deployed. `mesh` is the other side, with the facts that no template states.
pub(super) fn of_deployed(stacks: &[DeployedStack<'_>], mesh: &Subject) -> Result<Read, ReadError> {
    Ok(side(parts(stacks, &imports(&mesh.imported))?, Vec::new(), mesh))
}

fn imports(imported: &Imported) -> Imports<'_> {
    let mut imports = Imports::new();
    for (arn, subject) in imported {
        imports.entry(subject.as_str()).or_default().push(arn.clone());
    }
    imports
}

fn parts(
    stacks: &[DeployedStack<'_>],
    imports: &Imports<'_>,
) -> Result<Vec<(Made, Part)>, ReadError> {
    stacks
        .par_iter()
        .map(|stack| {
            let (template, part) = part(stack, imports)?;
            let made = Made {
                address: part.address.clone(),
                place: stack.address.place.clone(),
                template,
                lines: BTreeMap::new(),
            };
            Ok((made, part))
        })
        .collect()
}

fn part(stack: &DeployedStack<'_>, imports: &Imports<'_>) -> Result<(Template, Part), ReadError> {
    let DeployedStack { address, subject, text } = stack;
    let template = read::template(text)
        .map_err(|source| ReadError::DeployedTemplate { stack: address.to_string(), source })?;
    let part = part_of(address, subject, &template, imports)?;
    Ok((template, part))
}

fn part_of(
    stack: &StackAddress,
    subject: &str,
    template: &Template,
    imports: &Imports<'_>,
) -> Result<Part, ReadError> {
    let address = stack.to_string();
    let (piece, is_known) = piece(&address, &stack.place, template)?;
    let own = imports.get(subject).map_or(&[][..], Vec::as_slice);
    let closed = imported::closed(template, own);
    Ok(Part { address, subject: subject.to_owned(), piece, is_known, closed })
}

/// A side with this stack alone.
pub(super) fn of_template(
    stack: &StackAddress,
    subject: &str,
    template: Template,
) -> Result<Read, ReadError> {
    let part = part_of(stack, subject, &template, &Imports::new())?;
    let address = part.address.clone();
    let made = Made { address, place: stack.place.clone(), template, lines: BTreeMap::new() };
    Ok(side(vec![(made, part)], Vec::new(), &Subject::default()))
}

/// The access that a template gives, and whether every value that concerns access is known. Of a template that
/// Lakewright wrote, all values are known, unless somebody changed it since.
fn piece(address: &str, place: &Place, template: &Template) -> Result<(Piece, bool), PieceError> {
    let read = |unresolved: OnUnresolved| {
        Piece::of(StackTemplate { address, place, template, unresolved })
    };
    if template.outputs.contains_key(revision::OUTPUT)
        && let Ok(piece) = read(OnUnresolved::Fail)
    {
        return Ok((piece, true));
    }
    Ok((read(OnUnresolved::Placeholder)?, false))
}

/// Combines the stacks of a side.
fn side(parts: Vec<(Made, Part)>, kept: Vec<Part>, mesh: &Subject) -> Read {
    let (mut made, mut all): (Vec<Made>, Vec<Part>) = parts.into_iter().unzip();
    made.sort_by(|one, other| one.address.cmp(&other.address));
    all.extend(kept);
    let count = all.len();
    let is_known = all.iter().all(|part| part.is_known);
    let (mut stacks, mut pieces) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut closed = BTreeSet::new();
    for part in all {
        stacks.push(StackName { address: part.address, subject: part.subject });
        pieces.push(part.piece);
        closed.extend(part.closed);
    }
    let unknown = pieces.iter().flat_map(|piece| piece.unknown().iter().cloned());
    let mut notes: Vec<String> = unknown.collect();
    if !notes.is_empty() {
        notes.push(LEFT_OUT.to_owned());
    }
    let mut world = if is_known {
        World::knowing(pieces, known(&mesh.intended))
    } else {
        World::of_anybody(pieces, false)
    };
    let subjects = mesh.stacks.iter();
    let subjects = subjects.map(|stack| (stack.subject.as_str(), stack.address.as_str()));
    world.add(imported::facts(&mesh.imported, closed, subjects));
    let subject = Subject {
        world,
        intended: Intended::default(),
        stacks,
        provenance: Provenance::default(),
        folders: BTreeMap::new(),
        asked: None,
        imported: Imported::new(),
        reset: Vec::new(),
        miscounted: Vec::new(),
        changed: Vec::new(),
        mesh: mesh.mesh.clone(),
        foreign: Some(Foreign::without_files(notes)),
    };
    Read { made, count, subject }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A role in a template of Lakewright, with another name where a test changes it.
    fn read_as(name: &str) -> bool {
        let text = format!(
            "Parameters: {{Name: {{Type: String}}}}\n\
             Resources:\n\
             \x20 Role:\n\
             \x20   Type: AWS::IAM::Role\n\
             \x20   Properties:\n\
             \x20     RoleName: {name}\n\
             \x20     AssumeRolePolicyDocument:\n\
             \x20       Version: '2012-10-17'\n\
             \x20       Statement:\n\
             \x20         - Effect: Allow\n\
             \x20           Principal: {{Service: glue.amazonaws.com}}\n\
             \x20           Action: sts:AssumeRole\n\
             Outputs:\n\
             \x20 LakewrightRevision: {{Value: '1'}}\n"
        );
        let template = read::template(&text).expect("a template");
        let place = Place::parse("111122223333", "eu-west-1").expect("a place");
        piece("111122223333/eu-west-1/s", &place, &template).expect("a piece").1
    }

    /// Whoever changed a template by hand may have left values to parameters, which is no reason to refuse the review.
    #[test]
    fn a_template_that_was_changed_may_have_unknown_values() {
        assert!(read_as("r"));
        assert!(!read_as("{Ref: Name}"));
    }
}
