//! A folder of templates: an assembly, what the CDK wrote, or anybody's files in JSON and YAML.
//!
//! One file stops nothing: what is no template, and what cannot be read, is named with its reason, and
//! everything else is looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lakewright_manifest::RegionName;
use lakewright_proof::world::{OnUnresolved, StackTemplate};
use lakewright_template::assembly::Assembly;
use lakewright_template::resolve::{Neighbour, Others, Place};
use lakewright_template::{ResourceEntry, Template, Value as Item, read};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::ui::Ui;

/// What is taken for the place of a template of which nobody says where it is deployed.
const SAMPLE_ACCOUNT: &str = "111122223333";
const SAMPLE_REGION: &str = "us-east-1";

/// Files that are no templates and are named one by one.
const SHOWN: usize = 5;

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
    /// The stack's name, where something beside the template says it.
    pub(crate) name: Option<String>,
    /// The addresses of the nested stacks whose templates are in the folder, by logical id.
    pub(crate) nested: BTreeMap<String, String>,
    /// Whether nothing says where it is deployed.
    pub(crate) is_anywhere: bool,
    /// The pseudo parameters whose values somebody says.
    pub(crate) told: Vec<&'static str>,
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
    /// The account of templates whose account nothing else determines: 12 digits
    #[arg(long, value_name = "ACCOUNT", requires = "assembly", value_parser = account)]
    pub(crate) account: Option<String>,
    /// The region of these templates
    #[arg(long, value_name = "REGION", requires = "assembly", value_parser = region)]
    pub(crate) region: Option<String>,
}

fn region(text: &str) -> Result<String, String> {
    RegionName::parse(text).map(|region| region.to_string())
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
            format!("{path} is left out, as it is not a CloudFormation template: {reason}")
        } else {
            format!("{path} cannot be read and was not checked: {reason}")
        }
    }

    /// Says which files were left out: each that cannot be read, and of those that are no templates the first ones.
    pub(crate) fn say_all(all: &[Self], ui: &mut Ui) {
        for one in all.iter().filter(|one| !one.is_foreign) {
            ui.error(&one.show());
        }
        for line in Self::foreign(all) {
            ui.note(&line);
        }
    }

    /// Every file that was left out in a line, as [`Self::say_all`] says them.
    pub(crate) fn lines(all: &[Self]) -> Vec<String> {
        let broken = all.iter().filter(|one| !one.is_foreign).map(Self::show);
        broken.chain(Self::foreign(all)).collect()
    }

    fn foreign(all: &[Self]) -> Vec<String> {
        let foreign = || all.iter().filter(|one| one.is_foreign);
        let mut lines: Vec<String> = foreign().take(SHOWN).map(Self::show).collect();
        let more = foreign().count().saturating_sub(SHOWN);
        if more > 0 {
            lines.push(format!("{more} more files are left out, as they are no templates; `check --assembly --format json` lists them"));
        }
        lines
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
            return Err(nothing_in(folder, &unread));
        }
        nest(&mut templates);
        Ok(Self { templates, unread })
    }

    /// What the stacks take from each other.
    pub(crate) fn others(&self) -> Others {
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
    pub(crate) fn has_unreadable(&self) -> bool {
        self.unread.iter().any(|unread| !unread.is_foreign)
    }
}

/// The error for a folder, or a file, in which no template is.
fn nothing_in(folder: &Path, foreign: &[Unread]) -> Failure {
    let first = foreign.first().map(|first| format!("; {}", first.show())).unwrap_or_default();
    let more = match foreign.len() {
        0 | 1 => String::new(),
        2 => ", and so is one more file".to_owned(),
        several => format!(", and so are {} more files", several - 1),
    };
    Failure::usage(format!(
        "there is no template in {}; expected an assembly, or templates in JSON or YAML{first}{more}",
        folder.display()
    ))
}

/// Finds the templates of nested stacks, which lie where the stack around them does.
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
    // One more step for each stack that lies between a template and the outermost one.
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

/// The file of a nested stack's template, beside the one that nests it. Sources: the metadata `aws:asset:path` that the
/// CDK writes; "Location" of `AWS::Serverless::Application` in the AWS SAM developer guide.
fn template_of(resource: &ResourceEntry) -> Option<&str> {
    let property = match resource.kind.as_ref() {
        "AWS::CloudFormation::Stack" => "TemplateURL",
        "AWS::Serverless::Application" => "Location",
        _ => return None,
    };
    let asset = resource.metadata.get("aws:asset:path");
    asset.or_else(|| resource.properties.get(property)).and_then(Item::as_text)
}

/// Whether a text that cannot be read is a template all the same.
fn is_of_cloudformation(text: &str) -> bool {
    // Where the text is not even YAML, its words decide.
    let words = ["AWSTemplateFormatVersion", "AWS::", "Resources:", "\"Resources\""];
    let has_words = || words.iter().any(|word| text.contains(word));
    read::is_template(text).unwrap_or_else(has_words)
}

