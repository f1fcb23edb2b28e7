//! From what the analysis knows to what the pages show.

mod attention;
mod datasets;
mod documents;
mod drawings;
mod head;
mod index;
pub(crate) mod overview;
mod policies;
mod reasons;
mod stacks;
mod teams;
mod words;

use std::collections::BTreeMap;

use lakewright_analysis::matrix::summary::Summary;
use lakewright_analysis::matrix::{Row, Wanted, rows};
use lakewright_analysis::subject::Subject;
use lakewright_governance::Governance;
use lakewright_manifest::diagnostic::Origin;
use lakewright_manifest::{Date, Mesh, SourceFile, render};
use lakewright_stacks::Runway;

use crate::model::{
    Billed, Dataset, Document, Entry, Governed, ListedStack, Matrix, Reach, Room, Site, Stacks,
    Team,
};
use crate::review::Review;
use crate::stack_contents::StackContents;

/// The number of datasets in a file.
const DATASETS: usize = 50;
/// The number of other documents in a file.
const DOCUMENTS: usize = 200;
/// The number of stacks in a file.
const STACKS: usize = 200;
/// The number of other things that somebody can access in a file.
const TARGETS: usize = 100;
/// The number of entries of the search index in a file: few enough that reading one takes less time than a frame.
const ENTRIES: usize = 4000;

/// What the analysis knows about a mesh.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The mesh.
    pub mesh: &'a Mesh,
    /// Its files.
    pub sources: &'a [SourceFile],
    /// The access that its templates grant, with the intended grants.
    pub subject: &'a Subject,
    /// The contents of its stacks, in any order.
    pub stacks: &'a [StackContents],
    /// How many more documents fit.
    pub runway: &'a [Runway],
    /// Access governance.
    pub governance: &'a Governance,
    /// The last review, if there is one.
    pub review: Option<&'a Review>,
    /// The day on which shares are looked at, if one was given.
    pub day: Option<&'a Date>,
    /// The version of the program.
    pub tool: &'a str,
}

/// The data of the whole site.
#[derive(Debug)]
pub(crate) struct Gathered<'a> {
    pub(crate) site: Site,
    pub(crate) index: Vec<Vec<Entry>>,
    /// Each file of datasets, with the rows about them.
    pub(crate) datasets: Vec<(Vec<Dataset>, Reach)>,
    pub(crate) documents: Vec<Vec<Document>>,
    pub(crate) teams: Vec<Team>,
    pub(crate) matrix: Matrix,
    pub(crate) reach: Vec<Reach>,
    pub(crate) listed: Vec<ListedStack>,
    pub(crate) stacks: Vec<Stacks>,
    pub(crate) billed: Vec<Billed>,
    pub(crate) rooms: Vec<Room>,
    pub(crate) governed: Governed,
    pub(crate) review: Option<&'a Review>,
}

impl Input<'_> {
    /// A position as `file:line:column`.
    fn line(&self, origin: Origin) -> String {
        render::place(origin, self.sources)
    }
}

/// Gathers the data of the site.
pub(crate) fn gather<'a>(input: &Input<'a>) -> Gathered<'a> {
    let wanted = Wanted { principal: None, resource: None, all: false };
    let rows: Vec<Row<'_>> = rows(wanted, input.subject);
    let summary = Summary::of(&rows);
    let mut contents: Vec<&StackContents> = input.stacks.iter().collect();
    contents.sort();
    let mut addresses: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for stack in &contents {
        addresses.entry(stack.of_document()).or_default().push(stack.address.clone());
    }
    let words = words::words(input.mesh);
    let entries = index::entries(input.mesh, &words);
    let datasets = datasets::datasets(input, &summary, &addresses);
    let documents = documents::documents(input, &addresses);
    let (listed, stacks, billed) = stacks::stacks(&contents);
    let documents: Vec<Vec<Document>> =
        documents.chunks(DOCUMENTS).map(<[Document]>::to_vec).collect();
    let index: Vec<Vec<Entry>> = entries.chunks(ENTRIES).map(<[Entry]>::to_vec).collect();
    let site = overview::site(input, words, &datasets, &documents, index.len(), listed.len());
    let (matrix, reach) = overview::matrix(input.subject, &summary);
    Gathered {
        site,
        index,
        datasets,
        documents,
        teams: teams::teams(input.mesh, &|origin| input.line(origin)),
        matrix,
        reach,
        listed,
        stacks,
        billed,
        rooms: input.runway.iter().map(stacks::room).collect(),
        governed: policies::governed(input),
        review: input.review,
    }
}
