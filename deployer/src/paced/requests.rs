//! Each request of a [`Cloud`], with its turn.

use std::collections::BTreeMap;

use lakewright_fleet::event::{PlannedHook, Rejection};
use lakewright_fleet::plan::Observed;
use lakewright_template::StackAddress;

use super::{Paced, Sort, address};
use crate::ask::Ask;
use crate::cloud::{
    ChangeSet, Cloud, CloudError, Created, Existence, Placed, Site, Stack, StackEvent,
};

impl<C: Cloud> Cloud for Paced<'_, C> {
    async fn list(&self, site: &Site) -> Result<BTreeMap<String, Observed>, CloudError> {
        self.send(&site.place, Sort::Read, async || self.cloud.list(site).await).await
    }

    async fn describe(&self, site: &Site, name: &str) -> Result<Option<Observed>, CloudError> {
        let request = async || self.cloud.describe(site, name).await;
        let found = self.send(&site.place, Sort::Read, request).await?;
        self.looked(&address(site, name), found.as_ref());
        Ok(found)
    }

    async fn resources(&self, site: &Site, name: &str) -> Result<Vec<Placed>, CloudError> {
        let request = async || self.cloud.resources(site, name).await;
        self.send(&site.place, Sort::Read, request).await
    }

    async fn template(&self, site: &Site, name: &str) -> Result<String, CloudError> {
        let request = async || self.cloud.template(site, name).await;
        self.send(&site.place, Sort::Read, request).await
    }

    async fn original_template(
        &self,
        site: &Site,
        name: &str,
    ) -> Result<Option<String>, CloudError> {
        let request = async || self.cloud.original_template(site, name).await;
        self.send(&site.place, Sort::Read, request).await
    }

    async fn create_change_set(
        &self,
        stack: &Stack,
        name: &str,
        creates: bool,
        token: &str,
    ) -> Result<Created, CloudError> {
        let sort = Sort::Change { has_token: true };
        let request = async || self.cloud.create_change_set(stack, name, creates, token).await;
        self.send(&stack.site.place, sort, request).await
    }

    async fn describe_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<ChangeSet, CloudError> {
        let request = async || self.cloud.describe_change_set(site, stack, name).await;
        self.send(&site.place, Sort::Read, request).await
    }

    async fn describe_change_set_with_values(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<ChangeSet, CloudError> {
        let request = async || self.cloud.describe_change_set_with_values(site, stack, name).await;
        self.send(&site.place, Sort::Read, request).await
    }

    async fn validation_failures(
        &self,
        site: &Site,
        stack: &str,
        change_set: Option<&str>,
    ) -> Result<Vec<Rejection>, CloudError> {
        let request = async || self.cloud.validation_failures(site, stack, change_set).await;
        self.send(&site.place, Sort::Read, request).await
    }

    async fn hooks(
        &self,
        site: &Site,
        stack: &str,
        change_set: &str,
    ) -> Result<Vec<PlannedHook>, CloudError> {
        let request = async || self.cloud.hooks(site, stack, change_set).await;
        self.send(&site.place, Sort::Read, request).await
    }

    async fn delete_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<(), CloudError> {
        // Sent twice, it has the effect of once. Left out, it could leave an empty stack.
        let sort = Sort::Change { has_token: true };
        let request = async || self.cloud.delete_change_set(site, stack, name).await;
        self.send(&site.place, sort, request).await
    }

    async fn execute_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
        token: &str,
    ) -> Result<(), CloudError> {
        let request = async || self.cloud.execute_change_set(site, stack, name, token).await;
        self.operate(&address(site, stack), request).await
    }

    async fn delete_stack(&self, site: &Site, stack: &str, token: &str) -> Result<(), CloudError> {
        let request = async || self.cloud.delete_stack(site, stack, token).await;
        self.operate(&address(site, stack), request).await
    }

    async fn continue_rollback(
        &self,
        site: &Site,
        stack: &str,
        skip: &[String],
        token: &str,
    ) -> Result<(), CloudError> {
        let request = async || self.cloud.continue_rollback(site, stack, skip, token).await;
        self.operate(&address(site, stack), request).await
    }

    async fn protect(
        &self,
        site: &Site,
        stack: &str,
        is_protected: bool,
    ) -> Result<(), CloudError> {
        // Sent twice, it has the effect of once.
        let sort = Sort::Change { has_token: true };
        let request = async || self.cloud.protect(site, stack, is_protected).await;
        self.send(&site.place, sort, request).await
    }

    async fn limits(&self, site: &Site) -> Result<Option<usize>, CloudError> {
        let request = async || self.cloud.limits(site).await;
        self.send(&site.place, Sort::Read, request).await
    }

    async fn events(
        &self,
        site: &Site,
        stack: &str,
        since: Option<&str>,
    ) -> Result<Vec<StackEvent>, CloudError> {
        let request = async || self.cloud.events(site, stack, since).await;
        self.send(&site.place, Sort::Read, request).await
    }

    async fn upload(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
    ) -> Result<(), CloudError> {
        self.cloud.upload(site, bucket, key, bytes).await
    }

    async fn has_object(&self, site: &Site, bucket: &str, key: &str) -> Result<bool, CloudError> {
        self.cloud.has_object(site, bucket, key).await
    }

    async fn read_object(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
    ) -> Result<Option<(String, String)>, CloudError> {
        self.cloud.read_object(site, bucket, key).await
    }

    async fn replace_object(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
        text: String,
        was: Option<&str>,
    ) -> Result<String, CloudError> {
        self.cloud.replace_object(site, bucket, key, text, was).await
    }

    async fn empty(&self, site: &Site, bucket: &str) -> Result<usize, CloudError> {
        self.cloud.empty(site, bucket).await
    }

    // Several requests in a row, of which the first have an effect: it is not sent again as a whole.
    async fn forget(&self, site: &Site, stack: &str) -> Result<(), CloudError> {
        let lane = self.lane(&site.place, true);
        self.turn(&lane).await;
        if let Err(error) = self.may(Sort::Change { has_token: false }) {
            lane.not_sent();
            return Err(error);
        }
        let result = self.cloud.forget(site, stack).await;
        lane.heard(self.now(), &result);
        result
    }

    async fn existence(
        &self,
        site: &Site,
        kind: &str,
        name: &str,
    ) -> Result<Existence, CloudError> {
        self.cloud.existence(site, kind, name).await
    }

    async fn ask(&self, site: &Site, ask: &Ask) -> Result<String, CloudError> {
        self.cloud.ask(site, ask).await
    }

    async fn pause(&self, tries: u32) {
        self.cloud.pause(tries).await;
    }

    fn done(&self, address: &StackAddress) {
        self.leave(address);
        self.cloud.done(address);
    }
}