/// A file that is to be read.
struct Found {
    path: PathBuf,
    address: String,
    place: Place,
    name: Option<String>,
    is_anywhere: bool,
    told: Vec<&'static str>,
}

/// The templates of an assembly, or every template in a folder; and the files that look like some and are none.
fn templates(folder: &Path, somewhere: &Somewhere) -> Result<(Vec<Found>, Vec<Unread>), Failure> {
    if let Ok(text) = fs::read_to_string(folder.join("assembly.json"))
        && let Ok(assembly) = serde_json::from_str::<Assembly>(&text)
    {
        let stacks = assembly.stacks.into_iter().map(|entry| {
            let place = Place { account: entry.account.clone(), region: entry.region.clone() };
            Found {
                path: folder.join(&entry.template),
                address: entry.address(),
                place,
                name: Some(entry.name),
                is_anywhere: false,
                told: told(true, true),
            }
        });
        return Ok((stacks.collect(), Vec::new()));
    }
    let (mut files, mut others) = (Vec::new(), Vec::new());
    collect(folder, 0, &mut files, &mut others)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", folder.display())))?;
    files.sort();
    others.sort_by(|one: &Unread, other| one.path.cmp(&other.path));
    let mut places = BTreeMap::new();
    for parent in files.iter().filter_map(|path| path.parent()).collect::<BTreeSet<_>>() {
        places.extend(places_of(parent));
    }
    let named = files.into_iter().map(|path| {
        let name = path.strip_prefix(folder).ok().filter(|name| !name.as_os_str().is_empty());
        let name = name.unwrap_or(&path).display().to_string();
        let Deployed { place, name: stack } = places.remove(&path).unwrap_or_default();
        let given = || somewhere.account.clone().or_else(|| account_within(&path));
        let account = if place.is_none() { given() } else { None };
        let is_anywhere = place.is_none() && account.is_none();
        let is_known = place.is_some();
        let has_account = is_known || somewhere.account.is_some();
        let told = told(has_account, is_known || somewhere.region.is_some());
        let place = place.unwrap_or_else(|| Place {
            account: account.unwrap_or_else(|| SAMPLE_ACCOUNT.to_owned()),
            region: somewhere.region.clone().unwrap_or_else(|| SAMPLE_REGION.to_owned()),
        });
        Found { path, address: name, place, name: stack, is_anywhere, told }
    });
    Ok((named.collect(), others))
}

/// The pseudo parameters whose values are known with the account and with the region.
fn told(has_account: bool, has_region: bool) -> Vec<&'static str> {
    let of_account = has_account.then_some("AWS::AccountId");
    let of_region = ["AWS::Partition", "AWS::Region"].into_iter().filter(|_| has_region);
    of_account.into_iter().chain(of_region).collect()
}

/// What a CDK cloud assembly says of a template.
#[derive(Debug, Default)]
struct Deployed {
    place: Option<Place>,
    /// The stack's name.
    name: Option<String>,
}

/// Where the templates of a folder are deployed, and under which names, when a CDK cloud assembly says so.
fn places_of(folder: &Path) -> BTreeMap<PathBuf, Deployed> {
    let text = fs::read_to_string(folder.join("manifest.json")).unwrap_or_default();
    let manifest: Value = serde_json::from_str(&text).unwrap_or_default();
    let artifacts = manifest["artifacts"].as_object().into_iter().flatten();
    let places = artifacts.filter_map(|(id, artifact)| {
        let file = artifact["properties"]["templateFile"].as_str()?;
        let environment = artifact["environment"].as_str().and_then(|at| at.strip_prefix("aws://"));
        let place = environment
            .and_then(|at| at.split_once('/'))
            .filter(|(account, region)| is_account(account) && *region != "unknown-region");
        let place = place.map(|(account, region)| Place {
            account: account.to_owned(),
            region: region.to_owned(),
        });
        // A stack without a name of its own is named by the artifact.
        let name = artifact["properties"]["stackName"].as_str().unwrap_or(id).to_owned();
        Some((folder.join(file), Deployed { place, name: Some(name) }))
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
            // What nobody lets us read may be a template.
            Err(_) => None,
        };
        match foreign {
            None => files.push(path),
            // Most files in plain text are prose.
            Some(_) if is_of_cdk(&path) || extension == Some("txt") => {}
            Some(reason) => {
                others.push(Unread { path, reason: reason.to_owned(), is_foreign: true });
            }
        }
    }
    Ok(())
}

/// Whether a file is one that the CDK writes beside templates. Source: "Cloud assembly" in the AWS CDK developer guide.
fn is_of_cdk(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    ["manifest.json", "tree.json"].contains(&name) || name.ends_with(".assets.json")
}

/// Whether a text has a section of resources, as templates have.
fn has_resources(text: &str) -> bool {
    let is_section = |line: &str| {
        let key = line.trim_start_matches(['\u{feff}', '"', '\'']).strip_prefix("Resources");
        key.is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
    };
    text.contains("\"Resources\"") || text.lines().any(is_section)
}
