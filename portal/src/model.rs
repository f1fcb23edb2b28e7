//! What the pages show, as data. The scripts read it as JSON, so the names of the fields are part of both sides:
//! `portal/assets` has no other documentation of them.
//!
//! A route is the part of an address after `#/`, such as `dataset/sales`. The scripts encode it.

use std::collections::BTreeMap;

use serde::Serialize;

/// What every page needs: loaded first, and small.
#[derive(Debug, Clone, Serialize)]
pub struct Site {
    /// The version of this shape.
    pub version: u32,
    /// The version of the program.
    pub tool: String,
    /// The id of the mesh.
    pub mesh: String,
    /// Its label.
    pub label: String,
    /// Its description; may be empty.
    pub about: String,
    /// The day on which shares are looked at, if one was given.
    pub day: Option<String>,
    /// The numbers on the first page.
    pub counts: Vec<Count>,
    /// The words that the entries of the search index refer to.
    pub words: Words,
    /// The numbers of files that are loaded when they are needed.
    pub parts: Parts,
    /// The environments.
    pub environments: Vec<Place>,
    /// The organizations.
    pub organizations: Vec<Named>,
    /// What somebody should look at.
    pub attention: Vec<Attention>,
}

/// A number on the first page.
#[derive(Debug, Clone, Serialize)]
pub struct Count {
    /// What is counted.
    pub name: &'static str,
    /// The number.
    pub number: usize,
    /// The route of the page that lists it.
    pub to: String,
}

/// A document with its label.
#[derive(Debug, Clone, Serialize)]
pub struct Named {
    /// The id.
    pub id: String,
    /// The label.
    pub label: String,
    /// Its description; may be empty.
    pub about: String,
    /// The team that owns it.
    pub team: String,
}

/// An environment on the first page and in lists.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    /// The id.
    pub id: String,
    /// The label.
    pub label: String,
    /// The organization's id.
    pub organization: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The team that owns it.
    pub team: String,
    /// The number of teams.
    pub teams: usize,
    /// The number of datasets.
    pub datasets: usize,
}

/// Something that somebody should look at.
#[derive(Debug, Clone, Serialize)]
pub struct Attention {
    /// What it is, in a sentence.
    pub says: String,
    /// The route of the page about it.
    pub to: String,
}

/// The words of facets. An entry of the index refers to a word by its place in the list.
#[derive(Debug, Clone, Default, Serialize)]
#[expect(missing_docs, reason = "one list for each facet, named after it")]
pub struct Words {
    pub types: Vec<&'static str>,
    pub tags: Vec<String>,
    pub topics: Vec<String>,
    pub regions: Vec<String>,
    pub confidentialities: Vec<String>,
    pub teams: Vec<String>,
    pub domains: Vec<String>,
    pub environments: Vec<String>,
}

/// The files that are loaded when they are needed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Parts {
    /// The number of files of the search index.
    pub index: usize,
    /// The id of the first dataset of each file.
    pub datasets: Vec<String>,
    /// The kind and id of the first document of each file, as `Kind/id`.
    pub documents: Vec<String>,
    /// How many stacks are in a file.
    pub stacks: usize,
    /// How many things that somebody can access are in a file.
    pub reach: usize,
    /// Whether there is a review.
    pub review: bool,
}

/// One thing that the search finds: its type, its route, its label, and further text that is searched; then the places
/// of its tags, topics, region, confidentiality, team, domain and environment in [`Words`], -1 for none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Entry(
    pub usize,
    pub String,
    pub String,
    pub String,
    pub Vec<usize>,
    pub Vec<usize>,
    pub i32,
    pub i32,
    pub i32,
    pub i32,
    pub i32,
);

/// A fact about a document.
#[derive(Debug, Clone, Serialize)]
pub struct Fact {
    /// What it says something about.
    pub name: &'static str,
    /// The values; a fact without any is left out.
    pub values: Vec<Said>,
}

/// A text, which may lead to a page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Said {
    /// The text.
    pub text: String,
    /// The route; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub to: String,
}

/// The fields that each document has.
#[derive(Debug, Clone, Serialize)]
pub struct Head {
    /// The kind, as in a manifest.
    pub kind: &'static str,
    /// The id.
    pub id: String,
    /// The label.
    pub label: String,
    /// The description; may be empty.
    pub about: String,
    /// Where it is written, as `file:line:column`.
    pub line: String,
    /// The catalog's topics.
    pub topics: Vec<String>,
    /// The catalog's keywords.
    pub keywords: Vec<String>,
    /// The catalog's terms.
    pub glossary: Vec<String>,
    /// The AWS tags of the document.
    pub tags: BTreeMap<String, String>,
    /// Everything else.
    pub facts: Vec<Fact>,
    /// The addresses of the stacks that it has.
    pub stacks: Vec<String>,
}

