use futures_util::future::join_all;

use lakewright_fleet::plan::Told;

use super::*;

/// Runs work in virtual time.
fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(work)
}

fn place() -> Place {
    Place::parse("111111111111", "eu-west-1").expect("a place")
}

fn stack(number: usize) -> StackAddress {
    StackAddress::new(place(), format!("p-team-{number}"))
}

fn observed(status: &str) -> Observed {
    Observed {
        status: status.to_owned(),
        tags: BTreeMap::new(),
        revision: None,
        is_express: false,
        id: None,
        last_operation: None,
        is_protected: false,
        told: Told::default(),
    }
}

fn throttled() -> CloudError {
    CloudError::Throttled {
        what: "look".to_owned(),
        message: "Rate exceeded".to_owned(),
        after: None,
    }
}

fn lost() -> CloudError {
    CloudError::Network { what: "look".to_owned(), message: "reset".to_owned() }
}

fn full() -> CloudError {
    CloudError::Full { what: "change".to_owned(), message: "too many".to_owned() }
}

/// How often a request is sent that always fails in this way, and for how long.
fn sent(sort: Sort, error: &CloudError) -> (u32, Duration) {
    run(async {
        let paced = Paced::new(&(), Patience::default());
        let count = Cell::new(0);
        let request = async || {
            count.set(count.get() + 1);
            Err::<(), CloudError>(error.clone())
        };
        let result = paced.send(&place(), sort, request).await;
        assert_eq!(result.as_ref(), Err(error));
        (count.get(), paced.now())
    })
}

#[test]
fn a_request_is_sent_again_only_where_it_has_no_second_effect() {
    let (with, without) = (Sort::Change { has_token: true }, Sort::Change { has_token: false });
    for (sort, error, is_again, most) in [
        (Sort::Read, throttled(), true, 10),
        (with, throttled(), true, 10),
        // A refused request had no effect.
        (without, throttled(), true, 10),
        (Sort::Read, lost(), true, 2),
        (with, lost(), true, 2),
        (without, lost(), false, 0),
        (Sort::Read, full(), false, 0),
    ] {
        let (count, time) = sent(sort, &error);
        assert_eq!(count > 1, is_again, "{sort:?} {error}");
        assert!(time <= Duration::from_secs(60 * most + 30), "{sort:?} {error}: {time:?}");
    }
}

#[test]
fn requests_are_sent_in_the_order_in_which_they_came() {
    let order = RefCell::new(Vec::new());
    run(async {
        let paced = Paced::new(&(), Patience::default());
        let one = async |number: usize| {
            let request = async || {
                order.borrow_mut().push(number);
                Ok::<(), CloudError>(())
            };
            paced.send(&place(), Sort::Read, request).await
        };
        join_all((0..50).map(one)).await;
    });
    assert!(order.borrow().is_sorted(), "{order:?}");
}

#[test]
fn a_request_that_waited_is_not_sent_after_the_lease_was_lost() {
    run(async {
        let is_lost = Cell::new(false);
        let stop = || is_lost.get().then(|| "another run began".to_owned());
        let paced = Paced::new(&(), Patience::default()).with_stop(&stop);
        let count = Cell::new(0);
        let request = async || {
            count.set(count.get() + 1);
            is_lost.set(true);
            Err(throttled())
        };
        let result = paced.operate(&stack(1), request).await;
        assert!(matches!(result, Err(CloudError::Overtaken { .. })), "{result:?}");
        assert_eq!(count.get(), 1);
    });
}

/// The service takes three stacks at once, and each takes a minute.
#[test]
fn a_full_account_gets_as_many_stacks_as_it_takes() {
    let (under_way, most, refused) = (Cell::new(0), Cell::new(0), Cell::new(0));
    run(async {
        let paced = Paced::new(&(), Patience { stacks: 20, ..Patience::default() });
        let one = async |number: usize| {
            let address = stack(number);
            let request = async || {
                if under_way.get() == 3 {
                    refused.set(refused.get() + 1);
                    return Err(full());
                }
                under_way.set(under_way.get() + 1);
                most.set(most.get().max(under_way.get()));
                Ok(())
            };
            let result = paced.operate(&address, request).await;
            paced.looked(&address, Some(&observed("UPDATE_IN_PROGRESS")));
            tokio::time::sleep(Duration::from_mins(1)).await;
            under_way.set(under_way.get() - usize::from(result.is_ok()));
            paced.looked(&address, Some(&observed("UPDATE_COMPLETE")));
            result
        };
        let results = join_all((0..40).map(one)).await;
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        assert_eq!(paced.held.borrow().len(), 0);
        let room = paced.space(&place());
        assert!(room.room.borrow().budget() < 10, "{room:?}");
    });
    assert_eq!(most.get(), 3);
    assert!(refused.get() > 0);
}

