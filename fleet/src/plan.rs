//! The steps from the deployed stacks to the wanted ones. Pure.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_template::assembly::StackEntry;
use lakewright_template::{StackAddress, StackKind};

/// A deployed stack, as CloudFormation lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The status, such as `CREATE_COMPLETE`.
    pub status: String,
    /// The tags.
    pub tags: BTreeMap<String, String>,
    /// The output `LakewrightRevision`, which identifies the stack's template and tags.
    pub revision: Option<String>,
    /// Whether it was last deployed in express mode.
    pub is_express: bool,
    /// Its ARN, which names this stack even if another one has its name later.
    pub id: Option<String>,
    /// The id of its last operation, such as an update: it changes whenever anybody changes the stack.
    pub last_operation: Option<String>,
    /// Whether it is protected from deletion.
    pub is_protected: bool,
    /// What CloudFormation says besides, for people. The steps of a plan do not depend on it.
    pub told: Told,
}

/// What CloudFormation says of a stack, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// When it was last changed, or created if it was never changed, in RFC 3339.
    pub changed: Option<String>,
    /// The type of its last operation, such as `UPDATE_STACK`.
    pub operation: Option<String>,
    /// Its outputs, sorted by name.
    pub outputs: Vec<Output>,
}

/// An output of a deployed stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Output {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// What it is, in the words of the template.
    pub description: Option<String>,
    /// The name under which other stacks import it.
    pub export: Option<String>,
}

/// What a step does with its stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Create the stack, which does not exist or is empty.
    Create,
    /// Update the stack, whose revision or tags differ, or whose last operation failed.
    Update,
    /// Nothing: the stack is complete and has the wanted revision and tags.
    Keep,
    /// Delete the stack: the mesh no longer has it, and it holds no data.
    Delete,
    /// Nothing: the mesh no longer has the stack, and a person decides about it.
    Orphan,
    /// Nothing: the stack has a wanted name but belongs to another mesh. It is never changed.
    Foreign,
}

impl Action {
    /// The word in the output, for people and programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Keep => "keep",
            Self::Delete => "delete",
            Self::Orphan => "orphan",
            Self::Foreign => "foreign",
        }
    }
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The stack, as `account/region/name`.
    pub address: StackAddress,
    /// The kind of stack, such as `dataset`.
    pub kind: Option<StackKind>,
    /// The action.
    pub action: Action,
    /// The addresses of the stacks whose steps come first.
    pub after: Vec<StackAddress>,
}

impl Step {
    /// Whether the step changes something.
    pub fn is_change(&self) -> bool {
        matches!(self.action, Action::Create | Action::Update | Action::Delete)
    }
}

/// The steps, in an order in which they can be performed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
}

impl Plan {
    /// The number of steps with an action.
    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }

    /// Moves a step to the end. If stacks of the same account and region are no longer in the mesh but still deployed,
    /// the step is kept unchanged instead: they may need what it would remove.
    pub fn postpone(&mut self, address: &StackAddress) {
        let mut orphans = self.steps.iter().filter(|step| step.action == Action::Orphan);
        let has_orphans = orphans.any(|step| step.address.place == address.place);
        let Some(index) = self.steps.iter().position(|step| step.address == *address) else {
            return;
        };
        let mut step = self.steps.remove(index);
        if has_orphans {
            step.action = Action::Keep;
        }
        self.steps.push(step);
    }

    /// Leaves a stack unchanged.
    pub fn keep(&mut self, address: &StackAddress) {
        for step in self.steps.iter_mut().filter(|step| step.address == *address) {
            step.action = Action::Keep;
        }
    }

    /// Splits the plan into the change of one stack, if any, and all other steps.
    pub fn apart(&self, address: &StackAddress) -> (Self, Self) {
        let is_it = |step: &&Step| step.is_change() && step.address == *address;
        let (first, others): (Vec<&Step>, Vec<&Step>) = self.steps.iter().partition(is_it);
        let plan = |steps: Vec<&Step>| Self { steps: steps.into_iter().cloned().collect() };
        (plan(first), plan(others))
    }

    /// Whether the plan changes nothing and finds no foreign stack.
    pub fn is_done(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.action, Action::Keep | Action::Orphan))
    }
}

