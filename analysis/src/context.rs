//! The `context` of environments: which facts a mesh needs, and where they stand in its files.

use lakewright_manifest::SourceFile;
use lakewright_manifest::diagnostic::FileId;
use lakewright_manifest::document::EnvironmentDocument;
use lakewright_manifest::parse::{Documents, parse};
use lakewright_template::Place;

/// The facts that an environment needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The environment's id.
    pub id: String,
    /// Its account and region.
    pub place: Place,
    /// The index of the file that it is in.
    pub file: usize,
    /// The line in which the document begins, from 1.
    line: usize,
    /// Whether ML Studio needs the region's default VPC.
    pub needs_default_vpc: bool,
    /// The VPCs whose address blocks are needed.
    pub vpcs: Vec<String>,
    /// Whether dashboards need the account's QuickSight subscription.
    pub needs_quicksight: bool,
}

/// A fact: the key in `context`, and its value in one line of YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The key.
    pub key: &'static str,
    /// The value.
    pub value: String,
}

/// A `context` that cannot be changed line by line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// The document is not at the start of its lines.
    #[error("its document is indented; put the block there by hand")]
    Indented,
    /// It is written in braces.
    #[error("its `context` is written in one line; put the block there by hand")]
    OneLine,
}

/// The environments of a mesh with an account and a region. The mesh may have errors: one of them may be a missing fact.
pub fn wanted(sources: &[SourceFile]) -> Vec<Wanted> {
    let parsed = sources.iter().enumerate().map(|(number, source)| {
        let file = FileId(u32::try_from(number).unwrap_or(u32::MAX));
        parse(file, source).documents
    });
    let documents = Documents::of_files(parsed.collect());
    let found = documents.environments.iter().filter_map(|located| {
        let environment = &located.document;
        let id = environment.id.value()?.to_string();
        let account = environment.account.value()?.to_string();
        let region = environment.region.value()?.to_string();
        let features = environment.features.value();
        let has_studio = features.is_some_and(|one| one.ml_studio.value() == Some(&true));
        let has_dashboards = features.is_some_and(|one| one.dashboards.value() == Some(&true));
        Some(Wanted {
            vpcs: vpcs(&documents, environment, &id),
            id,
            place: Place::parse(&account, &region).ok()?,
            file: usize::try_from(located.origin.file.0).ok()?,
            line: usize::try_from(located.origin.span.line).ok()?,
            needs_default_vpc: has_studio && environment.ml_studio.is_absent(),
            needs_quicksight: has_dashboards,
        })
    });
    found.collect()
}

/// The VPCs of an environment: of its networks, and of ML Studio.
fn vpcs(documents: &Documents, environment: &EnvironmentDocument, id: &str) -> Vec<String> {
    let networks = documents.networks.iter().map(|located| &located.document);
    let own = networks.filter(|network| {
        network.environment.value().is_some_and(|environment| environment.as_str() == id)
    });
    let own = own.filter_map(|network| network.vpc_id.value());
    let studio = environment.ml_studio.value().and_then(|studio| studio.vpc_id.value());
    let mut vpcs: Vec<String> = own.chain(studio).map(ToString::to_string).collect();
    vpcs.sort();
    vpcs.dedup();
    vpcs
}

/// The block of an environment, as people put it into the mesh.
pub fn block(facts: &[Fact]) -> String {
    let mut text = "context:\n".to_owned();
    for fact in facts {
        push(&mut text, 2, fact, "");
    }
    text
}

/// The text of a file with the facts of an environment. Everything else stays as it is, comments too.
///
/// # Errors
///
/// The place cannot be changed line by line.
pub fn written(text: &str, wanted: &Wanted, facts: &[Fact]) -> Result<String, ContextError> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let start = wanted.line.saturating_sub(1).min(lines.len());
    let is_end = |line: &&str| line.starts_with("---") || line.starts_with("...");
    let length = lines[start..].iter().skip(1).position(is_end);
    let end = length.map_or(lines.len(), |length| start + 1 + length);
    let document = &lines[start..end];
    if document.first().is_some_and(|line| line.starts_with(' ')) {
        return Err(ContextError::Indented);
    }
    let changed = match document.iter().position(|line| line.starts_with("context:")) {
        None => {
            let last = last_of(document);
            let before = line_ended(&document[..last].concat());
            format!("{before}{}{}", block(facts), document[last..].concat())
        }
        Some(first) => {
            let length = document[first + 1..].iter().position(|line| depth(line) == Some(0));
            let after = length.map_or(document.len(), |length| first + 1 + length);
            let head = document[first].trim_start_matches("context:").trim();
            if !head.is_empty() && !head.starts_with('#') {
                return Err(ContextError::OneLine);
            }
            let before = document[..=first].concat();
            let body = body(&document[first + 1..after], facts);
            format!("{}{body}{}", line_ended(&before), document[after..].concat())
        }
    };
    Ok(format!("{}{changed}{}", lines[..start].concat(), lines[end..].concat()))
}

