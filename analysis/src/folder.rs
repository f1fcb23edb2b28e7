//! Reads a folder of templates: an assembly, the output of the CDK, or anybody's JSON and YAML files.
//!
//! No single file stops the reading: a file that is no template, or cannot be read, is listed with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lakewright_access::world::{OnUnresolved, StackTemplate};
use lakewright_template::assembly::Assembly;
use lakewright_template::place::Place;
use lakewright_template::resolve::{Neighbour, Others};
use lakewright_template::{AccountId, Region};
use lakewright_template::{ResourceEntry, Template, Value as Item, read};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde_json::Value;

use crate::error::ReadError;

/// The account and region that are assumed for a template if nothing determines them.
const SAMPLE_ACCOUNT: &str = "111122223333";
const SAMPLE_REGION: &str = "us-east-1";

/// The number of files listed individually that are no templates.
const SHOWN: usize = 5;

/// The maximum depth of nested folders that are read.
const DEPTH: usize = 8;

/// The templates of a folder, and the files that were left out.
#[derive(Debug)]
pub struct Folder {
    /// The templates, sorted by path.
    pub templates: Vec<Read>,
    /// The files that were left out.
    pub unread: Vec<Unread>,
}

/// A template that was read from a file.
#[derive(Debug)]
pub struct Read {
    /// The file.
    pub path: PathBuf,
    /// The stack's name in findings: its address, or the file's path below the folder.
    pub address: String,
    /// The account and region of the stack.
    pub place: Place,
    /// The template.
    pub template: Template,
    /// The stack's name, if something besides the template determines it.
    pub name: Option<String>,
    /// The addresses of the nested stacks whose templates are in the folder, by logical id.
    pub nested: BTreeMap<String, String>,
    /// Whether its account and region are assumed.
    pub is_anywhere: bool,
    /// The pseudo parameters whose values are known.
    pub told: Vec<&'static str>,
}

/// A file that was left out.
#[derive(Debug)]
pub struct Unread {
    /// The file.
    pub path: PathBuf,
    /// Why it was left out.
    pub reason: String,
    /// Whether it is not a template, such as another program's file.
    pub is_foreign: bool,
}

/// The account and region of templates if nothing besides them determines these.
#[derive(Debug, Clone, Default)]
pub struct Somewhere {
    /// The account of these templates.
    pub account: Option<AccountId>,
    /// The region of these templates.
    pub region: Option<Region>,
    /// The address of a template that is given as a single file, instead of its path. Two files that are compared are the
    /// same stack.
    pub file: Option<String>,
}

impl Read {
    /// The template with its address and place, to be analyzed.
    pub fn stack(&self) -> StackTemplate<'_> {
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
    pub fn show(&self) -> String {
        let Self { path, reason, is_foreign } = self;
        let path = path.display();
        if *is_foreign {
            format!("{path} is left out, as it is not a CloudFormation template: {reason}")
        } else {
            format!("{path} cannot be read and was not checked: {reason}")
        }
    }

    /// One line for each file that was left out, unreadable files first.
    pub fn lines(all: &[Self]) -> Vec<String> {
        let broken = all.iter().filter(|one| !one.is_foreign).map(Self::show);
        broken.chain(Self::foreign(all)).collect()
    }

    /// Lines for the files that are no templates: the first ones individually, then the number of the others.
    pub fn foreign(all: &[Self]) -> Vec<String> {
        let foreign = || all.iter().filter(|one| one.is_foreign);
        let mut lines: Vec<String> = foreign().take(SHOWN).map(Self::show).collect();
        let more = foreign().count().saturating_sub(SHOWN);
        if more > 0 {
            lines.push(format!("{more} more files are left out, as they are no templates; `check --assembly --format json` lists them"));
        }
        lines
    }
}

impl Folder {
    /// Reads every template in a folder.
    ///
    /// # Errors
    ///
    /// The folder cannot be read, or contains no template.
    pub fn read(folder: &Path, somewhere: &Somewhere) -> Result<Self, ReadError> {
        let (found, others) = templates(folder, somewhere)?;
        let read: Vec<Result<Read, Unread>> = found
            .into_par_iter()
            .map(|Found { path, address, place, name, is_anywhere, told }| {
                let unread = |reason: String, is_foreign: bool| Unread {
                    path: path.clone(),
                    reason,
                    is_foreign,
                };
                let text =
                    fs::read_to_string(&path).map_err(|error| unread(error.to_string(), false))?;
                let template = read::template(&text)
                    .map_err(|error| unread(error.to_string(), !is_of_cloudformation(&text)))?;
                let nested = BTreeMap::new();
                Ok(Read { path, address, place, template, name, nested, is_anywhere, told })
            })
            .collect();
        let mut unread = others;
        let mut templates = Vec::with_capacity(read.len());
        for one in read {
            match one {
                Ok(read) => templates.push(read),
                Err(left_out) => unread.push(left_out),
            }
        }
        if templates.is_empty() && unread.iter().all(|one| one.is_foreign) {
            return Err(ReadError::NoTemplate { folder: folder.to_owned(), left_out: unread });
        }
        nest(&mut templates);
        Ok(Self { templates, unread })
    }

