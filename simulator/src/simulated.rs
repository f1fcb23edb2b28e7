//! The simulated world as a `Cloud`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use lakewright_deployer::ask::Ask;
use lakewright_deployer::cloud::{
    ChangeSet, Cloud, CloudError, Created, Existence, Placed, Site, Stack, StackEvent,
};
use lakewright_fleet::event::{PlannedHook, Rejection};
use lakewright_fleet::plan::Observed;
use tokio::time::Instant;

use crate::stack::Standing;
use crate::world::{Class, Due, Request, World};

/// How often a request to another service is sent. The adapter sends it 5 times only: lost requests alone would then end about
/// one run in a thousand, and not a mistake of the driver.
const TRIES: u32 = 8;
/// How many events a page has ("DescribeStackEvents" in the API reference has no number; an assumption).
const PAGE: usize = 100;

/// The world, seen from a process that sends requests.
///
/// The clock is tokio's. It must be paused, or everything takes as long as in reality.
#[derive(Debug, Clone)]
pub struct Simulated {
    world: Rc<RefCell<World>>,
    start: Instant,
    /// The tokens that were sent, if a token that is sent again is replaced by another one.
    forgets: Option<Rc<RefCell<BTreeSet<String>>>>,
}

impl Simulated {
    /// Connects to a world. Its time begins now. Must be called inside a runtime of tokio.
    pub fn new(world: World) -> Self {
        Self { world: Rc::new(RefCell::new(world)), start: Instant::now(), forgets: None }
    }

    /// Sends a request that is repeated with another token: a mistake, which the simulation must find.
    #[must_use]
    pub fn forgetting_tokens(mut self) -> Self {
        self.forgets = Some(Rc::default());
        self
    }

    /// Requests know the rates and wait for them: what a program could do at best.
    #[must_use]
    pub fn informed(self) -> Self {
        self.world.borrow_mut().is_informed = true;
        self
    }

    /// How long a request that knows the rates waits.
    async fn wait(&self, site: &Site, class: Class) {
        let now = self.now();
        let wait = self.with(|world| {
            if world.is_informed { world.wait(&site.place, class, now, true) } else { 0 }
        });
        if wait > 0 {
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
    }

    /// The milliseconds since the start.
    pub fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Looks into the world, or changes it, as it is now.
    pub fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        let now = self.now();
        let mut world = self.world.borrow_mut();
        world.advance(now);
        look(&mut world)
    }

    /// The time until a request arrives.
    fn latency(&self) -> u64 {
        self.with(|world| {
            let (first, last) = world.faults.latency;
            world.random.between(first, last)
        })
    }

    /// A request to CloudFormation that changes nothing.
    async fn read<T>(
        &self,
        site: &Site,
        what: String,
        look: impl FnOnce(&mut World, u64) -> T,
    ) -> Result<T, CloudError> {
        self.send(site, Class::Read, what, look).await
    }

    /// A request to another service, which is done at once. It is sent again as the adapter does.
    async fn other<T>(
        &self,
        site: &Site,
        what: String,
        mut look: impl FnMut(&mut World, u64) -> T,
    ) -> Result<T, CloudError> {
        let mut tries = 1;
        loop {
            match self.send(site, Class::Other, what.clone(), &mut look).await {
                Err(CloudError::Network { .. }) if tries < TRIES => {}
                answer => return answer,
            }
            tokio::time::sleep(Duration::from_millis(300 << tries)).await;
            tries += 1;
        }
    }

    async fn send<T>(
        &self,
        site: &Site,
        class: Class,
        what: String,
        look: impl FnOnce(&mut World, u64) -> T,
    ) -> Result<T, CloudError> {
        self.wait(site, class).await;
        tokio::time::sleep(Duration::from_millis(self.latency())).await;
        let now = self.now();
        self.with(|world| {
            world.admit(&site.place, class, &what, now)?;
            Ok(look(world, now))
        })
    }