/// A document of any kind but a dataset.
#[derive(Debug, Clone, Serialize)]
pub struct Document {
    /// What each document has.
    #[serde(flatten)]
    pub head: Head,
    /// What is drawn of it, for the kinds that have a drawing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawing: Option<Drawing>,
}

/// What is drawn of a document.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Drawing {
    /// An environment with its teams, its datasets, and its shares with other environments.
    Environment(DrawnEnvironment),
    /// A share: what is shared with whom, across accounts or within one.
    Share(DrawnShare),
    /// A pipeline with its stages.
    Pipeline(DrawnPipeline),
}

/// An environment, drawn.
#[derive(Debug, Clone, Serialize)]
pub struct DrawnEnvironment {
    /// The account and the region.
    pub place: [String; 2],
    /// The teams, the environment's own first; the number of datasets that each owns.
    pub teams: Vec<(String, usize)>,
    /// Environments that its datasets are shared with, with the number of shares.
    pub out: Vec<(String, usize)>,
    /// Environments whose datasets are shared with it, with the number of shares.
    pub into: Vec<(String, usize)>,
}

/// A share, drawn.
#[derive(Debug, Clone, Serialize)]
pub struct DrawnShare {
    /// The environment, account, region and team of the dataset.
    pub producer: [String; 4],
    /// The dataset's id.
    pub dataset: String,
    /// The items: their kind and name.
    pub items: Vec<(&'static str, String)>,
    /// The permissions.
    pub permissions: String,
    /// The environment, account, region and team of the consumer.
    pub consumer: [String; 4],
    /// The consumption role; empty for the team's role.
    pub role: String,
    /// Whether it grants access.
    pub is_live: bool,
    /// Its status.
    pub status: &'static str,
}

/// A pipeline, drawn.
#[derive(Debug, Clone, Serialize)]
pub struct DrawnPipeline {
    /// The environment, account, region and team in which it runs.
    pub home: [String; 4],
    /// The repository; empty if the stack creates one.
    pub repository: String,
    /// The strategy.
    pub strategy: &'static str,
    /// The stages in their order: the name, environment, account, region and team of each.
    pub stages: Vec<[String; 5]>,
}

/// A dataset.
#[derive(Debug, Clone, Serialize)]
pub struct Dataset {
    /// What each document has.
    #[serde(flatten)]
    pub head: Head,
    /// How confidential it is.
    pub confidentiality: &'static str,
    /// Its environment.
    pub environment: String,
    /// The team that owns it.
    pub team: String,
    /// The tables.
    pub tables: Vec<Table>,
    /// The folders.
    pub folders: Vec<Folder>,
    /// Who can access it, the principals of [`Reach`] in order.
    pub who: Vec<Reacher>,
}

/// A table.
#[derive(Debug, Clone, Serialize)]
pub struct Table {
    /// The name.
    pub name: String,
    /// Where its files are in the bucket.
    pub location: String,
    /// The format of the files.
    pub format: String,
    /// The description; may be empty.
    pub about: String,
    /// The catalog's keywords.
    pub keywords: Vec<String>,
    /// The catalog's terms.
    pub glossary: Vec<String>,
    /// Where it is written.
    pub line: String,
    /// The columns: name, type, description, tags, terms, and whether it is a partition key.
    pub columns: Vec<Column>,
}

/// A column: name, type, description, tags, terms, and whether it is a partition key.
pub type Column = (String, String, String, Vec<String>, Vec<String>, bool);

/// A folder.
#[derive(Debug, Clone, Serialize)]
pub struct Folder {
    /// The id.
    pub id: String,
    /// The prefix of the keys of its objects.
    pub prefix: String,
    /// The description; may be empty.
    pub about: String,
    /// The catalog's keywords.
    pub keywords: Vec<String>,
    /// The catalog's terms.
    pub glossary: Vec<String>,
    /// Where it is written.
    pub line: String,
}

/// Somebody who can access a dataset, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Reacher {
    /// The principal's name, or its ARN.
    pub name: String,
    /// The levels on the data, as bits ([`crate::Compact`]).
    pub data: u8,
    /// The levels on the keys, as bits.
    pub key: u8,
    /// Why: in words, with the page about it.
    pub why: Vec<Said>,
    /// The manifest lines that ask for the access.
    pub lines: Vec<String>,
}