    /// Whether a folder or file has anything that looks like a CloudFormation template.
    pub fn has_template(path: &Path) -> bool {
        let (mut files, mut others) = (Vec::new(), Vec::new());
        let is_read = collect(path, 0, &mut files, &mut others).is_ok();
        let is_template =
            |path: &PathBuf| fs::read_to_string(path).is_ok_and(|text| is_of_cloudformation(&text));
        is_read && files.iter().any(is_template)
    }

    /// The values that the stacks take from each other.
    pub fn others(&self) -> Others {
        let stacks = self.templates.iter().map(|one| Neighbour {
            scope: &one.address,
            place: &one.place,
            template: &one.template,
            name: one.name.as_deref(),
            nested: &one.nested,
            told: &one.told,
        });
        Others::of(&stacks.collect::<Vec<_>>())
    }

    /// Whether a file that seems to be a template could not be read.
    pub fn has_unreadable(&self) -> bool {
        self.unread.iter().any(|unread| !unread.is_foreign)
    }
}

/// Finds the templates of nested stacks. They are deployed in the account and region of their parent.
fn nest(templates: &mut [Read]) {
    let mut pairs = Vec::new();
    for (parent, read) in templates.iter().enumerate() {
        for (id, resource) in &read.template.resources {
            let file = template_of(resource).and_then(|file| {
                let file = read.path.parent()?.join(file);
                fs::canonicalize(file).ok()
            });
            let is_it = |other: &Read| file.is_some() && fs::canonicalize(&other.path).ok() == file;
            if let Some(child) = templates.iter().position(is_it) {
                pairs.push((parent, id.to_string(), child));
            }
        }
    }
    for (parent, id, child) in &pairs {
        let address = templates[*child].address.clone();
        templates[*parent].nested.insert(id.clone(), address);
    }
    // One step for each level of nesting.
    for _ in 0..DEPTH {
        for (parent, _, child) in &pairs {
            if templates[*child].is_anywhere {
                templates[*child].place = templates[*parent].place.clone();
                templates[*child].is_anywhere = templates[*parent].is_anywhere;
                let told = templates[*parent].told.clone();
                templates[*child].told = told;
            }
        }
    }
}

/// The file of a nested stack's template, relative to its parent's template. Sources: the metadata `aws:asset:path`
/// that the CDK writes; "Location" of `AWS::Serverless::Application` in the AWS SAM developer guide.
fn template_of(resource: &ResourceEntry) -> Option<&str> {
    let property = match resource.kind.as_ref() {
        "AWS::CloudFormation::Stack" => "TemplateURL",
        "AWS::Serverless::Application" => "Location",
        _ => return None,
    };
    let asset = resource.metadata.get("aws:asset:path");
    asset.or_else(|| resource.properties.get(property)).and_then(Item::as_text)
}

/// Whether a text that cannot be read is nevertheless a template.
fn is_of_cloudformation(text: &str) -> bool {
    // If the text is not valid YAML, its words decide.
    let words = ["AWSTemplateFormatVersion", "AWS::", "Resources:", "\"Resources\""];
    let has_words = || words.iter().any(|word| text.contains(word));
    read::is_template(text).unwrap_or_else(has_words)
}

/// A file to read.
struct Found {
    path: PathBuf,
    address: String,
    place: Place,
    name: Option<String>,
    is_anywhere: bool,
    told: Vec<&'static str>,
}

/// The templates of an assembly, or every template in a folder; and the files that look like templates but are none.
fn templates(folder: &Path, somewhere: &Somewhere) -> Result<(Vec<Found>, Vec<Unread>), ReadError> {
    if let Ok(text) = fs::read_to_string(folder.join("assembly.json"))
        && let Ok(assembly) = serde_json::from_str::<Assembly>(&text)
    {
        let stacks = assembly.stacks.into_iter().map(|entry| {
            let place = entry.place();
            Found {
                path: folder.join(&entry.template),
                address: entry.address().to_string(),
                place,
                name: Some(entry.name),
                is_anywhere: false,
                told: told(true, true),
            }
        });
        return Ok((stacks.collect(), Vec::new()));
    }
    let (mut files, mut others) = (Vec::new(), Vec::new());
    collect(folder, 0, &mut files, &mut others).map_err(ReadError::unreadable(folder))?;
    files.sort();
    others.sort_by(|one: &Unread, other| one.path.cmp(&other.path));
    let mut places = BTreeMap::new();
    for parent in files.iter().filter_map(|path| path.parent()).collect::<BTreeSet<_>>() {
        places.extend(places_of(parent));
    }
    let named = files.into_iter().map(|path| {
        let name = path.strip_prefix(folder).ok().filter(|name| !name.as_os_str().is_empty());
        let name = match (name, &somewhere.file) {
            (Some(name), _) => name.display().to_string(),
            (None, Some(file)) => file.clone(),
            (None, None) => path.display().to_string(),
        };
        let Deployed { place, name: stack } = places.remove(&path).unwrap_or_default();
        let given = || somewhere.account.clone().or_else(|| account_within(&path));
        let account = if place.is_none() { given() } else { None };
        let is_anywhere = place.is_none() && account.is_none();
        let is_known = place.is_some();
        let has_account = is_known || somewhere.account.is_some();
        let told = told(has_account, is_known || somewhere.region.is_some());
        let place = place.unwrap_or_else(|| {
            let sample = Place::parse(SAMPLE_ACCOUNT, SAMPLE_REGION).expect("a place");
            Place {
                account: account.unwrap_or(sample.account),
                region: somewhere.region.clone().unwrap_or(sample.region),
            }
        });
        Found { path, address: name, place, name: stack, is_anywhere, told }
    });
    Ok((named.collect(), others))
}

