//! What somebody should look at.

use lakewright_manifest::mesh::{Confidentiality, ShareStatus};

use super::Input;
use crate::model::Attention;

/// The number of documents below which room is short.
const SHORT: usize = 10;

/// What somebody should look at, the most urgent first.
pub(super) fn attention(input: &Input<'_>) -> Vec<Attention> {
    let mesh = input.mesh;
    let mut all = Vec::new();
    if let Some(says) = input.review.and_then(crate::Review::attention) {
        all.push(Attention { says, to: "review".to_owned() });
    }
    let waiting = mesh.shares.values().filter(|one| one.status == ShareStatus::Submitted).count();
    if waiting > 0 {
        let says = match waiting {
            1 => "1 share waits for its approval".to_owned(),
            several => format!("{several} shares wait for their approval"),
        };
        all.push(Attention { says, to: "search?type=share&q=submitted".to_owned() });
    }
    let over = mesh.shares.values().filter(|one| one.is_live(None) && !one.is_live(input.day));
    let over = over.count();
    if over > 0 {
        let says = match over {
            1 => "1 approved share has expired".to_owned(),
            several => format!("{several} approved shares have expired"),
        };
        all.push(Attention { says, to: "search?type=share".to_owned() });
    }
    let short = input.runway.iter().filter(|one| one.more < SHORT && one.then.is_none());
    all.extend(short.map(|one| Attention {
        says: format!(
            "{} has room for {} more {}{}",
            match &one.environment {
                Some(id) => format!("Environment {id}"),
                None => "The mesh".to_owned(),
            },
            one.more,
            one.what,
            if one.more == 1 { "" } else { "s" }
        ),
        to: "runway".to_owned(),
    }));
    let open = mesh
        .datasets
        .values()
        .filter(|one| one.auto_approval && one.confidentiality == Confidentiality::Secret);
    all.extend(open.map(|one| Attention {
        says: format!(
            "Dataset {} is secret, and its shares are approved automatically",
            one.header.id
        ),
        to: format!("dataset/{}", one.header.id),
    }));
    all
}
