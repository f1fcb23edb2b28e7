//! Guardrails on templates: ours, or anybody's in a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lakewright_manifest::{Report, SourceFile, render};
use lakewright_proof::lint::{Breach, across, check_with, lakeformation, moved, together};
use lakewright_proof::world::{
    OnUnresolved, Piece, StackTemplate, World, policy_templates, unseen,
};
use lakewright_stacks::Synthesized;
use lakewright_template::resolve::Place;
use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::folder::{Folder, Read, Somewhere, Unread};
use crate::ui::Ui;

/// What one stack says about access, to be looked at with that of the others.
pub(crate) fn piece_of(stack: &Synthesized) -> Result<Piece, Failure> {
    let entry = &stack.entry;
    let place = Place { account: entry.account.clone(), region: entry.region.clone() };
    let template = StackTemplate {
        address: &entry.address(),
        place: &place,
        template: &stack.lowered.template,
        unresolved: OnUnresolved::Fail,
    };
    Piece::of(template).map_err(|error| Failure::unexpected(error.to_string()))
}

/// Checks what stacks show together; each of them has been looked at when it was made.
pub(crate) fn of_pieces(pieces: Vec<Piece>) -> Vec<Breach> {
    across(&World::of(pieces))
}

/// The files of templates, by what breaches call the stack.
pub(crate) type Files = BTreeMap<String, PathBuf>;

/// What is found in a folder of templates.
pub(crate) struct Checked {
    pub(crate) files: Files,
    pub(crate) breaches: Vec<Breach>,
    /// The files that were left out.
    pub(crate) unread: Vec<Unread>,
    /// What of the templates is not looked at, each in a sentence.
    pub(crate) unseen: Vec<String>,
    /// Whether one of them seems to be a template.
    pub(crate) has_unreadable: bool,
}

/// Checks the templates in a folder, with what changes since another one, and says where they are.
///
/// Each template is checked by itself and with those that it is deployed with, so that nothing of the others hides what it
/// shows alone.
pub(crate) fn of_folder(
    folder: &Path,
    base: Option<&Path>,
    somewhere: &Somewhere,
) -> Result<Checked, Failure> {
    let folder = Folder::read(folder, somewhere)?;
    let read = &folder.templates;
    let groups = together_deployed(read);
    let found: Result<Vec<Vec<Breach>>, Failure> =
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

/// The templates that are deployed together: those of which something says where, and of others those of one folder.
fn together_deployed(read: &[Read]) -> Vec<Vec<&Read>> {
    let mut groups: BTreeMap<Option<&Path>, Vec<&Read>> = BTreeMap::new();
    for one in read {
        let folder = one.path.parent().filter(|_| one.is_anywhere);
        groups.entry(folder).or_default().push(one);
    }
    groups.into_values().collect()
}

/// Checks each template of a group by itself, and all of them together.
fn of_group(group: &[&Read]) -> Result<Vec<Breach>, Failure> {
    let pieces: Result<Vec<Piece>, Failure> = group
        .par_iter()
        .map(|one| Piece::of(one.stack()).map_err(|error| Failure::usage(error.to_string())))
        .collect();
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

/// What answers the questions that guardrails leave open. Of anybody's templates nobody has said what they are to give.
pub(crate) fn asked_next(folder: &Path) -> &'static str {
    if folder.join("assembly.json").is_file() {
        "whether access is as it was asked for is what `prove --assembly` says"
    } else {
        "who reaches what is what `access --assembly` says"
    }
}

/// Breaches for people.
pub(crate) fn show(breaches: &[Breach], files: &Files) -> String {
    let lines = breaches.iter().zip(places(breaches, files)).map(|(breach, place)| {
        let Breach { rule, origin, sid, message } = breach;
        let statement = if sid.is_empty() { String::new() } else { format!(" statement {sid}") };
        let place = match place {
            Some((path, Some(line))) => format!("  --> {}:{line}\n  in", path.display()),
            Some((path, None)) => format!("  --> {}\n  in", path.display()),
            None => "  -->".to_owned(),
        };
        format!("error[{}]: {message}\n{place} {origin}{statement}\n", rule.code())
    });
    lines.collect()
}

/// The file of each breach's template, where there is one, and the line in it.
fn places<'f>(breaches: &[Breach], files: &'f Files) -> Vec<Option<(&'f Path, Option<usize>)>> {
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

/// The lines of a template on which its resources and statements stand. A template can have thousands of
/// breaches, so it is read once for all of them.
pub(crate) struct Lines<'t> {
    /// The first line of each key behind `Resources`.
    keys: BTreeMap<&'t str, usize>,
    /// The lines of each word beside a `Sid`, in order.
    sids: BTreeMap<&'t str, Vec<usize>>,
}

impl<'t> Lines<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let (mut keys, mut sids) = (BTreeMap::new(), BTreeMap::<&str, Vec<usize>>::new());
        let mut is_inside = false;
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(key) = key_of(line) {
                if is_inside {
                    keys.entry(key).or_insert(number);
                }
                is_inside |= key == "Resources";
            }
            if line.contains("Sid") {
                let words = line.split(|one: char| !one.is_alphanumeric());
                for word in words.filter(|word| !word.is_empty()) {
                    sids.entry(word).or_default().push(number);
                }
            }
        }
        Self { keys, sids }
    }

    /// The line of a statement, from 1, or of the resource that it is in.
    pub(crate) fn of_part(&self, logical_id: &str, sid: &str) -> Option<usize> {
        let resource = *self.keys.get(logical_id)?;
        let of_statement = self
            .sids
            .get(sid)
            .and_then(|lines| lines.get(lines.partition_point(|line| *line < resource)).copied());
        Some(of_statement.unwrap_or(resource))
    }
}

/// The key that a line begins with.
fn key_of(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches('"');
    let end = line.find(|one: char| !one.is_alphanumeric())?;
    let (key, rest) = line.split_at(end);
    (!key.is_empty() && rest.trim_start_matches('"').starts_with(':')).then_some(key)
}

/// What is wrong with a mesh and with its templates together, in the form that was asked for.
pub(crate) fn show_all(report: &Report, sources: &[SourceFile], breaches: &[Breach], ui: &mut Ui) {
    if ui.is_json() {
        ui.data(&format!("{:#}\n", all_to_json(report, sources, breaches)));
    } else {
        ui.report(report, sources);
        ui.data(&show(breaches, &Files::new()));
    }
}

/// The same for programs.
pub(crate) fn all_to_json(report: &Report, sources: &[SourceFile], breaches: &[Breach]) -> Value {
    let mut data = render::json(report, sources);
    data["guardrails"] = to_json(breaches, &Files::new());
    data
}

/// Breaches for programs.
pub(crate) fn to_json(breaches: &[Breach], files: &Files) -> Value {
    let breaches = breaches.iter().zip(places(breaches, files)).map(|(breach, place)| {
        let Breach { rule, origin, sid, message } = breach;
        json!({
            "file": place.map(|(path, _)| path.display().to_string()),
            "line": place.and_then(|(_, line)| line),
            "code": rule.code(),
            "message": message,
            "stack": &*origin.stack,
            "logical_id": origin.logical_id,
            "property": origin.property,
            "sid": sid,
        })
    });
    breaches.collect()
}
