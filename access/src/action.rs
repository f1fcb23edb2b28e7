//! IAM actions. Each name is interned once per process, together with its entry in the action catalogue.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use indexmap::IndexMap;
use lakewright_policies::catalogue::{self, CatalogueService};

use crate::lake::Needs;
use crate::pattern;

/// An action's name, compared case-insensitively. Policies repeat the same few names, so each name is interned and
/// compared by address.
#[derive(Clone, Copy)]
pub struct Action {
    name: &'static Name,
    service: ServiceId,
}

/// A service, interned so that it compares as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceId(usize);

impl ServiceId {
    /// The service of a prefix such as `s3`.
    pub fn of(prefix: &str) -> Self {
        static MET: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());
        let mut met = MET.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = met.get(prefix).copied() {
            return Self(known);
        }
        let next = met.len();
        met.insert(prefix.to_owned(), next);
        Self(next)
    }
}

/// A set of services, as 128 bits. Services beyond the first 128 of a process share bits, so the set may contain
/// more than was put into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Services(u128);

impl Services {
    pub(crate) const ALL: Self = Self(u128::MAX);

    fn bit(service: ServiceId) -> u128 {
        1 << (service.0 % 128)
    }

    pub(crate) fn contain(self, service: ServiceId) -> bool {
        self.0 & Self::bit(service) != 0
    }
}

impl FromIterator<ServiceId> for Services {
    fn from_iter<I: IntoIterator<Item = ServiceId>>(services: I) -> Self {
        Self(services.into_iter().fold(0, |set, service| set | Self::bit(service)))
    }
}

/// An interned action name: as it is shown and in lower case, with its service and its catalogue entry.
struct Name {
    written: String,
    lower: String,
    service: String,
    service_id: ServiceId,
    is_permission: bool,
    level: Level,
    known: Option<Known>,
    forms: Option<Vec<Form>>,
    needs: Needs,
}

/// An action of the catalogue, with its service.
pub(crate) type Known = (&'static CatalogueService, &'static catalogue::Action);

/// The ARN format of a resource type that an action can apply to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The resource type, such as `bucket`.
    pub kind: &'static str,
    /// The ARN, with `*` in place of each variable.
    pub arn: String,
}

/// The access level of an action, as in the service authorization reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the reference's")]
pub enum Level {
    List,
    Read,
    Write,
    Tag,
    Manage,
}

impl Level {
    /// Every level, from weakest to strongest.
    pub const ALL: [Self; 5] = [Self::List, Self::Read, Self::Write, Self::Tag, Self::Manage];

    /// The name in JSON and data files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Write => "write",
            Self::Tag => "tag",
            Self::Manage => "manage",
        }
    }
}

/// The interned names, by their lower-case form.
static NAMES: Mutex<BTreeMap<String, &'static Name>> = Mutex::new(BTreeMap::new());

/// The maximum number of names that a thread caches, in addition to those of the process.
const KEPT: usize = 65_536;

thread_local! {
    /// The names as written, cached per thread so that a repeated name needs no lock.
    static WRITTEN: RefCell<IndexMap<String, Action>> = RefCell::new(IndexMap::new());
}

impl Action {
    /// The action of a name such as `s3:GetObject`.
    pub fn new(name: &str) -> Self {
        WRITTEN.with_borrow_mut(|written| {
            if let Some(known) = written.get(name) {
                return *known;
            }
            let action = Self::kept(name);
            if written.len() >= KEPT {
                written.clear();
            }
            written.insert(name.to_owned(), action);
            action
        })
    }

    fn kept(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = names.entry(lower.clone()).or_insert_with(|| {
            // Leaked on purpose: names are few and are used as long as the process runs (ADR 19).
            let service = lower.split(':').next().unwrap_or_default();
            let known = catalogue::action(&lower);
            let permission = permission(&lower);
            Box::leak(Box::new(Name {
                written: spelling(name, service, known, permission),
                service: service.to_owned(),
                service_id: ServiceId::of(service),
                is_permission: permission.is_some(),
                level: level(&lower, known),
                known,
                forms: known.map(forms),
                needs: Needs::of(&lower),
                lower,
            }))
        });
        Self { name: kept, service: kept.service_id }
    }

