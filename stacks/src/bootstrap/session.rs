//! The session tags of the deployer: they show in CloudTrail which mesh and which run made a request.

use lakewright_constructs::role::Trust;

use crate::Names;

/// The tag with the mesh's id, and the one with the id of the run. The deployer passes both (`deployer/src/aws/tagged.rs`).
const MESH: &str = "lakewright:mesh";
const RUN: &str = "lakewright:run";

/// The keys of the tags, and the tag that every session has.
pub(crate) fn tags(names: Names<'_>) -> (Vec<String>, (String, String)) {
    let mesh = names.tenant().header.id.to_string();
    (vec![MESH.to_owned(), RUN.to_owned()], (MESH.to_owned(), mesh))
}

/// The entry in the trust policy of a deploy role.
pub(super) fn trust(names: Names<'_>) -> Trust {
    let (keys, required) = tags(names);
    Trust::SessionTags { account: names.tenant().central_account.clone(), keys, required }
}
