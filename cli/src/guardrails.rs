//! Guardrails on templates: ours, or anybody's in a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lakewright_manifest::{Report, SourceFile, render};
use lakewright_proof::lint::{Breach, across, check, lakeformation, moved};
use lakewright_proof::world::{OnUnresolved, Piece, StackTemplate, World};
use lakewright_template::assembly::Assembly;
use lakewright_template::resolve::Place;
use lakewright_template::{Template, read};
use rayon::iter::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::synthesis::Found;
use crate::ui::Ui;

/// What is taken for the account of a template of which nobody says where it is deployed.
const SAMPLE_ACCOUNT: &str = "111122223333";
const SAMPLE_REGION: &str = "us-east-1";

/// Folders inside folders that are looked into.
const DEPTH: usize = 8;

/// Checks what synthesized stacks show together; each of them has been looked at when it was made.
pub(crate) fn of_stacks(found: &[Found]) -> Result<Vec<Breach>, Failure> {
    let pieces: Result<Vec<Piece>, Failure> = found
        .par_iter()
        .map(|one| {
            let entry = &one.stack.entry;
            let place = Place { account: entry.account.clone(), region: entry.region.clone() };
            let stack = StackTemplate {
                address: &entry.address(),
                place: &place,
                template: &one.stack.lowered.template,
                unresolved: OnUnresolved::Fail,
            };
            Piece::of(stack).map_err(|error| Failure::unexpected(error.to_string()))
        })
        .collect();
    Ok(across(&World::of(pieces?)))
}

/// The files of templates, by what breaches call the stack.
pub(crate) type Files = BTreeMap<String, PathBuf>;

/// A template that was read from a file.
struct Read {
    path: PathBuf,
    address: String,
    place: Place,
    template: Template,
}

impl Read {
    fn stack(&self) -> StackTemplate<'_> {
        StackTemplate {
            address: &self.address,
            place: &self.place,
            template: &self.template,
            unresolved: OnUnresolved::Placeholder,
        }
    }
}

/// Checks the templates in a folder, with what changes since another one, and says where they are.
pub(crate) fn of_folder(
    folder: &Path,
    base: Option<&Path>,
) -> Result<(Files, Vec<Breach>), Failure> {
    let read = read_folder(folder)?;
    let pieces: Result<Vec<Piece>, Failure> = read
        .par_iter()
        .map(|one| Piece::of(one.stack()).map_err(|error| Failure::usage(error.to_string())))
        .collect();
    let mut breaches = check(&World::of(pieces?));
    let stacks: Vec<StackTemplate<'_>> = read.iter().map(Read::stack).collect();
    breaches.extend(lakeformation(&stacks));
    if let Some(base) = base {
        let base = read_folder(base)?;
        let before: Vec<StackTemplate<'_>> = base.iter().map(Read::stack).collect();
        breaches.extend(moved(&before, &stacks));
    }
    breaches.sort();
    let files = read.into_iter().map(|one| (one.address, one.path)).collect();
    Ok((files, breaches))
}

fn read_folder(folder: &Path) -> Result<Vec<Read>, Failure> {
    let templates = templates(folder)?;
    if templates.is_empty() {
        let message = format!(
            "there is no template in {}; expected an assembly, or templates in JSON or YAML",
            folder.display()
        );
        return Err(Failure::usage(message));
    }
    let read = templates.into_par_iter().map(|(path, address, place)| {
        let text = fs::read_to_string(&path).map_err(|error| {
            Failure::usage(format!("{} cannot be read: {error}", path.display()))
        })?;
        let template = read::template(&text)
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
        Ok(Read { path, address, place, template })
    });
    read.collect()
}

/// The templates of an assembly, or every template in a folder.
fn templates(folder: &Path) -> Result<Vec<(PathBuf, String, Place)>, Failure> {
    if let Ok(text) = fs::read_to_string(folder.join("assembly.json"))
        && let Ok(assembly) = serde_json::from_str::<Assembly>(&text)
    {
        let stacks = assembly.stacks.into_iter().map(|entry| {
            let place = Place { account: entry.account.clone(), region: entry.region.clone() };
            (folder.join(&entry.template), entry.address(), place)
        });
        return Ok(stacks.collect());
    }
    let mut files = Vec::new();
    collect(folder, 0, &mut files)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", folder.display())))?;
    files.sort();
    let mut places = BTreeMap::new();
    for parent in files.iter().filter_map(|path| path.parent()).collect::<BTreeSet<_>>() {
        places.extend(places_of(parent));
    }
    let named = files.into_iter().map(|path| {
        let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
        let place = places.remove(&path).or_else(|| place_within(&path));
        (path, name, place.unwrap_or_else(|| in_account(SAMPLE_ACCOUNT)))
    });
    Ok(named.collect())
}

fn in_account(account: &str) -> Place {
    Place { account: account.to_owned(), region: SAMPLE_REGION.to_owned() }
}

/// Where the templates of a folder are deployed, when a CDK cloud assembly says so.
fn places_of(folder: &Path) -> BTreeMap<PathBuf, Place> {
    let text = fs::read_to_string(folder.join("manifest.json")).unwrap_or_default();
    let manifest: Value = serde_json::from_str(&text).unwrap_or_default();
    let artifacts = manifest["artifacts"].as_object().into_iter().flatten();
    let places = artifacts.filter_map(|(_, artifact)| {
        let environment = artifact["environment"].as_str()?.strip_prefix("aws://")?;
        let (account, region) = environment.split_once('/')?;
        let file = artifact["properties"]["templateFile"].as_str()?;
        let place = Place { account: account.to_owned(), region: region.to_owned() };
        is_account(account).then(|| (folder.join(file), place))
    });
    places.collect()
}

/// The account that a template names as such, as policies of keys do.
fn place_within(path: &Path) -> Option<Place> {
    let text = fs::read_to_string(path).ok()?;
    let before = text.split(":root").next()?;
    let account = before.get(before.len().checked_sub(12)?..)?;
    let is_named = before.len() < text.len() && before[..before.len() - 12].ends_with(":iam::");
    (is_named && is_account(account)).then(|| in_account(account))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if folder.is_file() {
        files.push(folder.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if depth < DEPTH {
                collect(&path, depth + 1, files)?;
            }
            continue;
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_text =
            extension.is_some_and(|name| ["json", "template", "yaml", "yml"].contains(&name));
        // Other files of an assembly lie beside its templates.
        if is_text && fs::read_to_string(&path).is_ok_and(|text| has_resources(&text)) {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a text has a section of resources, as templates have.
fn has_resources(text: &str) -> bool {
    text.contains("\"Resources\"") || text.lines().any(|line| line.starts_with("Resources:"))
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
        Some((path, lines.get(path).and_then(|lines| lines.of_breach(breach))))
    };
    breaches.iter().map(place).collect()
}

/// The lines of a template on which its resources and statements stand. A template can have thousands of
/// breaches, so it is read once for all of them.
struct Lines<'t> {
    /// The first line of each key behind `Resources`.
    keys: BTreeMap<&'t str, usize>,
    /// The lines of each word beside a `Sid`, in order.
    sids: BTreeMap<&'t str, Vec<usize>>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
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

    /// The line that a breach is about, from 1: of its statement, or of its resource.
    fn of_breach(&self, breach: &Breach) -> Option<usize> {
        let resource = *self.keys.get(breach.origin.logical_id.as_str())?;
        let of_statement = self
            .sids
            .get(breach.sid.as_str())
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