    /// A request that changes something. Once it was sent it arrives, even if nobody waits for the answer.
    async fn change(&self, site: &Site, mut request: Request) -> Result<String, CloudError> {
        if let (Some(sent), Some(token)) = (&self.forgets, request.token())
            && !sent.borrow_mut().insert(token.clone())
        {
            let number = sent.borrow().len();
            *token = format!("{token}-{number}");
            sent.borrow_mut().insert(token.clone());
        }
        self.wait(site, Class::Change).await;
        let at = self.now() + self.latency();
        let number = self.with(|world| world.plan(at, Due::Request(site.place.clone(), request)));
        let back = self.latency();
        tokio::time::sleep_until(self.start + Duration::from_millis(at + back)).await;
        let answer = self.with(|world| world.answer(number));
        answer.unwrap_or_else(|| {
            let what = "send a request".to_owned();
            Err(CloudError::Network { what, message: "it was not sent".to_owned() })
        })
    }
}

impl Cloud for Simulated {
    async fn list(&self, site: &Site) -> Result<BTreeMap<String, Observed>, CloudError> {
        let what = format!("list the stacks of {}", site.place);
        self.read(site, what, |world, now| world.list(&site.place, now)).await
    }

    async fn describe(&self, site: &Site, name: &str) -> Result<Option<Observed>, CloudError> {
        let what = format!("look at stack {name}");
        self.read(site, what, |world, now| world.describe(&site.place, name, now)).await
    }

    async fn resources(&self, site: &Site, name: &str) -> Result<Vec<Placed>, CloudError> {
        let what = format!("look at the resources of stack {name}");
        self.read(site, what, |world, _| {
            world.find(&site.place, name).map(|index| world.resources(index)).unwrap_or_default()
        })
        .await
    }

    async fn template(&self, site: &Site, name: &str) -> Result<String, CloudError> {
        Ok(self.original_template(site, name).await?.unwrap_or_default())
    }

    async fn original_template(
        &self,
        site: &Site,
        name: &str,
    ) -> Result<Option<String>, CloudError> {
        let what = format!("read the template of stack {name}");
        self.read(site, what, |world, _| {
            let index = world.find(&site.place, name)?;
            Some(world.stacks[index].now.template.to_string())
        })
        .await
    }

    async fn create_change_set(
        &self,
        stack: &Stack,
        name: &str,
        creates: bool,
        token: &str,
    ) -> Result<Created, CloudError> {
        let request = Request::Prepare {
            stack: Box::new(stack.clone()),
            name: name.to_owned(),
            creates,
            token: token.to_owned(),
        };
        let change_set = self.change(&stack.site, request).await?;
        Ok(Created { change_set, stack_id: None })
    }

    async fn describe_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<ChangeSet, CloudError> {
        let what = format!("look at the change of stack {stack}");
        let lost = |text: &str| ChangeSet::Lost(text.to_owned());
        self.read(site, what, |world, _| {
            let found = world.find(&site.place, stack).map(|index| &world.stacks[index]);
            let Some(stack) = found else { return lost("the stack is gone") };
            let Some(made) = stack.change_sets.get(name) else {
                return lost("somebody deleted its change set before it was run");
            };
            match &made.standing {
                Standing::Pending => ChangeSet::Pending,
                Standing::Ready => ChangeSet::Ready(stack.now.shape.changes(&made.next.shape)),
                Standing::Empty => ChangeSet::Empty,
                Standing::Failed(reason) => ChangeSet::Failed(reason.clone()),
                Standing::Obsolete => lost("another change of the stack came first"),
                Standing::Used => lost("somebody else runs its change set"),
            }
        })
        .await
    }

    async fn describe_change_set_with_values(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<ChangeSet, CloudError> {
        self.describe_change_set(site, stack, name).await
    }

    /// No run of the simulation asks for it: nobody names resources to skip.
    async fn continue_rollback(
        &self,
        _: &Site,
        stack: &str,
        _: &[String],
        _: &str,
    ) -> Result<(), CloudError> {
        let what = format!("go on with the rollback of stack {stack}");
        let message = "ValidationError: the simulation has no such operation".to_owned();
        Err(CloudError::Refused { what, message })
    }

    async fn protect(&self, site: &Site, stack: &str, _: bool) -> Result<(), CloudError> {
        let what = format!("protect stack {stack}");
        self.send(site, Class::Change, what, |_, _| ()).await
    }

    async fn limits(&self, site: &Site) -> Result<Option<usize>, CloudError> {
        self.read(site, "read the limits of the account".to_owned(), |_, _| None).await
    }

    async fn validation_failures(
        &self,
        site: &Site,
        stack: &str,
        _: Option<&str>,
    ) -> Result<Vec<Rejection>, CloudError> {
        let what = format!("read why the change of stack {stack} is not valid");
        self.read(site, what, |_, _| Vec::new()).await
    }

    async fn hooks(
        &self,
        site: &Site,
        stack: &str,
        _: &str,
    ) -> Result<Vec<PlannedHook>, CloudError> {
        let what = format!("look at the hooks of stack {stack}");
        self.read(site, what, |_, _| Vec::new()).await
    }

    async fn delete_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
    ) -> Result<(), CloudError> {
        let (stack, name) = (stack.to_owned(), name.to_owned());
        self.change(site, Request::Discard { stack, name }).await.map(drop)
    }