/// The rows of the access matrix for some targets. Texts that many rows have are lists, and rows refer to them by
/// place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// The name and the ARN of each principal.
    pub principals: Vec<(String, String)>,
    /// The ARN of each resource.
    pub resources: Vec<String>,
    /// The tables of a catalog's resource with their columns, for the resources that have some.
    pub tables: BTreeMap<usize, BTreeMap<String, Vec<String>>>,
    /// Lists of actions.
    pub actions: Vec<Vec<String>>,
    /// Reasons why something is unknown.
    pub doubts: Vec<&'static str>,
    /// The targets, such as `dataset/sales`.
    pub groups: Vec<Group>,
}

/// What can be accessed, with the rows about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The name, such as `dataset/sales`.
    pub name: String,
    /// Each row: principal, resource, levels as bits, allowed actions, unknown actions, the rows and columns of a
    /// filter, and reasons why something is unknown.
    pub rows: Vec<Row>,
}

/// A row of a group.
pub type Row = (usize, usize, u8, usize, usize, Option<String>, Vec<usize>);

/// The overview of all access.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// The principals.
    pub principals: Vec<String>,
    /// What can be accessed.
    pub targets: Vec<String>,
    /// Four numbers for each principal and target: the principal, the target, the levels on data, and those on keys.
    pub cells: Vec<u32>,
}

/// A team, with its parts in environments.
#[derive(Debug, Clone, Serialize)]
pub struct Team {
    /// The name.
    pub name: String,
    /// The environments that it is a team of: id, permissions, its role if the mesh names one, and the line.
    pub places: Vec<(String, Vec<&'static str>, String, String)>,
    /// What the tenant allows it, if the mesh says that.
    pub tenant: Option<Vec<&'static str>>,
    /// What it owns: the number of documents by kind.
    pub owns: BTreeMap<&'static str, usize>,
}

/// A stack in the list of all stacks: the address, the kind, what it belongs to, and the number of its resources.
#[derive(Debug, Clone, Serialize)]
pub struct ListedStack(pub String, pub &'static str, pub String, pub usize);

/// Some stacks with their resources.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Stacks {
    /// The resource types.
    pub types: Vec<String>,
    /// The stacks.
    pub stacks: Vec<Stack>,
}

/// A stack with its resources.
#[derive(Debug, Clone, Serialize)]
pub struct Stack {
    /// The address.
    pub address: String,
    /// The kind.
    pub kind: &'static str,
    /// What it belongs to.
    pub of: String,
    /// The manifest lines that ask for it.
    pub lines: Vec<String>,
    /// Each resource: its logical id, its type, and what matters for its cost.
    pub resources: Vec<(String, usize, Vec<String>)>,
}

/// What AWS bills for resources of a type.
#[derive(Debug, Clone, Serialize)]
pub struct Billed {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The number of resources in all stacks.
    pub number: usize,
    /// What is billed; empty if nothing is known.
    pub what: &'static str,
    /// Whether it is billed while it exists, used or not.
    pub always: bool,
}

/// A policy of access governance.
#[derive(Debug, Clone, Serialize)]
pub struct Policy {
    /// The id.
    pub id: String,
    /// Whether it allows or denies.
    pub effect: &'static str,
    /// Whether a document of the mesh has it, or it follows from others.
    pub is_document: bool,
    /// Where it is written.
    pub line: String,
    /// What it does, in words.
    pub says: String,
    /// The privileges, as they are written.
    pub privileges: Vec<String>,
}

/// What an actor holds: the actor, the policy, its effect, its privileges, and the number of resources.
#[derive(Debug, Clone, Serialize)]
pub struct Held(pub String, pub String, pub &'static str, pub Vec<String>, pub usize);

/// Access governance.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Governed {
    /// The policies.
    pub policies: Vec<Policy>,
    /// What each actor holds.
    pub holdings: Vec<Held>,
}

/// How many more documents fit.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the fields of `lakewright_stacks::Runway`")]
pub struct Room {
    pub environment: String,
    pub what: &'static str,
    pub more: usize,
    pub before: String,
    pub used: usize,
    pub limit: usize,
    pub unit: &'static str,
    pub then: Option<&'static str>,
}