    /// The name in lower case.
    pub fn lower(self) -> &'static str {
        &self.name.lower
    }

    /// The name as AWS writes it. A name that is neither in the catalogue nor a permission of Lake Formation is shown as it
    /// was first written.
    pub fn name(self) -> &'static str {
        &self.name.written
    }

    /// The service, such as `s3`.
    pub fn service(self) -> &'static str {
        &self.name.service
    }

    /// The service, for comparisons.
    pub fn service_id(self) -> ServiceId {
        self.service
    }

    /// Whether this is a permission of Lake Formation, such as `lakeformation:SELECT`, and not an action of IAM.
    pub fn is_permission(self) -> bool {
        self.name.is_permission
    }

    /// The access level. An unknown action has the strongest one.
    pub fn level(self) -> Level {
        self.name.level
    }

    /// The actions that the catalogue lists for a service, sorted. Built once per process; empty for an unknown
    /// service.
    pub(crate) fn all_of(prefix: &str) -> &'static [Self] {
        static MET: Mutex<BTreeMap<String, &'static [Action]>> = Mutex::new(BTreeMap::new());
        let Some(service) = catalogue::service(prefix) else { return &[] };
        let mut met = MET.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = met.get(prefix).copied() {
            return known;
        }
        let names = service.actions().map(|action| action.name);
        let all: Vec<Self> = names.map(|name| Self::new(&format!("{prefix}:{name}"))).collect();
        // Leaked on purpose: services are few and are used as long as the process runs.
        let all: &'static [Self] = Box::leak(all.into_boxed_slice());
        met.insert(prefix.to_owned(), all);
        all
    }

    /// Whether the catalogue lists the action, or it is one of the known actions outside of the catalogue.
    pub fn is_known(self) -> bool {
        self.known().is_some()
            || catalogue::OUTSIDE.iter().any(|outside| pattern::matches(outside, self.lower()))
    }

    /// Whether the action is unknown although its service is known. The action may be newer than the catalogue.
    pub fn is_unknown(self) -> bool {
        !self.is_known() && catalogue::service(self.service()).is_some()
    }

    /// The action's entry in the catalogue.
    pub fn known(self) -> Option<Known> {
        self.name.known
    }

    /// The ARN formats that the action can apply to; `None` if the action is unknown.
    pub fn forms(self) -> Option<&'static [Form]> {
        self.name.forms.as_deref()
    }

    /// The Lake Formation permissions that the action needs on a governed catalog.
    pub fn needs(self) -> Needs {
        self.name.needs
    }

    /// Checks whether the action can apply to this ARN, by the service authorization reference. An unknown action
    /// can apply to any ARN.
    ///
    /// # Errors
    ///
    /// The resource types that the action applies to, if the ARN is of none of them.
    pub fn about(self, arn: &str) -> Result<(), Vec<&'static str>> {
        let Some(forms) = self.forms() else { return Ok(()) };
        if forms.iter().any(|form| pattern::matches(&form.arn, arn)) {
            return Ok(());
        }
        let mut kinds: Vec<&str> = forms.iter().map(|form| form.kind).collect();
        kinds.dedup();
        Err(kinds)
    }

    fn address(self) -> usize {
        std::ptr::from_ref(self.name).addr()
    }
}

/// What the model calls the rights of a data lake administrator, who has no single permission.
const ADMINISTER: &str = "ADMINISTER";

/// The permissions of Lake Formation. Source: "PrincipalPermissions" in the Lake Formation API reference.
const PERMISSIONS: [&str; 17] = [
    ADMINISTER,
    "ALL",
    "ALTER",
    "ASSOCIATE",
    "CREATE_CATALOG",
    "CREATE_DATABASE",
    "CREATE_LF_TAG",
    "CREATE_LF_TAG_EXPRESSION",
    "CREATE_TABLE",
    "DATA_LOCATION_ACCESS",
    "DELETE",
    "DESCRIBE",
    "DROP",
    "GRANT_WITH_LF_TAG_EXPRESSION",
    "INSERT",
    "SELECT",
    "SUPER_USER",
];

/// The Lake Formation permission that a name in lower case stands for, such as `SELECT` of `lakeformation:select`.
fn permission(lower: &str) -> Option<&'static str> {
    let name = lower.strip_prefix("lakeformation:")?;
    PERMISSIONS.into_iter().find(|permission| permission.eq_ignore_ascii_case(name))
}

/// The name as AWS writes it, so that the spelling of the first policy that is read does not matter.
fn spelling(name: &str, service: &str, known: Option<Known>, permission: Option<&str>) -> String {
    let own = permission.or(known.map(|(_, action)| action.name));
    own.map_or_else(|| name.to_owned(), |own| format!("{service}:{own}"))
}

fn level(lower: &str, known: Option<Known>) -> Level {
    match lower {
        "lakeformation:select" => return Level::Read,
        "lakeformation:describe" => return Level::List,
        "lakeformation:insert" | "lakeformation:delete" | "lakeformation:data_location_access" => {
            return Level::Write;
        }
        _ => {}
    }
    let Some((_, known)) = known else { return Level::Manage };
    // The reference lists several levels as `Permissions management, Write`: the first is the more specific one.
    match known.levels.first().copied() {
        Some("List") => Level::List,
        Some("Read") => Level::Read,
        Some("Write") => Level::Write,
        Some("Tagging") => Level::Tag,
        _ => Level::Manage,
    }
}