    async fn execute_change_set(
        &self,
        site: &Site,
        stack: &str,
        name: &str,
        token: &str,
    ) -> Result<(), CloudError> {
        let (stack, name, token) = (stack.to_owned(), name.to_owned(), token.to_owned());
        self.change(site, Request::Execute { stack, name, token }).await.map(drop)
    }

    async fn delete_stack(&self, site: &Site, stack: &str, token: &str) -> Result<(), CloudError> {
        let (stack, token) = (stack.to_owned(), token.to_owned());
        self.change(site, Request::Delete { stack, token }).await.map(drop)
    }

    async fn events(
        &self,
        site: &Site,
        stack: &str,
        since: Option<&str>,
    ) -> Result<Vec<StackEvent>, CloudError> {
        let what = format!("read the events of {stack}");
        self.read(site, what, |world, now| {
            let found = world.find(&site.place, stack).map(|index| &world.stacks[index]);
            let Some(stack) = found else { return Vec::new() };
            let shown = stack.events.partition_point(|(at, _)| *at <= now);
            let shown = &stack.events[..shown];
            let first = match since {
                Some(since) => shown.iter().rposition(|(_, event)| event.id == since),
                None => shown.len().checked_sub(PAGE + 1),
            };
            let first = first.map_or(0, |before| before + 1);
            shown[first..].iter().map(|(_, event)| event.clone()).collect()
        })
        .await
    }

    async fn upload(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
    ) -> Result<(), CloudError> {
        let what = format!("upload s3://{bucket}/{key}");
        self.other(site, what, |world, _| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            world.put(bucket, key, text);
        })
        .await
    }

    async fn has_object(&self, site: &Site, bucket: &str, key: &str) -> Result<bool, CloudError> {
        let what = format!("look for s3://{bucket}/{key}");
        self.other(site, what, |world, _| world.object(bucket, key).is_some()).await
    }

    async fn read_object(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
    ) -> Result<Option<(String, String)>, CloudError> {
        let what = format!("read s3://{bucket}/{key}");
        self.other(site, what, |world, _| world.object(bucket, key)).await
    }

    async fn replace_object(
        &self,
        site: &Site,
        bucket: &str,
        key: &str,
        text: String,
        was: Option<&str>,
    ) -> Result<String, CloudError> {
        let what = format!("write s3://{bucket}/{key}");
        self.other(site, what.clone(), |world, _| {
            let is = world.object(bucket, key).map(|(_, version)| version);
            if is.as_deref() != was {
                let message = "PreconditionFailed".to_owned();
                return Err(CloudError::Overtaken { what: what.clone(), message });
            }
            Ok(world.put(bucket, key, text.clone()))
        })
        .await?
    }

    async fn empty(&self, site: &Site, bucket: &str) -> Result<usize, CloudError> {
        self.other(site, format!("empty {bucket}"), |world, _| world.empty(bucket)).await
    }

    async fn forget(&self, site: &Site, stack: &str) -> Result<(), CloudError> {
        self.change(site, Request::Forget { stack: stack.to_owned() }).await.map(drop)
    }

    /// Names are taken by nobody else here.
    async fn existence(&self, _: &Site, _: &str, _: &str) -> Result<Existence, CloudError> {
        Ok(Existence::Free)
    }

    async fn ask(&self, site: &Site, ask: &Ask) -> Result<String, CloudError> {
        self.other(site, ask.what.clone(), |world, _| world.ask(site, ask)).await?
    }

    async fn pause(&self, tries: u32) {
        // As the adapter does.
        let milliseconds = 200_u64.saturating_mul(1 << tries.min(5)).min(5_000);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}
