//! What `--version` says.

use std::sync::LazyLock;

use lakewright_policies::catalogue;
use lakewright_template::schema;

/// The version, the commit that it was built from, and where the facts about AWS come from. The first line is all that `-V`
/// says.
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
