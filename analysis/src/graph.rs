//! Graphs of the stacks of a mesh, of the resources of a stack, of access, and of a change: nodes and edges, to be drawn by
//! the caller.

mod change;
mod readable;
#[cfg(test)]
mod tests;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use lakewright_diff::change::ChangeKind;
use lakewright_template::arn::ArnParts;
use lakewright_template::assembly::StackEntry;
use lakewright_template::intrinsic::SubPart;
use lakewright_template::{Intrinsic, LogicalId, ResourceEntry, StackAddress, Template};

use crate::matrix::Row;
use crate::matrix::summary::{Column, Reached, Summary};
use crate::subject::Subject;
pub use change::{Kept, Only, kept_access, of_change, subject_after};
pub use readable::{READABLE, Readable, readable};
pub use written::{of_assembly, of_changed_stack};

/// Nodes and edges; every list is sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// What the nodes and edges are.
    pub what: What,
    /// The title.
    pub title: String,
    /// The groups that nodes belong to.
    pub groups: Vec<Group>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The edges.
    pub edges: Vec<Edge>,
}

/// What a graph shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The stacks of a mesh, each with the stacks that it depends on.
    Mesh,
    /// The resources of a stack, with their references.
    Stack,
    /// Principals, with what they can access.
    Access,
    /// Access before and after a change.
    Change,
}

/// An account, or an account and region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// `ACCOUNT` or `ACCOUNT/REGION`.
    pub id: String,
    /// The same in words.
    pub label: String,
}

/// A stack, a resource, a principal, or something that principals access.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// The id. No other node of the graph has it.
    pub id: String,
    /// The name.
    pub label: String,
    /// The kind of stack, principal or target, or the resource type.
    pub kind: String,
    /// The id of its group.
    pub group: Option<String>,
    /// What a change does with it.
    pub change: Option<ChangeKind>,
    /// The number of nodes that it stands for. More than 1 only in a graph that was made [`readable`].
    pub count: usize,
}

/// A line from a node to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The id of the first node.
    pub from: String,
    /// The id of the second node.
    pub to: String,
    /// What the edge means.
    pub kind: EdgeKind,
    /// The access, in words; empty if the kind says everything.
    pub label: String,
    /// What a change does with it; `None` if the graph is not that of a change.
    pub mark: Option<Mark>,
}

/// What an edge means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeKind {
    /// The first stack is deployed after the second one.
    DependsOn,
    /// The first resource refers to the second one.
    RefersTo,
    /// `DependsOn` of the first resource names the second one, and no property refers to it.
    WaitsFor,
    /// The first node is a principal that can access the second one.
    Reaches,
}

/// What a change does with an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// It is there before and after the change.
    Kept,
    /// It is there after the change only.
    Gained,
    /// It may be there after the change only.
    MayGain,
    /// It is there before the change only, or may be.
    Lost,
}

impl Node {
    fn new(id: impl Into<String>, label: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            kind: kind.into(),
            group: None,
            change: None,
            count: 1,
        }
    }
}

impl Graph {
    fn of(
        what: What,
        title: String,
        nodes: impl IntoIterator<Item = Node>,
        edges: BTreeSet<Edge>,
    ) -> Self {
        let mut nodes: Vec<Node> = nodes.into_iter().collect();
        nodes.sort();
        let groups: BTreeSet<&String> =
            nodes.iter().filter_map(|node| node.group.as_ref()).collect();
        let group = |id: &String| Group { id: id.clone(), label: id.replace('/', " ") };
        let groups = groups.into_iter().map(group).collect();
        Self { what, title, groups, nodes, edges: edges.into_iter().collect() }
    }
}

/// The stacks of a mesh, each with the stacks that it depends on.
pub fn of_stacks(title: String, stacks: &[StackEntry]) -> Graph {
    let mut nodes = Vec::with_capacity(stacks.len());
    let mut edges = BTreeSet::new();
    for stack in stacks {
        let address = stack.address().to_string();
        for other in &stack.depends_on {
            edges.insert(Edge {
                from: address.clone(),
                to: other.to_string(),
                kind: EdgeKind::DependsOn,
                label: String::new(),
                mark: None,
            });
        }
        let group = Some(stack.place().to_string());
        nodes.push(Node { group, ..Node::new(address, &stack.name, stack.kind.as_str()) });
    }
    Graph::of(What::Mesh, title, nodes, edges)
}

/// The resources of a template, with their references to each other.
pub fn of_template(title: String, template: &Template) -> Graph {
    let known: BTreeSet<&str> = template.resources.keys().map(LogicalId::as_str).collect();
    let mut nodes = Vec::with_capacity(known.len());
    let mut edges = BTreeSet::new();
    for (id, resource) in &template.resources {
        let from = id.as_str();
        nodes.push(Node::new(from, from, &*resource.kind));
        let referred = referred(resource);
        let waits = resource.depends_on.iter().map(LogicalId::as_str);
        let waits = waits.filter(|other| !referred.contains(other));
        let all = referred.iter().map(|other| (*other, EdgeKind::RefersTo));
        for (to, kind) in all.chain(waits.map(|other| (other, EdgeKind::WaitsFor))) {
            if to == from || !known.contains(to) {
                continue;
            }
            let label = if kind == EdgeKind::WaitsFor { "waits for" } else { "" };
            let (from, to, label) = (from.to_owned(), to.to_owned(), label.to_owned());
            edges.insert(Edge { from, to, kind, label, mark: None });
        }
    }
    Graph::of(What::Stack, title, nodes, edges)
}

