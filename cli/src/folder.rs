//! A folder of templates: an assembly, what the CDK wrote, or anybody's files in JSON and YAML.
//!
//! One file stops nothing: what is no template, and what cannot be read, is named with its reason, and
//! everything else is looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lakewright_proof::world::{OnUnresolved, StackTemplate};
use lakewright_template::assembly::Assembly;
use lakewright_template::resolve::Place;
use lakewright_template::{Template, read};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde_json::{Value, json};

use crate::exit::Failure;

/// What is taken for the place of a template of which nobody says where it is deployed.
const SAMPLE_ACCOUNT: &str = "111122223333";
const SAMPLE_REGION: &str = "us-east-1";

/// Folders inside folders that are looked into.
const DEPTH: usize = 8;

/// The templates of a folder, and the files that were left out.
pub(crate) struct Folder {
    pub(crate) templates: Vec<Read>,
    pub(crate) unread: Vec<Unread>,
}

/// A template that was read from a file.
pub(crate) struct Read {
    pub(crate) path: PathBuf,
    /// What findings call the stack: its address, or the file's path below the folder.
    pub(crate) address: String,
    pub(crate) place: Place,
    pub(crate) template: Template,
}

/// A file that was left out.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) path: PathBuf,
    pub(crate) reason: String,
    /// Whether it is no template at all, such as another program's file.
    pub(crate) is_foreign: bool,
}

/// Where templates are deployed, where nothing beside them says it.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Somewhere {
    /// The account of templates that nothing else says the account of: 12 digits
    #[arg(long, value_name = "ACCOUNT", requires = "assembly", value_parser = account)]
    pub(crate) account: Option<String>,
    /// The region of such templates
    #[arg(long, value_name = "REGION", requires = "assembly")]
    pub(crate) region: Option<String>,
}

fn account(text: &str) -> Result<String, String> {
    if is_account(text) { Ok(text.to_owned()) } else { Err("expected 12 digits".to_owned()) }
}

impl Read {
    pub(crate) fn stack(&self) -> StackTemplate<'_> {
        StackTemplate {
            address: &self.address,
            place: &self.place,
            template: &self.template,
            unresolved: OnUnresolved::Placeholder,
        }
    }
}

impl Unread {
    /// The file and the reason in one line.
    pub(crate) fn show(&self) -> String {
        let Self { path, reason, is_foreign } = self;
        let path = path.display();
        if *is_foreign {
            format!("{path} is left out, as it is no template of CloudFormation: {reason}")
        } else {
            format!("{path} cannot be read and was not checked: {reason}")
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let Self { path, reason, is_foreign } = self;
        let kind = if *is_foreign { "foreign" } else { "unreadable" };
        json!({ "file": path.display().to_string(), "kind": kind, "reason": reason })
    }
}

impl Folder {
    /// Reads every template in a folder.
    pub(crate) fn read(folder: &Path, somewhere: &Somewhere) -> Result<Self, Failure> {
        let found = templates(folder, somewhere)?;
        let read: Vec<Result<Read, Unread>> = found
            .into_par_iter()
            .map(|(path, address, place)| {
                let unread = |reason: String, is_foreign: bool| Unread {
                    path: path.clone(),
                    reason,
                    is_foreign,
                };
                let text =
                    fs::read_to_string(&path).map_err(|error| unread(error.to_string(), false))?;
                let template = read::template(&text)
                    .map_err(|error| unread(error.to_string(), !is_of_cloudformation(&text)))?;
                Ok(Read { path, address, place, template })
            })
            .collect();
        let (mut templates, mut unread) = (Vec::with_capacity(read.len()), Vec::new());
        for one in read {
            match one {
                Ok(read) => templates.push(read),
                Err(left_out) => unread.push(left_out),
            }
        }
        if templates.is_empty() && unread.is_empty() {
            let message = format!(
                "there is no template in {}; expected an assembly, or templates in JSON or YAML",
                folder.display()
            );
            return Err(Failure::usage(message));
        }
        Ok(Self { templates, unread })
    }

    /// Whether a file that seems to be a template could not be read.
    pub(crate) fn has_unreadable(&self) -> bool {
        self.unread.iter().any(|unread| !unread.is_foreign)
    }
}

/// Whether a text that cannot be read is a template all the same.
fn is_of_cloudformation(text: &str) -> bool {
    // Where the text is not even YAML, its words decide.
    let has_words = || text.contains("AWSTemplateFormatVersion") || text.contains("AWS::");
    read::is_template(text).unwrap_or_else(has_words)
}

/// The templates of an assembly, or every template in a folder.
fn templates(
    folder: &Path,
    somewhere: &Somewhere,
) -> Result<Vec<(PathBuf, String, Place)>, Failure> {
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
        let name = path.strip_prefix(folder).ok().filter(|name| !name.as_os_str().is_empty());
        let name = name.unwrap_or(&path).display().to_string();
        let place = places.remove(&path).unwrap_or_else(|| {
            let account = somewhere.account.clone().or_else(|| account_within(&path));
            Place {
                account: account.unwrap_or_else(|| SAMPLE_ACCOUNT.to_owned()),
                region: somewhere.region.clone().unwrap_or_else(|| SAMPLE_REGION.to_owned()),
            }
        });
        (path, name, place)
    });
    Ok(named.collect())
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
fn account_within(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let before = text.split(":root").next()?;
    let account = before.get(before.len().checked_sub(12)?..)?;
    let is_named = before.len() < text.len() && before[..before.len() - 12].ends_with(":iam::");
    (is_named && is_account(account)).then(|| account.to_owned())
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
    let is_section = |line: &str| {
        let key = line.trim_start_matches(['\u{feff}', '"', '\'']).strip_prefix("Resources");
        key.is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
    };
    text.contains("\"Resources\"") || text.lines().any(is_section)
}
