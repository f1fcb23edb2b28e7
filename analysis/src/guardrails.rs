//! Checks guardrails on the templates of a mesh or on anybody's templates in a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lakewright_access::world::{
    OnUnresolved, Piece, StackTemplate, World, policy_templates, unseen,
};
use lakewright_guardrails::{Breach, across, check_with, lakeformation, moved, together};
use lakewright_template::{StackAddress, Template};
use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};

use crate::error::{Error, ReadError};
use crate::folder::{Folder, Read, Somewhere, Unread};
use crate::lines::Lines;

/// A stack's facts about access, to be checked together with other stacks. No rule looks at Lake Formation's
/// permissions of several stacks, so they are left out: with them, `check` of 10,000 datasets took a sixth more memory.
///
/// # Errors
///
/// The template cannot be read: a defect of Lakewright.
pub fn piece_of(address: &StackAddress, template: &Template) -> Result<Piece, Error> {
    let stack = StackTemplate {
        address: &address.to_string(),
        place: &address.place,
        template,
        unresolved: OnUnresolved::Fail,
    };
    let mut piece = Piece::of(stack).map_err(Error::Made)?;
    drop(piece.take_lake());
    Ok(piece)
}

/// Checks the guardrails that need several stacks. Each stack was checked individually when it was synthesized.
pub fn of_pieces(pieces: Vec<Piece>) -> Vec<Breach> {
    across(&World::of(pieces))
}

/// The files of templates, by the stack's name in breaches.
pub type Files = BTreeMap<String, PathBuf>;

/// The result of checking a folder of templates.
#[derive(Debug)]
pub struct Checked {
    /// The templates' files.
    pub files: Files,
    /// What guardrails find in them.
    pub breaches: Vec<Breach>,
    /// The files that were left out.
    pub unread: Vec<Unread>,
    /// The parts of the templates that are not checked, each in a sentence.
    pub unseen: Vec<String>,
    /// Whether a file that was left out seems to be a template.
    pub has_unreadable: bool,
}

/// Checks the templates in a folder, and their changes since the templates in `base`.
///
/// Each template is checked individually and together with those that are deployed with it, so that the other templates
/// hide no finding.
///
/// # Errors
///
/// A folder or a template's policies cannot be read, or there is no template.
pub fn of_folder(
    folder: &Path,
    base: Option<&Path>,
    somewhere: &Somewhere,
) -> Result<Checked, ReadError> {
    let folder = Folder::read(folder, somewhere)?;
    let read = &folder.templates;
    let groups = together_deployed(read);
    let found: Result<Vec<Vec<Breach>>, ReadError> =
        groups.into_par_iter().map(|group| of_group(&group)).collect();
    let mut breaches: Vec<Breach> = found?.into_iter().flatten().collect();
    let stacks: Vec<StackTemplate<'_>> = read.iter().map(Read::stack).collect();
    let others = folder.others();
    let unseen = |stack: &StackTemplate<'_>| {
        unseen(*stack, &others).into_iter().chain(policy_templates(*stack))
    };
    let unseen = stacks.iter().flat_map(unseen).collect();
    breaches.extend(lakeformation(&stacks));
    if let Some(base) = base {
        let base = Folder::read(base, somewhere)?;
        let before: Vec<StackTemplate<'_>> = base.templates.iter().map(Read::stack).collect();
        breaches.extend(moved(&before, &stacks));
    }
    breaches.sort();
    breaches.dedup();
    let has_unreadable = folder.has_unreadable();
    let Folder { templates, unread } = folder;
    let files = templates.into_iter().map(|one| (one.address, one.path)).collect();
    Ok(Checked { files, breaches, unread, unseen, has_unreadable })
}

/// Groups of templates that are deployed together: all templates with a known place, and the others by folder.
fn together_deployed(read: &[Read]) -> Vec<Vec<&Read>> {
    let mut groups: BTreeMap<Option<&Path>, Vec<&Read>> = BTreeMap::new();
    for one in read {
        let folder = one.path.parent().filter(|_| one.is_anywhere);
        groups.entry(folder).or_default().push(one);
    }
    groups.into_values().collect()
}

/// Checks each template of a group individually, and all of them together.
fn of_group(group: &[&Read]) -> Result<Vec<Breach>, ReadError> {
    let pieces: Result<Vec<Piece>, ReadError> =
        group.par_iter().map(|one| Ok(Piece::of(one.stack())?)).collect();
    let pieces = pieces?;
    let boundaries: BTreeSet<String> =
        pieces.iter().flat_map(Piece::boundaries).map(str::to_owned).collect();
    let each = pieces.par_iter();
    let each = each.map(|piece| check_with(&World::of(vec![piece.clone()]), &boundaries));
    let mut breaches: Vec<Breach> = each.flatten_iter().collect();
    if pieces.len() > 1 {
        breaches.extend(together(&World::of(pieces)));
    }
    Ok(breaches)
}

/// The file of each breach's template, if there is one, and the line of the breach, from 1.
pub fn places<'f>(breaches: &[Breach], files: &'f Files) -> Vec<Option<(&'f Path, Option<usize>)>> {
    let path_of = |breach: &Breach| files.get(&*breach.origin.stack).map(PathBuf::as_path);
    let paths: BTreeSet<&Path> = breaches.iter().filter_map(path_of).collect();
    let texts: BTreeMap<&Path, String> =
        paths.into_iter().filter_map(|path| Some((path, fs::read_to_string(path).ok()?))).collect();
    let lines: BTreeMap<&Path, Lines<'_>> =
        texts.iter().map(|(path, text)| (*path, Lines::of(text))).collect();
    let place = |breach: &Breach| {
        let path = path_of(breach)?;
        let line = |lines: &Lines<'_>| lines.of_part(&breach.origin.logical_id, &breach.sid);
        Some((path, lines.get(path).and_then(line)))
    };
    breaches.iter().map(place).collect()
}
