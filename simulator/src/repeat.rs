//! Repeats requests as the SDK does: with the same token, after a pause that grows.

use std::collections::BTreeMap;
use std::time::Duration;

use lakewright_deployer::ask::Ask;
use lakewright_deployer::cloud::{
    ChangeSet, Cloud, CloudError, Created, Existence, Placed, Site, Stack, StackEvent,
};
use lakewright_fleet::event::{PlannedHook, Rejection};
use lakewright_fleet::plan::Observed;

/// A cloud whose requests are repeated when the network fails, when there were too many, or when too many resources are in
/// operation.
#[derive(Debug, Clone)]
pub struct Repeating<C> {
    cloud: C,
    attempts: u32,
    forgets: bool,
}

impl<C> Repeating<C> {
    /// Sends each request up to so many times.
    pub const fn new(cloud: C, attempts: u32) -> Self {
        Self { cloud, attempts, forgets: false }
    }

    /// Sends each request with a token of its own: a mistake, which the simulation must find.
    #[must_use]
    pub const fn forgetting_tokens(mut self) -> Self {
        self.forgets = true;
        self
    }

    /// The token of one attempt.
    fn token(&self, token: &str, tries: &mut u32) -> String {
        *tries += 1;
        if self.forgets && *tries > 1 { format!("{token}-{tries}") } else { token.to_owned() }
    }

    async fn again<T>(
        &self,
        mut send: impl AsyncFnMut(&C) -> Result<T, CloudError>,
    ) -> Result<T, CloudError> {
        let mut tries = 1;
        loop {
            let wait = match send(&self.cloud).await {
                Err(CloudError::Network { .. } | CloudError::Throttled { .. })
                    if tries < self.attempts =>
                {
                    250_u64.saturating_mul(1 << tries.min(6)).min(10_000)
                }
                // Room comes when an operation ends, so waiting longer each time would only waste it.
                Err(CloudError::Full { .. }) if tries < self.attempts.saturating_mul(100) => 3_000,
                other => return other,
            };
            tokio::time::sleep(Duration::from_millis(wait)).await;
            tries += 1;
        }
    }
}

impl<C: Cloud> Cloud for Repeating<C> {
    async fn list(&self, site: &Site) -> Result<BTreeMap<String, Observed>, CloudError> {
        self.again(async |cloud| cloud.list(site).await).await
    }

    async fn describe(&self, site: &Site, name: &str) -> Result<Option<Observed>, CloudError> {
        self.again(async |cloud| cloud.describe(site, name).await).await
    }

    async fn resources(&self, site: &Site, name: &str) -> Result<Vec<Placed>, CloudError> {
        self.again(async |cloud| cloud.resources(site, name).await).await
    }

    async fn template(&self, site: &Site, name: &str) -> Result<String, CloudError> {
        self.again(async |cloud| cloud.template(site, name).await).await
    }

    async fn original_template(
        &self,
        site: &Site,
        name: &str,
    ) -> Result<Option<String>, CloudError> {
        self.again(async |cloud| cloud.original_template(site, name).await).await
    }

    async fn create_change_set(
        &self,
        stack: &Stack,
        name: &str,
        creates: bool,
        token: &str,
    ) -> Result<Created, CloudError> {
        let mut tries = 0;
        self.again(async |cloud| {
            let token = self.token(token, &mut tries);
            cloud.create_change_set(stack, name, creates, &token).await
        })
        .await
    }

    async fn describe_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<ChangeSet, CloudError> {
        self.again(async |cloud| cloud.describe_change_set(site, stack, name).await).await
    }

    async fn describe_change_set_with_values(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<ChangeSet, CloudError> {
        self.again(async |cloud| cloud.describe_change_set_with_values(site, stack, name).await)
            .await
    }

    async fn continue_rollback(
        &self,
        site: &Site,
        stack: &str,
        skip: &[String],
        token: &str,
    ) -> Result<(), CloudError> {
        let mut tries = 0;
        self.again(async |cloud| {
            let token = self.token(token, &mut tries);
            cloud.continue_rollback(site, stack, skip, &token).await
        })
        .await
    }

    async fn protect(
        &self,
        site: &Site,
        stack: &str,
        is_protected: bool,
    ) -> Result<(), CloudError> {
        self.again(async |cloud| cloud.protect(site, stack, is_protected).await).await
    }

    async fn limits(&self, site: &Site) -> Result<Option<usize>, CloudError> {
        self.again(async |cloud| cloud.limits(site).await).await
    }

    async fn validation_failures(
        &self,
        site: &Site,
        stack: &str,
        change_set: Option<&str>,
    ) -> Result<Vec<Rejection>, CloudError> {
        self.again(async |cloud| cloud.validation_failures(site, stack, change_set).await).await
    }

    async fn hooks(
        &self,
        site: &Site,
        stack: &str,
        change_set: &str,
    ) -> Result<Vec<PlannedHook>, CloudError> {
        self.again(async |cloud| cloud.hooks(site, stack, change_set).await).await
    }

    async fn delete_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<(), CloudError> {
        self.again(async |cloud| cloud.delete_change_set(site, stack, name).await).await
    }

    async fn execute_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
        token: &str,
    ) -> Result<(), CloudError> {
        let mut tries = 0;
        self.again(async |cloud| {
            let token = self.token(token, &mut tries);
            cloud.execute_change_set(site, stack, name, &token).await
        })
        .await
    }

    async fn delete_stack(&self, site: &Site, stack: &str, token: &str) -> Result<(), CloudError> {
        let mut tries = 0;
        self.again(async |cloud| {
            let token = self.token(token, &mut tries);
            cloud.delete_stack(site, stack, &token).await
        })
        .await
    }

    async fn events(
        &self,
        site: &Site,
        stack: &str,
        since: Option<&str>,
    ) -> Result<Vec<StackEvent>, CloudError> {
        self.again(async |cloud| cloud.events(site, stack, since).await).await
    }

    async fn upload(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
    ) -> Result<(), CloudError> {
        self.again(async |cloud| cloud.upload(site, bucket, key, bytes.clone()).await).await
    }

    async fn has_object(&self, site: &Site, bucket: &str, key: &str) -> Result<bool, CloudError> {
        self.again(async |cloud| cloud.has_object(site, bucket, key).await).await
    }

    async fn read_object(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
    ) -> Result<Option<(String, String)>, CloudError> {
        self.again(async |cloud| cloud.read_object(site, bucket, key).await).await
    }

    async fn replace_object(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
        text: String,
        was: Option<&str>,
    ) -> Result<String, CloudError> {
        self.again(async |cloud| cloud.replace_object(site, bucket, key, text.clone(), was).await)
            .await
    }

    async fn empty(&self, site: &Site, bucket: &str) -> Result<usize, CloudError> {
        self.again(async |cloud| cloud.empty(site, bucket).await).await
    }

    async fn forget(&self, site: &Site, stack: &str) -> Result<(), CloudError> {
        self.again(async |cloud| cloud.forget(site, stack).await).await
    }

    async fn existence(
        &self,
        site: &Site,
        kind: &str,
        name: &str,
    ) -> Result<Existence, CloudError> {
        self.again(async |cloud| cloud.existence(site, kind, name).await).await
    }

    async fn ask(&self, site: &Site, ask: &Ask) -> Result<String, CloudError> {
        self.again(async |cloud| cloud.ask(site, ask).await).await
    }

    async fn pause(&self, tries: u32) {
        self.cloud.pause(tries).await;
    }
}
