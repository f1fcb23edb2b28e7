//! What each document has.

use std::collections::BTreeMap;

use lakewright_manifest::document::Kind;
use lakewright_manifest::mesh::Header;

use super::Input;
use crate::model::{Fact, Head, Said};

/// A text that leads nowhere.
pub(super) fn said(text: impl Into<String>) -> Said {
    Said { text: text.into(), to: String::new() }
}

/// A text that leads to a page.
pub(super) fn leads(text: impl Into<String>, to: impl Into<String>) -> Said {
    Said { text: text.into(), to: to.into() }
}

/// The name of a document, which leads to its page.
pub(super) fn to(kind: &str, id: &str) -> Said {
    leads(id, format!("{kind}/{id}"))
}

/// A fact with one value.
pub(super) fn fact(name: &'static str, value: Said) -> Fact {
    Fact { name, values: vec![value] }
}

/// A fact with several values.
pub(super) fn facts(name: &'static str, values: impl IntoIterator<Item = Said>) -> Fact {
    Fact { name, values: values.into_iter().collect() }
}

/// Teams, each of which leads to its page.
pub(super) fn teams<'t>(
    name: &'static str,
    teams: impl IntoIterator<Item = &'t lakewright_manifest::TeamName>,
) -> Fact {
    facts(name, teams.into_iter().map(|team| to("team", team.as_str())))
}

/// The fields that each document has. Facts without a value are left out.
pub(super) fn head(
    input: &Input<'_>,
    kind: Kind,
    header: &Header,
    facts: Vec<Fact>,
    stacks: Vec<String>,
) -> Head {
    let Header { id, label, description, tags, topics, keywords, glossary, origin } = header;
    Head {
        kind: kind.as_str(),
        id: id.to_string(),
        label: label.clone(),
        about: description.clone(),
        line: input.line(*origin),
        topics: topics.clone(),
        keywords: keywords.clone(),
        glossary: glossary.clone(),
        tags: tags.clone(),
        facts: facts.into_iter().filter(|fact| !fact.values.is_empty()).collect(),
        stacks,
    }
}

/// The addresses of stacks, by the document that they belong to, such as `dataset/sales`.
pub(super) type Addresses = BTreeMap<String, Vec<String>>;

/// The addresses of a document's stacks.
pub(super) fn stacks_of(addresses: &Addresses, kind: &str, id: &str) -> Vec<String> {
    addresses.get(&format!("{kind}/{id}")).cloned().unwrap_or_default()
}