#[test]
fn a_stack_counts_until_its_operation_is_seen_to_have_ended() {
    run(async {
        let paced = Paced::new(&(), Patience::default());
        let is_held = || paced.held.borrow().contains_key(&stack(1));
        let begin = async || paced.operate(&stack(1), async || Ok(())).await;
        begin().await.expect("begun");
        // The status from before.
        paced.looked(&stack(1), Some(&observed("CREATE_COMPLETE")));
        assert!(is_held());
        paced.looked(&stack(1), Some(&observed("UPDATE_IN_PROGRESS")));
        paced.looked(&stack(1), Some(&observed("UPDATE_COMPLETE")));
        assert!(!is_held());
        begin().await.expect("begun");
        paced.leave(&stack(1));
        assert!(!is_held());
    });
}

#[test]
fn a_stack_is_known_by_its_arn_too() {
    let site =
        Site { place: place(), access: crate::cloud::Access::Owner { role: "r".to_owned() } };
    let arn = "arn:aws:cloudformation:eu-west-1:111111111111:stack/p-team-1/0a1b-2c3d";
    assert_eq!(address(&site, arn), stack(1));
    assert_eq!(address(&site, "p-team-1"), stack(1));
}

/// An account that never answers "too many" is not slowed down: the number of requests under way grows until they are all sent.
#[test]
fn requests_that_nobody_refuses_soon_go_at_once() {
    run(async {
        let paced = Paced::new(&(), Patience::default());
        let (under_way, most) = (Cell::new(0), Cell::new(0));
        let one = async |_: usize| {
            let request = async || {
                under_way.set(under_way.get() + 1);
                most.set(most.get().max(under_way.get()));
                tokio::time::sleep(Duration::from_millis(20)).await;
                under_way.set(under_way.get() - 1);
                Ok::<(), CloudError>(())
            };
            paced.send(&place(), Sort::Change { has_token: true }, request).await
        };
        join_all((0..300).map(one)).await;
        assert!(most.get() > 30, "{}", most.get());
        // 300 at 2 in a second would take two minutes and a half.
        assert!(paced.now() < Duration::from_secs(1), "{:?}", paced.now());
    });
}

/// Requests without an answer must not count as under way for ever.
#[test]
fn lost_requests_make_room_for_others() {
    run(async {
        let paced = Paced::new(&(), Patience::default());
        let sort = Sort::Change { has_token: false };
        for _ in 0..20 {
            let result = paced.send(&place(), sort, async || Err::<(), _>(lost())).await;
            assert_eq!(result, Err(lost()));
        }
        assert!(paced.now() < Duration::from_secs(1), "{:?}", paced.now());
    });
}

#[test]
fn a_stack_that_waits_for_room_is_left_when_the_run_is_stopped() {
    run(async {
        let is_stopped = Cell::new(false);
        let end = || is_stopped.get().then(|| "a signal".to_owned());
        let patience = Patience { stacks: 1, ..Patience::default() };
        let paced = Paced::new(&(), patience).with_end(&end);
        paced.operate(&stack(1), async || Ok(())).await.expect("begun");
        let second = stack(2);
        let waiting = paced.operate(&second, async || Ok(()));
        let person = async {
            tokio::time::sleep(Duration::from_secs(30)).await;
            is_stopped.set(true);
        };
        let (result, ()) = futures_util::future::join(waiting, person).await;
        assert!(
            matches!(&result, Err(CloudError::Overtaken { message, .. }) if message.contains("a signal")),
            "{result:?}"
        );
        assert!(paced.now() < Duration::from_secs(40), "{:?}", paced.now());
        // What is under way goes on.
        paced.operate(&stack(1), async || Ok(())).await.expect("begun");
    });
}