/// The lines below `context:` with the facts.
fn body(lines: &[&str], facts: &[Fact]) -> String {
    let indent = lines.iter().find_map(|line| depth(line)).unwrap_or(2);
    let mut left: Vec<&Fact> = facts.iter().collect();
    let mut text = String::new();
    let last = last_of(lines);
    let mut at = 0;
    while at < last {
        let line = lines[at];
        let is_of = |fact: &&Fact| {
            let key = line.get(indent..).and_then(|rest| rest.strip_prefix(fact.key));
            depth(line) == Some(indent) && key.is_some_and(|rest| rest.starts_with(':'))
        };
        let Some(number) = left.iter().position(is_of) else {
            text.push_str(line);
            at += 1;
            continue;
        };
        let fact = left.remove(number);
        let below = &lines[at + 1..last];
        let length = below.iter().position(|line| depth(line).is_some_and(|one| one <= indent));
        let below = &below[..length.unwrap_or(below.len())];
        let of_value = last_of(below);
        // Comments among the lines that go are kept.
        text.extend(below[..of_value].iter().copied().filter(|line| is_comment(line)));
        let comment = line.find(" #").map_or("", |place| line[place..].trim_end());
        push(&mut text, indent, fact, comment);
        at += 1 + of_value;
    }
    let mut text = line_ended(&text);
    for fact in left {
        push(&mut text, indent, fact, "");
    }
    text.push_str(&lines[last..].concat());
    text
}

fn push(text: &mut String, indent: usize, Fact { key, value }: &Fact, comment: &str) {
    text.extend(std::iter::repeat_n(' ', indent));
    text.push_str(key);
    text.push_str(": ");
    text.push_str(value);
    text.push_str(comment);
    text.push('\n');
}

/// The spaces before a line; `None` for empty lines and comments.
fn depth(line: &str) -> Option<usize> {
    let rest = line.trim_start_matches(' ');
    let is_empty = rest.trim().is_empty() || rest.starts_with('#');
    (!is_empty).then(|| line.len() - rest.len())
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// The number of lines up to the last one that is neither empty nor a comment.
fn last_of(lines: &[&str]) -> usize {
    lines.iter().rposition(|line| depth(line).is_some()).map_or(0, |place| place + 1)
}

/// A text whose last line has an end.
fn line_ended(text: &str) -> String {
    let is_open = !text.is_empty() && !text.ends_with('\n');
    format!("{text}{}", if is_open { "\n" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTS: &str = "\
kind: Environment
id: dev # the first
organization: o
account: \"222233334444\"
region: eu-west-1
team: T
features: {ml_studio: true, dashboards: true}
# the end of dev
---
kind: Network
id: n
environment: dev
team: T
vpc_id: vpc-0123456789abcdef0
subnet_ids: [subnet-0123456789abcdef0]
";

    fn fact(key: &'static str, value: &str) -> Fact {
        Fact { key, value: value.to_owned() }
    }

    fn one(text: &str) -> Wanted {
        let source = SourceFile { path: "mesh.yaml".to_owned(), text: text.to_owned() };
        wanted(&[source]).pop().expect("an environment")
    }

    #[test]
    fn a_mesh_needs_what_its_features_ask_for() {
        let wanted = one(DOCUMENTS);
        assert_eq!(wanted.place.to_string(), "222233334444/eu-west-1");
        assert!(wanted.needs_default_vpc && wanted.needs_quicksight);
        assert_eq!(wanted.vpcs, ["vpc-0123456789abcdef0"]);
    }

    #[test]
    fn a_block_comes_at_the_end_of_its_document() {
        let facts = [fact("quicksight", "{subscribed: false}")];
        let text = written(DOCUMENTS, &one(DOCUMENTS), &facts).expect("a place");
        let expected = DOCUMENTS.replace(
            "# the end of dev",
            "context:\n  quicksight: {subscribed: false}\n# the end of dev",
        );
        assert_eq!(text, expected);
        // A second run changes nothing.
        assert_eq!(written(&text, &one(&text), &facts), Ok(text.clone()));
    }

    #[test]
    fn comments_and_other_facts_stay() {
        let context = "\
context: # facts
    # about QuickSight
    quicksight: # of the account
        subscribed: true
        # chosen at sign-up
        identity_region: eu-west-1
    availability_zones: [euw1-az1, euw1-az2]

teams: []
";
        let before = DOCUMENTS.replace("# the end of dev\n", context);
        let facts = [fact("quicksight", "{subscribed: false}"), fact("vpcs", "[]")];
        let text = written(&before, &one(&before), &facts).expect("a place");
        let after = "\
context: # facts
    # about QuickSight
        # chosen at sign-up
    quicksight: {subscribed: false} # of the account
    availability_zones: [euw1-az1, euw1-az2]
    vpcs: []

teams: []
";
        assert_eq!(text, DOCUMENTS.replace("# the end of dev\n", after));
    }

    #[test]
    fn a_context_in_one_line_is_left_to_people() {
        let text = DOCUMENTS.replace("# the end of dev\n", "context: {vpcs: []}\n");
        assert_eq!(written(&text, &one(&text), &[]), Err(ContextError::OneLine));
    }
}
