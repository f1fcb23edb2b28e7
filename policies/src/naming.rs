//! Names of merged statements.
//!
//! A statement that was not merged from others keeps its author's name. A
//! statement merged from statements of several services would have the name of
//! one of them and hide the others. Its name lists its kinds of access instead,
//! by the access levels of the service authorization reference, and the number
//! of services. The name is assigned when the policy is written, and does not
//! affect which policy a statement is in.

use std::collections::BTreeSet;

use lakewright_template::Text;

use crate::catalogue;
use crate::document::{Effect, Statement};
use crate::merge::Tagged;

/// Characters of the longest name: all kinds, and a number of four digits.
pub(crate) const LONGEST_NAME: usize =
    "DenyListsAndReadsAndWritesAndTagsAndPermitsAndOthersOf9999Services".len();

/// A kind of access, in the order in which names list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Lists,
    Reads,
    Writes,
    Tags,
    Permits,
    /// Actions that the reference does not list, and other levels.
    Others,
}

impl Kind {
    fn of(action: &str) -> Self {
        let Some((_, action)) = catalogue::action(action) else { return Self::Others };
        if action.levels.contains(&"Permissions management") {
            return Self::Permits;
        }
        if action.levels.contains(&"Tagging") {
            return Self::Tags;
        }
        match action.levels.last() {
            Some(&"List") => Self::Lists,
            Some(&"Read") => Self::Reads,
            Some(&"Write") => Self::Writes,
            Some(_) | None => Self::Others,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Lists => "Lists",
            Self::Reads => "Reads",
            Self::Writes => "Writes",
            Self::Tags => "Tags",
            Self::Permits => "Permits",
            Self::Others => "Others",
        }
    }
}

impl<C> Tagged<C> {
    /// The name that replaces the statement's own name, if that describes only a part of the statement.
    pub fn telling_name(&self) -> Option<String> {
        if self.is_mixed { of_services(&self.statement) } else { None }
    }
}

/// The name of a statement of several services; `None` if it has one service only.
fn of_services(statement: &Statement) -> Option<String> {
    let service = |action: &Text| action.split(':').next().unwrap_or_default().to_owned();
    let services: BTreeSet<String> = statement.actions.iter().map(service).collect();
    if services.len() < 2 {
        return None;
    }
    let kinds: BTreeSet<Kind> = statement.actions.iter().map(|action| Kind::of(action)).collect();
    let kinds: Vec<&str> = kinds.into_iter().map(Kind::word).collect();
    let effect = match statement.effect {
        Effect::Allow => "",
        Effect::Deny => "Deny",
    };
    Some(format!("{effect}{}Of{}Services", kinds.join("And"), services.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::merge;

    fn names(statements: Vec<Statement>) -> Vec<Option<String>> {
        let tagged = statements.into_iter().map(|one| Tagged::new(one, BTreeSet::<u8>::new()));
        merge(tagged.collect()).iter().map(Tagged::telling_name).collect()
    }

    /// The levels are those of the service authorization reference: `ListWorkGroups` is List, `GetBucketPolicy` Read,
    /// `CreateRepository` Write, `codecommit:TagResource` Tagging, `PutBucketPolicy` Permissions management.
    #[test]
    fn what_several_services_were_merged_into_is_named_after_what_it_holds() {
        let of = |sid: &'static str, actions: &[&'static str]| {
            Statement::allow(sid, actions.iter().copied(), ["*"])
        };
        let athena = || of("AthenaLists", &["athena:ListWorkGroups"]);
        let one = [
            names(vec![athena(), of("BucketReads", &["s3:GetBucketPolicy"])]),
            names(vec![
                athena(),
                of("Changes", &["codecommit:CreateRepository", "codecommit:TagResource"]),
                of("Opens", &["s3:PutBucketPolicy"]),
            ]),
        ];
        assert_eq!(one[0], [Some("ListsAndReadsOf2Services".to_owned())]);
        assert_eq!(one[1], [Some("ListsAndWritesAndTagsAndPermitsOf3Services".to_owned())]);
        let denied =
            |sid: &'static str, action: &'static str| Statement::deny(sid, [action], ["*"]);
        let both = names(vec![denied("A", "s3:NoSuchAction"), denied("B", "athena:GetWorkGroup")]);
        assert_eq!(both, [Some("DenyReadsAndOthersOf2Services".to_owned())]);
    }

    #[test]
    fn what_one_author_wrote_or_one_service_has_keeps_its_name() {
        let one = Statement::allow("Both", ["s3:GetObject", "kms:Decrypt"], ["*"]);
        let other = Statement::allow("Both", ["s3:PutObject"], ["*"]);
        assert_eq!(names(vec![one.clone()]), [None]);
        assert_eq!(names(vec![one, other]), [None], "one name, whatever is merged");
        let reads = Statement::allow("A", ["s3:GetObject"], ["*"]);
        let writes = Statement::allow("B", ["s3:PutObject"], ["*"]);
        assert_eq!(names(vec![reads, writes]), [None], "one service");
    }
}