/// The pseudo parameters whose values follow from a known account and a known region.
fn told(has_account: bool, has_region: bool) -> Vec<&'static str> {
    let of_account = has_account.then_some("AWS::AccountId");
    let of_region = ["AWS::Partition", "AWS::Region"].into_iter().filter(|_| has_region);
    of_account.into_iter().chain(of_region).collect()
}

/// The deployment of a template according to a CDK cloud assembly.
#[derive(Debug, Default)]
struct Deployed {
    place: Option<Place>,
    /// The stack's name.
    name: Option<String>,
}

/// The place and stack name of each template in a folder, from the manifest of a CDK cloud assembly if there is one.
fn places_of(folder: &Path) -> BTreeMap<PathBuf, Deployed> {
    let text = fs::read_to_string(folder.join("manifest.json")).unwrap_or_default();
    let manifest: Value = serde_json::from_str(&text).unwrap_or_default();
    let artifacts = manifest["artifacts"].as_object().into_iter().flatten();
    let places = artifacts.filter_map(|(id, artifact)| {
        let file = artifact["properties"]["templateFile"].as_str()?;
        let environment = artifact["environment"].as_str().and_then(|at| at.strip_prefix("aws://"));
        let place = environment
            .and_then(|at| at.split_once('/'))
            .and_then(|(account, region)| Place::parse(account, region).ok());
        // A stack without `stackName` has the artifact's id as its name.
        let name = artifact["properties"]["stackName"].as_str().unwrap_or(id).to_owned();
        Some((folder.join(file), Deployed { place, name: Some(name) }))
    });
    places.collect()
}

/// The account in a template's first ARN that ends in `:root`, as in key policies.
fn account_within(path: &Path) -> Option<AccountId> {
    let text = fs::read_to_string(path).ok()?;
    let before = text.split(":root").next()?;
    let account = before.get(before.len().checked_sub(12)?..)?;
    let is_named = before.len() < text.len() && before[..before.len() - 12].ends_with(":iam::");
    AccountId::parse(account).ok().filter(|_| is_named)
}

fn collect(
    folder: &Path,
    depth: usize,
    files: &mut Vec<PathBuf>,
    others: &mut Vec<Unread>,
) -> std::io::Result<()> {
    if folder.is_file() {
        files.push(folder.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if depth < DEPTH {
                collect(&path, depth + 1, files, others)?;
            }
            continue;
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_text = extension.is_some_and(|name| {
            ["cfn", "json", "template", "txt", "yaml", "yml"]
                .contains(&name.to_ascii_lowercase().as_str())
        });
        if !is_text {
            continue;
        }
        let foreign = match fs::read_to_string(&path) {
            Ok(text) if has_resources(&text) => None,
            Ok(_) => Some("it has no section `Resources`"),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                Some("it is not text in UTF-8")
            }
            // A file without read permission may be a template.
            Err(_) => None,
        };
        match foreign {
            None => files.push(path),
            // Most `.txt` files are prose, so they are not listed.
            Some(_) if is_of_cdk(&path) || extension == Some("txt") => {}
            Some(reason) => {
                others.push(Unread { path, reason: reason.to_owned(), is_foreign: true });
            }
        }
    }
    Ok(())
}

/// Whether the CDK writes this file besides templates. Source: "Cloud assembly" in the AWS CDK developer guide.
fn is_of_cdk(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    ["manifest.json", "tree.json"].contains(&name) || name.ends_with(".assets.json")
}

/// Whether a text has a section `Resources`, as templates do.
fn has_resources(text: &str) -> bool {
    let is_section = |line: &str| {
        let key = line.trim_start_matches(['\u{feff}', '"', '\'']).strip_prefix("Resources");
        key.is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
    };
    text.contains("\"Resources\"") || text.lines().any(is_section)
}
