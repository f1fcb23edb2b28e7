//! The resources of both sides, found by pattern.

use lakewright_access::pattern;
use lakewright_access::world::World;

use super::divided::Divided;

/// The largest number of resources that one pattern is divided by. A pattern for more resources is decided for these
/// and for a resource that no template makes.
const MOST: usize = 32;

/// The ARNs of the resources of both sides, sorted.
#[derive(Debug)]
pub(super) struct Index<'w> {
    arns: Vec<&'w str>,
    /// The regions of their patterns.
    pub(super) divided: Divided,
}

impl<'w> Index<'w> {
    pub(super) fn of(worlds: impl Iterator<Item = &'w World>) -> Self {
        let mut arns: Vec<&str> = worlds
            .flat_map(|world| world.resources().keys().chain(world.roles().keys()))
            .map(String::as_str)
            .collect();
        arns.sort_unstable();
        arns.dedup();
        Self { arns, divided: Divided::default() }
    }

    /// The resources that a pattern names, and those that contain what it names. Of more than are compared, preferred
    /// ones come first.
    pub(super) fn overlapping(
        &self,
        wanted: &str,
        is_preferred: impl Fn(&str) -> bool,
    ) -> Vec<&'w str> {
        let literal = &wanted[..wanted.find(['*', '?']).unwrap_or(wanted.len())];
        let from = self.arns.partition_point(|arn| *arn < literal);
        let below = self.arns[from..].iter().take_while(|arn| arn.starts_with(literal));
        let named = below
            .filter(|arn| pattern::matches(wanted, arn) || may_begin(wanted, &format!("{arn}/")));
        let mut found: Vec<&str> = named.copied().collect();
        if found.len() > MOST {
            found.sort_by_cached_key(|arn| !is_preferred(arn));
            found.truncate(MOST);
        }
        // The bucket of objects, the access point of objects behind it.
        let containers = literal.match_indices('/').map(|(end, _)| &literal[..end]);
        for container in containers {
            if let Ok(place) = self.arns.binary_search(&container) {
                found.push(self.arns[place]);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Whether a pattern matches a text that begins with `start`, which ends with a slash.
fn may_begin(pattern: &str, start: &str) -> bool {
    let ends = pattern.match_indices(['*', '?', '/']).map(|(at, mark)| at + mark.len());
    ends.map(|end| &pattern[..end]).any(|part| pattern::matches(part, start))
}
