//! What has to be known of changes before they are confirmed.

use lakewright_fleet::event::{Change, Event};
use lakewright_template::StackAddress;

use super::Driver;
use super::steps::Track;
use crate::cloud::{Cloud, Site};
use crate::links::{can_be_link, is_link};

impl<C: Cloud, R: FnMut(Event), A: FnMut(&StackAddress, &[Change]) -> bool> Driver<'_, C, R, A> {
    /// Marks the changes of resource links, which hold no data. Only the deployed template says which ones are links; if it
    /// cannot be read, they count as databases and tables.
    pub(super) async fn mark_links(&self, site: &Site, name: &str, track: &mut Track) {
        let is_asked = |change: &Change| change.touches_data() && can_be_link(&change.kind);
        if !track.changes.iter().any(is_asked) {
            return;
        }
        let template = match self.cloud.template(site, track.name(name)).await {
            Ok(template) => template,
            Err(error) => {
                let text = format!(
                    "whether its databases and tables are only links is not known: {error}"
                );
                self.tell(Event::Note { address: site.address(name), text });
                return;
            }
        };
        for change in track.changes.iter_mut().filter(|change| is_asked(change)) {
            change.is_link = is_link(&template, &change.logical_id);
        }
    }
}