/// The position of a kind in the order of deployment: kinds of a later version come last.
pub fn rank(kind: Option<StackKind>) -> (bool, Option<StackKind>) {
    (kind.is_none(), kind)
}

/// The kind of a stack, by the tag that each stack of a mesh has.
pub fn kind_of(tags: &BTreeMap<String, String>) -> Option<StackKind> {
    StackKind::parse(tags.get("lakewright:kind")?).ok()
}

/// Plans the steps from the observed stacks, by address, to the wanted ones.
///
/// Each stack comes after its dependencies; otherwise bootstraps come first, because an account may need a new bootstrap
/// policy. Stacks that are no longer in the mesh come last, in reverse order. The error is a dependency cycle: the stacks
/// that depend on each other.
pub fn plan(
    mesh: &str,
    wanted: &[StackEntry],
    observed: &BTreeMap<StackAddress, Observed>,
) -> Result<Plan, Vec<StackAddress>> {
    let addresses: BTreeSet<StackAddress> = wanted.iter().map(StackEntry::address).collect();
    let mut steps = Vec::with_capacity(wanted.len());
    for entry in in_order(wanted)? {
        let address = entry.address();
        let action = match observed.get(&address) {
            None => Action::Create,
            // The tag names another mesh. A deleted stack belongs to nobody.
            Some(Observed { status, tags, .. })
                if status != "DELETE_COMPLETE"
                    && tags.get("lakewright:mesh").is_some_and(|other| other != mesh) =>
            {
                Action::Foreign
            }
            Some(Observed { status, .. })
                // Its creation was rolled back or it was deleted, so it has no resources and is created again.
                if matches!(
                    status.as_str(),
                    "REVIEW_IN_PROGRESS" | "DELETE_COMPLETE" | "ROLLBACK_COMPLETE"
                ) =>
            {
                Action::Create
            }
            // The tags count too: a forgotten stack still has its revision, but not the mesh's tags.
            Some(Observed { status, revision, tags, .. })
                if matches!(
                    status.as_str(),
                    "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE"
                ) && revision.as_ref() == Some(&entry.revision)
                    && entry.tags.iter().all(|(key, value)| tags.get(key) == Some(value)) =>
            {
                Action::Keep
            }
            Some(_) => Action::Update,
        };
        let after = entry.depends_on.iter().filter(|other| addresses.contains(*other));
        steps.push(Step {
            address,
            kind: Some(entry.kind),
            action,
            after: after.cloned().collect(),
        });
    }
    let mut gone: Vec<_> = observed
        .iter()
        .filter(|(address, stack)| {
            !addresses.contains(*address)
                && stack.tags.get("lakewright:mesh").is_some_and(|tag| tag == mesh)
                && stack.tags.contains_key("lakewright:kind")
                && stack.status != "DELETE_COMPLETE"
        })
        .map(|(address, stack)| {
            let kind = kind_of(&stack.tags);
            (rank(kind), address, kind)
        })
        .collect();
    gone.sort_by(|a, b| b.cmp(a));
    steps.extend(gone.into_iter().map(|(_, address, kind)| Step {
        address: address.clone(),
        action: if kind.is_some_and(StackKind::is_deleted_when_unwanted) {
            Action::Delete
        } else {
            Action::Orphan
        },
        kind,
        after: Vec::new(),
    }));
    Ok(Plan { steps })
}

/// The entries, each after its dependencies; otherwise ordered by kind, then by address.
fn in_order(wanted: &[StackEntry]) -> Result<Vec<&StackEntry>, Vec<StackAddress>> {
    let by_address: BTreeMap<StackAddress, &StackEntry> =
        wanted.iter().map(|entry| (entry.address(), entry)).collect();
    let mut waits: BTreeMap<&StackAddress, usize> = BTreeMap::new();
    let mut waited_for: BTreeMap<&StackAddress, Vec<&StackAddress>> = BTreeMap::new();
    for (address, entry) in &by_address {
        let known = entry.depends_on.iter().filter(|other| by_address.contains_key(*other));
        let known: BTreeSet<&StackAddress> = known.collect();
        waits.insert(address, known.len());
        for other in known {
            waited_for.entry(other).or_default().push(address);
        }
    }
    let key = |address: &StackAddress| (by_address[address].kind, address.clone());
    let mut ready: BTreeSet<(StackKind, StackAddress)> =
        waits.iter().filter(|(_, count)| **count == 0).map(|(address, _)| key(address)).collect();
    let mut order = Vec::with_capacity(wanted.len());
    while let Some((_, address)) = ready.pop_first() {
        waits.remove(&address);
        order.push(by_address[&address]);
        for next in waited_for.remove(&address).unwrap_or_default() {
            if let Some(count) = waits.get_mut(next) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(key(next));
                }
            }
        }
    }
    if waits.is_empty() { Ok(order) } else { Err(waits.into_keys().cloned().collect()) }
}

