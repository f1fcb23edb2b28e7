use proptest::prelude::*;

use super::*;

/// The limit of a service, which the pace is not told.
struct Service {
    rate: f64,
    burst: f64,
    tokens: f64,
    counted: Duration,
}

impl Service {
    fn new(rate: f64, burst: f64) -> Self {
        Self { rate, burst, tokens: burst, counted: Duration::ZERO }
    }

    fn allows(&mut self, now: Duration) -> bool {
        let since = now.saturating_sub(self.counted).as_secs_f64();
        self.counted = now;
        self.tokens = (self.tokens + since * self.rate).min(self.burst);
        let is_free = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(is_free));
        is_free
    }
}

/// Sends requests for so long, each as soon as it may be sent; the answers come after `delay`. Returns the allowed and the
/// refused requests.
fn run(pace: &mut Pace, service: &mut Service, until: Duration, delay: Duration) -> (u32, u32) {
    let (mut now, mut counts) = (service.counted, (0, 0));
    let mut answers = std::collections::VecDeque::new();
    loop {
        while let Some((at, is_allowed)) = answers.front().copied().filter(|(at, _)| *at <= now) {
            answers.pop_front();
            if is_allowed { pace.succeeded(at) } else { pace.throttled(at, None) }
        }
        let next_answer = answers.front().map(|(at, _)| *at);
        match pace.ask(now) {
            Ok(()) => {
                let is_allowed = service.allows(now);
                if is_allowed {
                    counts.0 += 1;
                } else {
                    counts.1 += 1;
                }
                answers.push_back((now + delay, is_allowed));
            }
            Err(wait) => {
                let then = now + wait;
                now = next_answer.map_or(then, |at| at.min(then).max(now));
            }
        }
        if now >= until {
            return counts;
        }
    }
}

/// How long it takes until 40,000 requests were allowed.
fn long(rate: f64) -> Duration {
    Duration::from_secs_f64(40_000.0 / rate)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_hidden_limit_is_used_and_seldom_exceeded(
        rate in 0.5_f64..40.0,
        burst in 2.0_f64..150.0,
        reads: bool,
        delay in 0_u64..100,
    ) {
        let rates = if reads { Rates::READS } else { Rates::CHANGES };
        let mut pace = Pace::new(rates);
        let mut service = Service::new(rate, burst);
        let until = long(rate);
        let (allowed, refused) = run(&mut pace, &mut service, until, Duration::from_millis(delay));
        let possible = rate * until.as_secs_f64();
        prop_assert!(f64::from(allowed) >= 0.9 * possible, "{allowed} of {possible}");
        prop_assert!(f64::from(refused) <= 0.05 * f64::from(allowed + refused), "{refused}, {allowed}");
    }

    /// Another user of the account, who comes or goes, changes what is left.
    #[test]
    fn a_limit_that_moves_is_found_again(first in 2.0_f64..20.0, factor in 0.25_f64..4.0) {
        let second = first * factor;
        let mut pace = Pace::new(Rates::READS);
        let mut service = Service::new(first, 5.0);
        run(&mut pace, &mut service, long(first), Duration::from_millis(50));
        service.rate = second;
        let start = service.counted;
        let until = start + long(second);
        let (allowed, refused) = run(&mut pace, &mut service, until, Duration::from_millis(50));
        let possible = second * until.saturating_sub(start).as_secs_f64();
        prop_assert!(f64::from(allowed) >= 0.9 * possible, "{allowed} of {possible}");
        prop_assert!(f64::from(refused) <= 0.05 * f64::from(allowed + refused), "{refused}, {allowed}");
    }

    #[test]
    fn the_budget_stays_between_one_and_the_limit(limit in 0_usize..50, steps in proptest::collection::vec(0_u8..4, 0..300)) {
        let mut room = Room::new(limit);
        let mut taken = 0_usize;
        for (second, step) in (0..).step_by(6).zip(steps) {
            match step {
                0 => taken += usize::from(room.take()),
                1 if taken > 0 => {
                    room.give_back();
                    taken -= 1;
                }
                2 => room.full(Duration::from_secs(second)),
                _ => room.succeeded(),
            }
            prop_assert!((1..=limit.max(1)).contains(&room.budget()));
            prop_assert!(taken <= limit.max(1));
        }
    }
}

