//! Changed settings of Lake Formation that decide whether IAM alone gives access: registered locations, hybrid access mode,
//! and the default permissions of new tables.

use std::collections::BTreeSet;

use lakewright_access::lake::{Lake, Location};
use lakewright_access::world::World;

use crate::access::answers::Worlds;
use crate::access::{AccessChange, Answer, Reach, Relation, Witness};

/// Lake Formation's group of all principals that IAM allows.
const EVERYBODY: &str = "IAM_ALLOWED_PRINCIPALS";

/// Source: "Hybrid access mode" in the Lake Formation developer guide.
const HYBRID: &str = "the location is in hybrid access mode now: IAM alone decides for principals that have not opted in";
const NOT_HYBRID: &str =
    "the location is no longer in hybrid access mode: IAM alone gives no access to its tables";

/// Source: "Underlying data access control" in the Lake Formation developer guide: Lake Formation issues credentials for
/// registered locations only.
const NOT_REGISTERED: &str =
    "the location is no longer registered with Lake Formation: IAM alone decides on its data";

/// Source: "Changing the default settings for your data lake" in the Lake Formation developer guide.
const OPEN: &str = "the defaults of the database no longer close new tables: by the account's settings, Lake Formation may give \
                    them to all principals that IAM allows";
const CLOSED: &str =
    "the defaults of the database close new tables: IAM alone gives no access to them";
const OWNER_OPENS: &str = "the mesh no longer says that the owner of the database has closed it: IAM alone may give access to it";

/// Why access to a bucket that no template makes cannot be compared.
const OWNER: &str = "the mesh states another account for the bucket, whose owner decides";

/// What all principals that IAM allows may gain or lose.
pub(super) fn changes(worlds: &Worlds<'_>) -> Vec<AccessChange> {
    let mut found = Vec::new();
    locations(worlds, &mut found);
    defaults(worlds, &mut found);
    let [before, after] = worlds.stated;
    for (bucket, account) in before.owners() {
        if after.owners().get(bucket).is_some_and(|other| other != account) {
            let one = reach("s3:GetObject", format!("{bucket}/*"), UNKNOWN, OWNER);
            found.push(change("*", one, true));
        }
    }
    found
}

/// The answers if it is not known whether access is gained, and those if it is lost.
const UNKNOWN: (Answer, Answer) = (Answer::Depends, Answer::Depends);
const LOST: (Answer, Answer) = (Answer::Depends, Answer::Denied);

/// Locations that become hybrid, are hybrid no longer, or are no longer registered. A new registration takes no access away:
/// IAM gives access to the objects as before.
fn locations(worlds: &Worlds<'_>, found: &mut Vec<AccessChange>) {
    let [before, after] = worlds.stated;
    let (old, new) = (before.lake(), after.lake());
    for location in &old.registered {
        let reason = match (old.has_hybrid(location), new.has_hybrid(location)) {
            _ if !new.registered.contains(location) => {
                if !stays([before, after], location) {
                    continue;
                }
                NOT_REGISTERED
            }
            (false, true) => HYBRID,
            (true, false) => NOT_HYBRID,
            (true, true) | (false, false) => continue,
        };
        let is_unknown = reason != NOT_HYBRID;
        let answers = if is_unknown { UNKNOWN } else { LOST };
        let one = reach("lakeformation:SELECT", location.arn.clone(), answers, reason);
        found.push(change(EVERYBODY, one, is_unknown));
    }
}

/// Whether the bucket of a location remains, as far as the templates say: one that they no longer make is gone or retained
/// for nobody.
fn stays(worlds: [&World; 2], location: &Location) -> bool {
    let bucket = location.arn.split('/').next().unwrap_or_default();
    let [was_made, is_made] = worlds.map(|world| {
        let made = world.resources().get(bucket);
        made.is_some_and(|one| one.account == location.account)
    });
    is_made || !was_made
}

/// Databases whose new tables are open or closed after the change.
fn defaults(worlds: &Worlds<'_>, found: &mut Vec<AccessChange>) {
    let [before, after] = worlds.stated;
    let lakes = [before.lake(), after.lake()];
    let governed: BTreeSet<&String> = lakes.iter().flat_map(|lake| &lake.governed).collect();
    for database in governed {
        let is_on_both = worlds.both().all(|world| world.resources().contains_key(database));
        let [was_closed, is_closed] = lakes.map(|lake| lake.governed.contains(database));
        let is_told = opens(lakes[0], database) != opens(lakes[1], database);
        if !is_on_both || was_closed == is_closed || is_told {
            continue;
        }
        let (answers, reason) = if is_closed { (LOST, CLOSED) } else { (UNKNOWN, OPEN) };
        let one = reach("lakeformation:ALL", tables_of(database), answers, reason);
        found.push(change(EVERYBODY, one, !is_closed));
    }
    for database in lakes[0].closed.difference(&lakes[1].closed) {
        let is_used = lakes[1].principals_of(database).next().is_some();
        if is_used && !lakes[1].governed.contains(database) {
            let one = reach("lakeformation:ALL", tables_of(database), UNKNOWN, OWNER_OPENS);
            found.push(change(EVERYBODY, one, true));
        }
    }
}

/// Whether the defaults of a database give its new tables to everybody. The comparison of permissions shows that.
fn opens(lake: &Lake, database: &str) -> bool {
    let grants = lake.grants.get(EVERYBODY);
    grants.is_some_and(|grants| grants.iter().any(|grant| grant.resource == database))
}

/// The pattern of the tables of a database.
fn tables_of(database: &str) -> String {
    format!("{}/*", database.replacen(":database/", ":table/", 1))
}

fn reach(action: &str, resource: String, decisions: (Answer, Answer), reason: &str) -> Reach {
    let action = action.to_owned();
    Reach {
        actions: vec![action.clone()],
        resource: resource.clone(),
        conditions: Vec::new(),
        witness: Witness { action, resource, context: Vec::new() },
        decisions,
        statements: Vec::new(),
        because: Vec::new(),
        reason: reason.to_owned(),
    }
}

fn change(principal: &str, reach: Reach, is_unknown: bool) -> AccessChange {
    let (relation, lost, unknown) = if is_unknown {
        (Relation::Unknown, Vec::new(), vec![reach])
    } else {
        (Relation::Narrower, vec![reach], Vec::new())
    };
    AccessChange { principal: principal.to_owned(), relation, gained: Vec::new(), lost, unknown }
}