#[cfg(test)]
mod tests {
    use lakewright_template::Place;

    use super::*;

    fn at(name: &str) -> StackAddress {
        let place = Place::parse("111111111111", "eu-west-1").expect("a place");
        StackAddress::new(place, name)
    }

    fn entry(kind: &str, id: &str, depends_on: &[&str]) -> StackEntry {
        StackEntry {
            name: format!("p-{kind}-{id}"),
            kind: StackKind::parse(kind).expect("a kind"),
            id: id.to_owned(),
            account: at("").place.account,
            region: at("").place.region,
            template: String::new(),
            digest: String::new(),
            revision: "new".to_owned(),
            bytes: 0,
            depends_on: depends_on.iter().map(|name| at(&format!("p-{name}"))).collect(),
            capabilities: Vec::new(),
            tags: BTreeMap::from([("lakewright:mesh".to_owned(), "m".to_owned())]),
            retain: false,
            assets: Vec::new(),
            rollback: None,
        }
    }

    fn there(status: &str, kind: &str, revision: &str) -> Observed {
        let tags = [("lakewright:mesh", "m"), ("lakewright:kind", kind)];
        Observed {
            status: status.to_owned(),
            revision: Some(revision.to_owned()),
            is_express: false,
            id: None,
            last_operation: None,
            is_protected: false,
            told: Told::default(),
            tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        }
    }

    #[test]
    fn stacks_come_after_those_they_depend_on() {
        let wanted = [
            entry("share", "s", &["dataset-a", "team-t"]),
            entry("dataset", "a", &["environment-e", "team-t"]),
            entry("team", "t", &["environment-e"]),
            entry("environment", "e", &["bootstrap-b"]),
            entry("platform", "p", &["bootstrap-b"]),
            entry("bootstrap", "b", &[]),
        ];
        let plan = plan("m", &wanted, &BTreeMap::new()).expect("an order");
        let kinds = plan.steps.iter().filter_map(|step| step.kind);
        let order: Vec<&str> = kinds.map(StackKind::as_str).collect();
        assert_eq!(order, ["bootstrap", "environment", "team", "dataset", "share", "platform"]);
        assert_eq!(plan.count(Action::Create), 6);
    }

    #[test]
    fn rights_go_after_what_needs_them() {
        let wanted = [entry("bootstrap", "b", &[]), entry("team", "t", &["bootstrap-b"])];
        let share = (at("p-share-old"), there("CREATE_COMPLETE", "share", "old"));
        let bootstrap = (at("p-bootstrap-b"), there("CREATE_COMPLETE", "bootstrap", "old"));
        let team = (at("p-team-old"), there("CREATE_COMPLETE", "team", "old"));
        let mut with_share =
            plan("m", &wanted, &BTreeMap::from([share, bootstrap.clone()])).expect("an order");
        with_share.postpone(&at("p-bootstrap-b"));
        let last = with_share.steps.last().expect("steps");
        assert_eq!((last.kind, last.action), (Some(StackKind::Bootstrap), Action::Update));
        let mut with_orphan =
            plan("m", &wanted, &BTreeMap::from([team, bootstrap])).expect("an order");
        with_orphan.postpone(&at("p-bootstrap-b"));
        assert_eq!(with_orphan.steps.last().expect("steps").action, Action::Keep);
    }

