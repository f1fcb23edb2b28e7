//! Random fleets: the wanted stacks, and a world in which some of them exist.

use std::collections::{BTreeMap, BTreeSet};

use lakewright_deployer::cloud::{Access, Site, Stack};
use lakewright_simulator::faults::Faults;
use lakewright_simulator::random::Random;
use lakewright_simulator::world::World;
use lakewright_template::assembly::StackEntry;
use lakewright_template::{Place, StackAddress, StackKind};

pub(crate) const MESH: &str = "m";

/// A fleet.
pub(crate) struct Fleet {
    pub(crate) entries: Vec<StackEntry>,
    pub(crate) stacks: BTreeMap<StackAddress, Stack>,
    pub(crate) sites: BTreeMap<Place, Site>,
    /// Stacks that exist and that the mesh does not want.
    others: Vec<Stack>,
}

/// The statuses in which an operation has left a stack.
const LEFT: [&str; 11] = [
    "CREATE_FAILED",
    "DELETE_FAILED",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
    "IMPORT_ROLLBACK_FAILED",
    "REVIEW_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
];

/// The statuses of somebody else's operation.
const MOVING: [&str; 9] = [
    "CREATE_IN_PROGRESS",
    "DELETE_IN_PROGRESS",
    "IMPORT_IN_PROGRESS",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "ROLLBACK_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_IN_PROGRESS",
];

impl Fleet {
    /// The fleet of a seed: most are small, one in 500 has up to 5,000 stacks.
    pub(crate) fn drawn(seed: u64) -> Self {
        let mut random = Random::of(seed, "fleet");
        let size = match random.between(0, 999) {
            0..700 => random.between(1, 8),
            700..960 => random.between(9, 40),
            960..998 => random.between(41, 200),
            _ => random.between(201, 5_000),
        };
        Self::of_size(seed, usize::try_from(size).expect("a size"))
    }

    pub(crate) fn of_size(seed: u64, size: usize) -> Self {
        let mut random = Random::of(seed, "stacks");
        let places = places(&mut random, size);
        let mut fleet = Self {
            entries: Vec::new(),
            stacks: BTreeMap::new(),
            sites: places.iter().map(|place| (place.clone(), site(place))).collect(),
            others: Vec::new(),
        };
        for number in 0..size {
            let place = &places[random.index(places.len())];
            let kinds = &StackKind::ALL[2..];
            let kind = kinds[random.index(kinds.len())];
            let mut depends_on = BTreeSet::new();
            for _ in 0..random.index(4).min(number) {
                // Mostly near ones, so that there are long chains.
                let back = random.index(number.min(12)) + 1;
                let other: &StackEntry = &fleet.entries[number - back];
                depends_on.insert(other.address());
            }
            let stack = stack(&mut random, place, kind, number, depends_on);
            fleet.entries.push(stack.entry.clone());
            fleet.stacks.insert(stack.entry.address(), stack);
        }
        for number in 0..random.index(4) {
            let place = &places[random.index(places.len())];
            let kind = [StackKind::Share, StackKind::Dataset][random.index(2)];
            fleet.others.push(stack(&mut random, place, kind, size + number, BTreeSet::new()));
        }
        fleet
    }

    /// The world in which the fleet is deployed, and the stacks that are as wanted.
    pub(crate) fn world(&self, faults: Faults) -> (World, BTreeSet<StackAddress>) {
        let mut random = Random::of(faults.seed, "what exists");
        let mut done = BTreeSet::new();
        let (stuck, has_others) = (faults.stuck, faults.has_others());
        let mut world = World::new(faults);
        world.know_roles(self.sites.keys().map(|place| place.role_arn("reader")));
        for stack in self.stacks.values() {
            let mut existing = stack.clone();
            if random.chance(20) {
                existing.entry.tags.insert("lakewright:mesh".to_owned(), "other".to_owned());
                // The schedule does not wait for it: `deploy` refuses a plan with such a stack.
                done.insert(stack.entry.address());
            }
            let all: Vec<&str> =
                if has_others { [&LEFT[..], &MOVING[..]].concat() } else { LEFT.to_vec() };
            let (status, older) = match random.between(0, 99) {
                _ if random.chance(stuck) => (all[random.index(all.len())], 500),
                0..25 => continue,
                25..40 => ("CREATE_COMPLETE", 0),
                _ => ("UPDATE_COMPLETE", 500),
            };
            if older == 0 {
                done.insert(stack.entry.address());
            }
            world.add(&existing, status, older).expect("a template");
        }
        for stack in &self.others {
            world.add(stack, "CREATE_COMPLETE", 0).expect("a template");
        }
        (world, done)
    }

    pub(crate) fn wanted(&self) -> BTreeMap<StackAddress, StackEntry> {
        self.entries.iter().map(|entry| (entry.address(), entry.clone())).collect()
    }
}

fn places(random: &mut Random, size: usize) -> Vec<Place> {
    let accounts = random.index(4.min(size)) + 1;
    let mut places = Vec::new();
    for account in 1..=accounts {
        for region in ["eu-west-1", "us-east-1"].iter().take(random.index(2) + 1) {
            places.push(Place::parse(&format!("{account:012}"), region).expect("a place"));
        }
    }
    places
}

fn site(place: &Place) -> Site {
    Site {
        place: place.clone(),
        access: Access::Deployer {
            role: place.role_arn("deploy"),
            external_id: "external".to_owned(),
            execution_role: place.role_arn("execution"),
            template_bucket: format!("templates-{}", place.account),
        },
    }
}

fn stack(
    random: &mut Random,
    place: &Place,
    kind: StackKind,
    number: usize,
    depends_on: BTreeSet<StackAddress>,
) -> Stack {
    let mut resources = serde_json::Map::new();
    for resource in 0..=random.index(4) {
        resources.insert(format!("R{resource}"), resource_of(random, place, kind, number));
    }
    let template = serde_json::json!({ "Resources": resources }).to_string();
    let tags = [("lakewright:mesh", MESH), ("lakewright:kind", kind.as_str())];
    let entry = StackEntry {
        name: format!("m-{number}"),
        kind,
        id: number.to_string(),
        account: place.account.clone(),
        region: place.region.clone(),
        template: String::new(),
        digest: format!("{number:064x}"),
        revision: format!("revision-{number}"),
        bytes: template.len(),
        depends_on: depends_on.into_iter().collect(),
        capabilities: Vec::new(),
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        retain: false,
        assets: Vec::new(),
        rollback: None,
    };
    Stack { entry, template, assets: BTreeMap::new(), site: site(place) }
}

fn resource_of(
    random: &mut Random,
    place: &Place,
    kind: StackKind,
    number: usize,
) -> serde_json::Value {
    let name = format!("n{number}-{}", random.between(0, 999));
    match random.index(6) {
        // Stacks that are deleted when the mesh does not want them hold no data.
        0 | 1 if kind != StackKind::Share => serde_json::json!({
            "Type": "AWS::S3::Bucket", "Properties": { "BucketName": name }
        }),
        2 => {
            serde_json::json!({ "Type": "AWS::LakeFormation::PrincipalPermissions", "Properties": {
            "Principal": { "DataLakePrincipalIdentifier": place.role_arn("reader") },
            "Resource": { "Database": { "CatalogId": place.account, "Name": name } },
            "Permissions": ["DESCRIBE"],
        } })
        }
        _ => serde_json::json!({ "Type": "AWS::SNS::Topic", "Properties": { "TopicName": name } }),
    }
}
