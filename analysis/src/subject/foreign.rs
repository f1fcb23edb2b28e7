//! Reads the access that anybody's templates grant: the output of the CDK, SAM templates, or files written by hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lakewright_access::document::Origin;
use lakewright_access::world::{More, Piece, Role, World, policy_templates};
use lakewright_proof::intended::Intended;
use lakewright_template::assembly::Provenance;
use lakewright_template::resolve::UNKNOWN;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::{Imported, StackName, Subject};
use crate::error::ReadError;
use crate::folder::{Folder, Read, Somewhere, Unread};
use crate::lines::Lines;
use crate::words::count;

/// The files of anybody's folder of templates, and notes on them.
#[derive(Debug)]
pub struct Foreign {
    /// The file of each stack, by its address.
    files: BTreeMap<String, PathBuf>,
    /// What was left out and what was assumed, each in a line.
    pub notes: Vec<String>,
}

/// The note if a part of the templates is left out.
pub(crate) const LEFT_OUT: &str =
    "every answer leaves that out, so nothing but an explicit denial is certain";

/// Reads anybody's folder of templates. There is no intended access.
pub(super) fn of_folder(path: &Path, somewhere: &Somewhere) -> Result<Subject, ReadError> {
    let folder = Folder::read(path, somewhere)?;
    let others = folder.others();
    let pieces: Result<Vec<Piece>, ReadError> =
        folder.templates.par_iter().map(|one| Ok(Piece::among(one.stack(), &others)?)).collect();
    let pieces = pieces?;
    let has_unreadable = folder.has_unreadable();
    let mut notes: Vec<String> = Unread::lines(&folder.unread);
    notes.extend(pieces.iter().flat_map(|piece| piece.unknown().iter().cloned()));
    if has_unreadable || pieces.iter().any(|piece| !piece.unknown().is_empty()) {
        notes.push(LEFT_OUT.to_owned());
    }
    notes.extend(folder.templates.iter().flat_map(|one| policy_templates(one.stack())));
    notes.extend(anywhere(&folder.templates));
    let world = World::of_anybody(pieces, has_unreadable);
    let stacks = folder
        .templates
        .iter()
        .map(|one| StackName { address: one.address.clone(), subject: one.address.clone() });
    let stacks = stacks.collect();
    let files = folder.templates.into_iter().map(|one| (one.address, one.path)).collect();
    Ok(Subject {
        reset: Vec::new(),
        miscounted: Vec::new(),
        world,
        intended: Intended::default(),
        stacks,
        provenance: Provenance::default(),
        folders: BTreeMap::new(),
        asked: None,
        imported: Imported::new(),
        changed: Vec::new(),
        mesh: path.display().to_string(),
        foreign: Some(Foreign { files, notes }),
    })
}

/// The note on the assumed account and region of templates.
fn anywhere(templates: &[Read]) -> Option<String> {
    let anywhere: Vec<&Read> = templates.iter().filter(|one| one.is_anywhere).collect();
    let place = &anywhere.first()?.place;
    Some(format!(
        "nothing says where {} deployed: the account {} and the region {} are taken; --account and --region give others",
        if anywhere.len() == 1 {
            "1 template is".to_owned()
        } else {
            format!("{} are", count(anywhere.len(), "template"))
        },
        place.account,
        place.region
    ))
}

impl Foreign {
    /// Notes on templates that no file has.
    pub(crate) fn without_files(notes: Vec<String>) -> Self {
        Self { files: BTreeMap::new(), notes }
    }

    /// The file and line of a statement, as `FILE:LINE`.
    pub fn lines_of(&self, origin: &Origin, sid: &str) -> Vec<String> {
        let Some(path) = self.files.get(&*origin.stack) else { return Vec::new() };
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = Lines::of(&text).of_part(&origin.logical_id, sid);
        let path = path.display();
        vec![line.map_or_else(|| path.to_string(), |line| format!("{path}:{line}"))]
    }
}

/// Notes on access that is in no row of the matrix, because the policies or resources are not known.
pub fn in_no_row(world: &World) -> Vec<String> {
    let has_unknown = |role: &&Role| {
        role.has_foreign_policies
            || role.more != More::Nothing
            || role.identity.iter().any(|document| document.is_partial)
    };
    let roles = world.roles().values().filter(has_unknown).count();
    let documents = world.roles().values().flat_map(|role| &role.identity);
    let statements = documents.flat_map(|document| &document.statements);
    let is_open = |arn: &String| arn.contains(UNKNOWN);
    let open = statements.filter(|one| one.is_allow && one.resources.iter().any(is_open)).count();
    let mut notes = Vec::new();
    if roles > 0 {
        notes.push(format!(
            "{} with policies that no template contains, or that are only known at deployment: what these give is in no row",
            count(roles, "role")
        ));
    }
    if open > 0 {
        notes.push(format!(
            "{} about resources that are only known at deployment: what these give is in no row",
            count(open, "statement")
        ));
    }
    notes
}