fn forms((service, known): Known) -> Vec<Form> {
    let kinds = known.resources.iter();
    let kinds = kinds.filter_map(|resource| service.resource_type(resource.kind));
    let kinds = kinds.flat_map(|kind| {
        let arns = kind.arns.iter().map(|arn| pattern::of_form(arn));
        arns.map(move |arn| Form { kind: kind.name, arn })
    });
    // The reference lacks this resource type. Source: "Control CloudFormation access with IAM", the permission for
    // SAM's transform.
    let is_of_transforms =
        known.name == "CreateChangeSet" && service.resource_type("stackset").is_some();
    let transform = is_of_transforms.then(|| Form {
        kind: "transform",
        arn: "arn:*:cloudformation:*:aws:transform/*".to_owned(),
    });
    kinds.chain(transform).collect()
}

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
}

impl Eq for Action {}

impl PartialOrd for Action {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Action {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        if self == other {
            return std::cmp::Ordering::Equal;
        }
        self.lower().cmp(other.lower())
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_however_it_is_written() {
        let (one, other) = (Action::new("sample:GetThing"), Action::new("Sample:getthing"));
        assert_eq!(one, other);
        assert_eq!((other.name(), other.lower()), ("sample:GetThing", "sample:getthing"));
        assert_ne!(one, Action::new("sample:GetThings"));
    }

    #[test]
    fn the_first_spelling_decides_nothing() {
        // IAM ignores the case of action names, so a policy with this one may be read before any other.
        let (first, second) =
            (Action::new("lakeformation:associate"), Action::new("lakeformation:ASSOCIATE"));
        assert!(first.is_permission() && second.is_permission());
        assert_eq!(first.name(), "lakeformation:ASSOCIATE");
        assert_eq!(Action::new("SQS:purgequeue").name(), "sqs:PurgeQueue");
        for permission in PERMISSIONS {
            let name = format!("lakeformation:{}", permission.to_lowercase());
            assert!(catalogue::action(&name).is_none(), "{name} is an action of IAM");
        }
    }

    #[test]
    fn an_action_knows_its_level_and_what_it_is_about() {
        for (name, level) in [
            ("s3:GetObject", Level::Read),
            ("s3:ListBucket", Level::List),
            ("glue:TagResource", Level::Tag),
            ("s3:PutBucketPolicy", Level::Manage),
            ("lakeformation:SELECT", Level::Read),
            ("nothing:Known", Level::Manage),
        ] {
            assert_eq!(Action::new(name).level(), level, "{name}");
        }
        let forms = Action::new("kms:Decrypt").forms().expect("a known action");
        assert_eq!(forms, [Form { kind: "key", arn: "arn:*:kms:*:*:key/*".to_owned() }]);
        // A stage of either kind of API. Source: "Actions, resources, and condition keys for Amazon API Gateway
        // Management" and "... Management V2", which share a prefix.
        let stage = "arn:aws:apigateway:eu-west-1::/restapis/a1/stages/prod";
        for arn in [stage, &stage.replace("/restapis/", "/apis/")] {
            assert_eq!(Action::new("apigateway:SetWebACL").about(arn), Ok(()));
        }
        assert_eq!(Action::new("nothing:Known").forms(), None);
    }

    #[test]
    fn what_nobody_knows_is_told_from_what_stands_outside() {
        for name in ["nothing:Known", "s3:ListObjects", "dynamo:GetItem", "s3", ""] {
            assert!(!Action::new(name).is_known(), "{name}");
        }
        for name in ["s3:GetObject", "DeepRacer:GetTrack", "dynamodb:GetItem"] {
            assert!(Action::new(name).is_known(), "{name}");
        }
        for (name, is_unknown) in [
            ("s3:ListObjects", true),
            ("s3:GetObject", false),
            ("cloudhsm:CreateLunaClient", false),
            ("nothing:Known", false),
        ] {
            assert_eq!(Action::new(name).is_unknown(), is_unknown, "{name}");
        }
    }

    #[test]
    fn a_service_has_all_of_its_actions_once() {
        let all = Action::all_of("sqs");
        assert!(all.is_sorted() && all.contains(&Action::new("SQS:SendMessage")));
        assert_eq!(all.as_ptr(), Action::all_of("sqs").as_ptr());
        assert!(Action::all_of("nothing").is_empty());
    }
}
