//! Managed policies that no role of the templates has: whoever has one, its changes are changes of access.

use std::borrow::Cow;
use std::collections::BTreeSet;

use lakewright_access::world::World;

/// The ARNs of the managed policies that differ between two worlds, and that no role of either world has, neither attached
/// nor as its permissions boundary. A policy that is only in one of the worlds is not among them: a new one is attached to
/// nobody yet.
pub(super) fn unheld(worlds: [&World; 2]) -> Vec<String> {
    let [before, after] = worlds.map(World::managed);
    let differing = before.iter().filter_map(|(arn, old)| {
        let new = after.get(arn)?;
        (new != old).then_some(arn)
    });
    let mut differing: BTreeSet<&String> = differing.collect();
    if differing.is_empty() {
        return Vec::new();
    }
    for role in worlds.iter().flat_map(|world| world.roles().values()) {
        for arn in role.managed.values().chain(&role.boundary) {
            differing.remove(arn);
        }
    }
    differing.into_iter().cloned().collect()
}

/// A world with a principal for each of these policies that has it.
pub(super) fn with_holders<'w>(world: &'w World, policies: &[String]) -> Cow<'w, World> {
    let mut world = Cow::Borrowed(world);
    for policy in policies {
        world.to_mut().add_holder(policy);
    }
    world
}