    #[test]
    fn the_change_of_one_stack_is_told_from_all_others() {
        let wanted = [entry("bootstrap", "b", &[]), entry("team", "t", &["bootstrap-b"])];
        let there = there("CREATE_COMPLETE", "bootstrap", "new");
        let kept = BTreeMap::from([(at("p-bootstrap-b"), there)]);
        for (observed, changes) in [(BTreeMap::new(), 1), (kept, 0)] {
            let plan = plan("m", &wanted, &observed).expect("an order");
            let (first, others) = plan.apart(&at("p-bootstrap-b"));
            assert_eq!(first.steps.len(), changes);
            assert_eq!(others.steps.len(), 2 - changes);
        }
    }

    #[test]
    fn a_circle_is_an_error_and_not_dropped() {
        let wanted = [
            entry("environment", "e", &[]),
            entry("team", "a", &["team-b", "environment-e"]),
            entry("team", "b", &["team-a"]),
            entry("share", "s", &["team-a"]),
        ];
        let left = plan("m", &wanted, &BTreeMap::new()).expect_err("a circle");
        assert_eq!(left, ["p-share-s", "p-team-a", "p-team-b"].map(at));
    }

    #[test]
    fn a_stack_of_another_mesh_is_never_updated() {
        let wanted = [entry("bootstrap", "b", &[])];
        let of = |mesh: &str, status: &str| {
            let tags = BTreeMap::from([("lakewright:mesh".to_owned(), mesh.to_owned())]);
            let stack = Observed { tags, ..there(status, "bootstrap", "new") };
            let observed = BTreeMap::from([(at("p-bootstrap-b"), stack)]);
            plan("m", &wanted, &observed).expect("an order").steps[0].action
        };
        assert_eq!(of("m", "UPDATE_COMPLETE"), Action::Keep);
        for status in ["UPDATE_COMPLETE", "ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"] {
            assert_eq!(of("other", status), Action::Foreign, "{status}");
        }
        assert_eq!(of("other", "DELETE_COMPLETE"), Action::Create);
    }

    /// A stack that its owner removed from the mesh and tagged again, or whose tags the mesh changed: the template is
    /// the same.
    #[test]
    fn a_changed_tag_is_an_update() {
        let mut wanted = entry("team", "t", &[]);
        wanted.tags.insert("Owner".to_owned(), "new".to_owned());
        let stack = there("UPDATE_COMPLETE", "team", "new");
        let observed = BTreeMap::from([(at("p-team-t"), stack)]);
        let plan = plan("m", &[wanted], &observed).expect("an order");
        assert_eq!(plan.steps[0].action, Action::Update);
    }

    #[test]
    fn what_is_there_decides() {
        let wanted = [
            entry("team", "same", &[]),
            entry("team", "other", &[]),
            entry("team", "undone", &[]),
            entry("team", "shell", &[]),
            entry("team", "forgotten", &[]),
        ];
        let observed = [
            ("p-team-same", there("UPDATE_COMPLETE", "team", "new")),
            ("p-team-other", there("CREATE_COMPLETE", "team", "old")),
            ("p-team-undone", there("UPDATE_ROLLBACK_COMPLETE", "team", "new")),
            ("p-team-shell", there("REVIEW_IN_PROGRESS", "team", "new")),
            (
                "p-team-forgotten",
                Observed { tags: BTreeMap::new(), ..there("UPDATE_COMPLETE", "team", "new") },
            ),
            ("p-share-old", there("CREATE_COMPLETE", "share", "old")),
            ("p-dataset-old", there("CREATE_COMPLETE", "dataset", "old")),
            (
                "somebody-elses",
                Observed { tags: BTreeMap::new(), ..there("CREATE_COMPLETE", "", "") },
            ),
        ];
        let observed = observed.into_iter().map(|(name, stack)| (at(name), stack)).collect();
        let plan = plan("m", &wanted, &observed).expect("an order");
        let actions: Vec<(&str, Action)> =
            plan.steps.iter().map(|step| (step.address.name.as_str(), step.action)).collect();
        assert_eq!(
            actions,
            [
                ("p-team-forgotten", Action::Update),
                ("p-team-other", Action::Update),
                ("p-team-same", Action::Keep),
                ("p-team-shell", Action::Create),
                ("p-team-undone", Action::Update),
                ("p-share-old", Action::Delete),
                ("p-dataset-old", Action::Orphan),
            ]
        );
    }
}
