//! The text of `--version`.

use std::sync::LazyLock;

use lakewright_policies::catalogue;
use lakewright_template::schema;

/// The version, the commit that it was built from, and the origin of the facts about AWS. `-V` prints the first line
/// only.
pub(crate) fn long() -> &'static str {
    static LONG: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{}\ncommit {}\nCloudFormation schemas of {}\nIAM action catalogue of {}",
            env!("CARGO_PKG_VERSION"),
            env!("LAKEWRIGHT_COMMIT"),
            schema::package(),
            catalogue::package()
        )
    });
    &LONG
}