/// The names that the properties of a resource refer to: resources and parameters.
fn referred(resource: &ResourceEntry) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for (_, value) in resource.properties.iter() {
        value.walk(&mut |value| match value.as_intrinsic() {
            Some(Intrinsic::Ref(id) | Intrinsic::GetAtt(id, _)) => {
                found.insert(id.as_str());
            }
            Some(Intrinsic::Sub { parts, variables }) => {
                for part in parts {
                    let SubPart::Variable(name) = part else { continue };
                    if variables.get(name).is_none() {
                        found.insert(name.split('.').next().unwrap_or(name));
                    }
                }
            }
            _ => {}
        });
    }
    found
}

/// The principals of rows of the access matrix, with the strongest access to what they reach, as in `lakewright access`.
pub fn of_access(title: String, rows: &[Row<'_>], subject: &Subject) -> Graph {
    let accounts = Accounts::of(rows, subject);
    let mut nodes = BTreeMap::new();
    let mut edges = BTreeSet::new();
    for Access { principal, target, label } in accesses(rows) {
        let (from, to) = add_ends(&mut nodes, &principal, &target, &accounts);
        edges.insert(Edge { from, to, kind: EdgeKind::Reaches, label, mark: None });
    }
    Graph::of(What::Access, title, nodes.into_values(), edges)
}

/// The strongest access of a principal to one thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The name of the principal, or its ARN.
    pub principal: String,
    /// What it can access, such as `dataset/sales`.
    pub target: String,
    /// The access, in words.
    pub label: String,
}

fn accesses(rows: &[Row<'_>]) -> Vec<Access> {
    let summary = Summary::of(rows);
    let names = summary.names();
    let mut all = Vec::new();
    for ((_, principal), columns) in &summary.lines {
        let mut words: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for (column, reached) in columns {
            words.entry(column.group).or_default().push(strongest(*column, reached));
        }
        for (group, words) in words {
            let target = names.get(group).copied().unwrap_or_default().to_owned();
            all.push(Access { principal: who(principal), target, label: words.join(", ") });
        }
    }
    all
}

fn strongest(Column { is_key, .. }: Column, reached: &Reached) -> String {
    let of = if is_key { "key " } else { "" };
    let is_partly = reached.is_unknown && !reached.levels.is_empty();
    let more = if is_partly { " (more is unknown)" } else { "" };
    format!("{of}{}{more}", reached.strongest(is_key))
}

/// The name of a principal. Policies call everybody `*`.
fn who(name: &str) -> String {
    if name == "*" { "everybody".to_owned() } else { name.to_owned() }
}

/// Adds a principal and what it reaches, and returns their ids. They are different nodes even if they have one name,
/// because a role can reach itself.
fn add_ends(
    nodes: &mut BTreeMap<String, Node>,
    principal: &str,
    target: &str,
    accounts: &Accounts,
) -> (String, String) {
    let (from, to) = (of_principal(principal), of_target(target));
    for (id, name, otherwise) in [(&from, principal, "principal"), (&to, target, "resource")] {
        nodes.entry(id.clone()).or_insert_with(|| Node {
            group: accounts.of_node(id),
            ..Node::new(id, name, kind_of(name, otherwise))
        });
    }
    (from, to)
}

fn of_principal(name: &str) -> String {
    format!("principal:{name}")
}

fn of_target(name: &str) -> String {
    format!("target:{name}")
}

/// The kind in a name such as `dataset/sales`.
fn kind_of(name: &str, otherwise: &str) -> String {
    match name.split_once('/') {
        Some((kind, _)) if !name.contains(':') => kind.to_owned(),
        _ => otherwise.to_owned(),
    }
}

/// The accounts of nodes, by id.
struct Accounts(BTreeMap<String, BTreeSet<String>>);

impl Accounts {
    fn of(rows: &[Row<'_>], subject: &Subject) -> Self {
        let mut accounts = Self(BTreeMap::new());
        for stack in &subject.stacks {
            // The address of anybody's template is the path of its file.
            if let Ok(address) = StackAddress::parse(&stack.address) {
                accounts.add(of_target(&stack.subject), address.place.account.as_str());
            }
        }
        for row in rows {
            accounts.add_principal(&who(row.principal()), row.cell.principal.name());
        }
        accounts
    }

    fn add(&mut self, id: String, account: &str) {
        self.0.entry(id).or_default().insert(account.to_owned());
    }

    fn add_principal(&mut self, name: &str, arn: &str) {
        if let Some(arn) = ArnParts::parse(arn).filter(|arn| !arn.account.is_empty()) {
            self.add(of_principal(name), arn.account);
        }
    }

    /// The account of a node, if it has exactly one.
    fn of_node(&self, id: &str) -> Option<String> {
        if let Some(account) = id.strip_prefix("target:account/") {
            return Some(account.to_owned());
        }
        let Some(accounts) = self.0.get(id) else {
            let arn = ArnParts::parse(id.strip_prefix("target:")?)?;
            return (!arn.account.is_empty()).then(|| arn.account.to_owned());
        };
        accounts.first().filter(|_| accounts.len() == 1).cloned()
    }
}