#[test]
fn nothing_is_sent_before_the_time_that_aws_names() {
    let mut pace = Pace::new(Rates::READS);
    let at = Duration::from_secs(10);
    pace.throttled(at, Some(Duration::from_secs(3)));
    assert_eq!(pace.ask(at), Err(Duration::from_secs(3)));
    assert_eq!(pace.ask(at + Duration::from_secs(3)), Ok(()));
}

/// A pace after its first refusal.
fn refused() -> Pace {
    let mut pace = Pace::new(Rates::READS);
    assert_eq!(pace.ask(Duration::ZERO), Ok(()));
    pace.throttled(Duration::ZERO, None);
    pace
}

#[test]
fn refusals_of_one_moment_count_once() {
    let mut pace = refused();
    for _ in 0..20 {
        pace.throttled(Duration::from_secs(1), None);
    }
    assert!((pace.rate() - Rates::READS.start / 2.0).abs() < 1e-9, "{}", pace.rate());
}

/// A run that seldom sends anything learns nothing about the limit.
#[test]
fn the_rate_rises_only_when_it_holds_requests_back() {
    let mut pace = refused();
    for minute in 1..100 {
        let now = Duration::from_secs(60 * minute);
        assert_eq!(pace.ask(now), Ok(()));
        pace.succeeded(now);
    }
    assert!((pace.rate() - Rates::READS.start).abs() < 1e-9, "{}", pace.rate());
}

/// How many requests may be sent at one moment.
fn at_once(pace: &mut Pace, now: Duration) -> usize {
    std::iter::repeat_with(|| pace.ask(now)).take(1_000).take_while(Result::is_ok).count()
}

/// RFC 5681, section 3.1: the window of a slow start grows with each answer. Here by half in the time of one answer.
#[test]
fn before_the_first_refusal_each_round_of_answers_allows_half_as_many_requests_more() {
    let mut pace = Pace::new(Rates { start: 0.001, burst: 8.0, most: 1000.0 });
    let now = Duration::ZERO;
    let mut under_way = at_once(&mut pace, now);
    assert_eq!(under_way, 8);
    for expected in [12, 18, 27] {
        let answers = under_way;
        for _ in 0..answers {
            pace.succeeded(now);
            under_way += at_once(&mut pace, now);
            under_way -= 1;
        }
        assert_eq!(under_way, expected);
    }
    for _ in 0..under_way {
        pace.succeeded(now);
    }
    let window = at_once(&mut pace, now);
    for _ in 0..window {
        pace.lost();
    }
    // Fewer requests than the window has room for widen it no more.
    for _ in 0..100 {
        assert_eq!(pace.ask(now), Ok(()));
        pace.succeeded(now);
    }
    assert_eq!(at_once(&mut pace, now), window);
    pace.throttled(now, None);
    assert_eq!(at_once(&mut pace, now), 0);
}

/// Whoever waits for answers for ever would never send anything again.
#[test]
fn requests_without_an_answer_do_not_hold_back_others_for_ever() {
    let mut pace = Pace::new(Rates::CHANGES);
    assert_eq!(at_once(&mut pace, Duration::ZERO), 2);
    assert!(pace.ask(Duration::from_millis(100)).is_err());
    assert_eq!(pace.ask(Duration::from_secs(1)), Ok(()));
    pace.lost();
    assert_eq!(at_once(&mut pace, Duration::from_secs(1)), 1);
}

#[test]
fn a_full_account_gets_fewer_operations_and_then_one_more_at_a_time() {
    let mut room = Room::new(20);
    for _ in 0..9 {
        assert!(room.take());
    }
    room.full(Duration::ZERO);
    room.full(Duration::from_secs(1));
    assert_eq!(room.budget(), 6);
    assert!(!room.take());
    for _ in 0..6 {
        room.succeeded();
    }
    assert_eq!(room.budget(), 7);
}
