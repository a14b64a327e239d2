use super::*;
use crate::testing::{Paused, nap, run};
use http::{HeaderName, Response};
use proptest::prelude::*;
use std::{collections::VecDeque, rc::Rc, sync::Arc};

const WINDOW: Duration = Duration::from_secs(10);

fn general(limit: u32) -> Vec<Bucket> {
    vec![Bucket { name: "general", limit, per: WINDOW }]
}

fn names() -> HeaderNames {
    HeaderNames {
        bucket: "general",
        max: Some(HeaderName::from_static("x-max")),
        remaining: Some(HeaderName::from_static("x-remaining")),
        interval_millis: Some(HeaderName::from_static("x-interval")),
        daily: Some(HeaderName::from_static("x-daily")),
        daily_remaining: Some(HeaderName::from_static("x-daily-remaining")),
    }
}

fn answer(headers: &[(&'static str, u64)]) -> Parts {
    let mut response = Response::new(());
    for (name, number) in headers {
        response.headers_mut().insert(*name, (*number).into());
    }
    response.into_parts().0
}

/// The vendor: counts exactly, in every window.
struct Judge {
    limit: u32,
    per: Duration,
    log: VecDeque<Timestamp>,
    taken: u64,
    refused: u64,
}

impl Judge {
    fn new(limit: u32, per: Duration) -> Self {
        Self { limit, per, log: VecDeque::new(), taken: 0, refused: 0 }
    }
    /// Takes a request if it may; says what is left.
    fn arrive(&mut self, now: Timestamp) -> Option<u64> {
        while self.log.front().is_some_and(|at| *at + self.per <= now) {
            self.log.pop_front();
        }
        if self.log.len() >= self.limit as usize {
            self.refused += 1;
            return None;
        }
        self.log.push_back(now);
        self.taken += 1;
        Some(u64::from(self.limit) - self.log.len() as u64)
    }
}

/// Chance that depends on a seed only.
fn draw(seed: u64, worker: u64, turn: u64, below: u64) -> u64 {
    let hash = model::hash::digest(&[&seed.to_string(), &worker.to_string(), &turn.to_string()]);
    u64::from_be_bytes(*hash.first_chunk().unwrap()) % below
}

struct Load {
    limiter: Limiter,
    judge: std::cell::RefCell<Judge>,
    clock: Paused,
    bucket: &'static str,
    seed: u64,
    /// Whether answers carry headers.
    speaks: bool,
    /// Longest way to the vendor, in milliseconds.
    way: u64,
}

async fn work(load: Rc<Load>, worker: u64, end: Timestamp) {
    let lane = [Lane::Write, Lane::Increment, Lane::Backfill][usize::try_from(worker % 3).unwrap()];
    for turn in 0.. {
        if load.clock.now() >= end {
            return;
        }
        let permit = load.limiter.admit(load.bucket, lane, &load.clock).await.unwrap();
        nap(&load.clock, draw(load.seed, worker, turn, load.way)).await;
        let left = load.judge.borrow_mut().arrive(load.clock.now());
        nap(&load.clock, draw(load.seed, worker, turn + 1_000_000, 150)).await;
        let now = load.clock.now();
        match left {
            Some(left) if load.speaks => {
                let limit = u64::from(load.judge.borrow().limit);
                load.limiter.observe(permit, &answer(&[("x-max", limit), ("x-remaining", left)]), now);
            }
            Some(_) => load.limiter.observe(permit, &answer(&[]), now),
            None => load.limiter.refused(load.bucket, &ErrorKind::RateLimited { after: None }, now),
        }
    }
}

/// Runs workers flat out for a time; gives what the judge counted.
async fn flat_out(load: Load, workers: u64, span: Duration) -> (u64, u64) {
    let (load, local) = (Rc::new(load), tokio::task::LocalSet::new());
    let end = load.clock.now() + span;
    for worker in 0..workers {
        local.spawn_local(work(load.clone(), worker, end));
    }
    local.await;
    let judge = load.judge.borrow();
    (judge.taken, judge.refused)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn no_window_of_the_vendor_ever_holds_more_than_it_allows_and_hardly_less(
        seed in any::<u64>(), limit in 20_u32..250, workers in 10_u64..40, speaks in any::<bool>(),
        published in 20_u32..100,
    ) {
        // Given a vendor whose real limit the headers tell, and without headers the one that is published
        let published = if speaks { published.min(limit) } else { limit };
        let (taken, refused) = run(async {
            let limiter = Limiter::new(general(published)).with_headers(names());
            let judge = Judge::new(limit, WINDOW).into();
            let load = Load { limiter, judge, clock: Paused::new(), bucket: "general", seed, speaks, way: 45 };
            // When many work as fast as they are let
            flat_out(load, workers, Duration::from_mins(5)).await
        });
        // Then nothing is refused and at least 98 % of the allowed is used, counting the careful start
        let allowed = u64::from(limit) * 30;
        prop_assert_eq!(refused, 0);
        prop_assert!(taken >= allowed * 98 / 100 - u64::from(limit), "{} of {}", taken, allowed);
    }
}

#[test]
fn on_a_way_rougher_than_the_margin_few_are_refused_and_the_margin_grows() {
    let (taken, refused) = run(async {
        let limiter = Limiter::new(general(100)).with_headers(names());
        let judge = Judge::new(100, WINDOW).into();
        let load =
            Load { limiter, judge, clock: Paused::new(), bucket: "general", seed: 7, speaks: true, way: 400 };
        flat_out(load, 20, Duration::from_mins(20)).await
    });
    assert!(refused > 0, "the judge refuses when it must");
    assert!(refused * 200 < taken && taken > 11_000, "{refused} refused, {taken} taken");
}

#[test]
fn a_limit_per_second_is_spread_evenly_and_used() {
    let (taken, refused) = run(async {
        let limiter = Limiter::new(vec![Bucket { name: "search", limit: 4, per: Duration::from_secs(1) }]);
        let judge = Judge::new(4, Duration::from_secs(1)).into();
        let clock = Paused::new();
        let load = Load { limiter, judge, clock, bucket: "search", seed: 7, speaks: false, way: 9 };
        flat_out(load, 8, Duration::from_secs(100)).await
    });
    assert_eq!(refused, 0);
    assert!(taken >= 392, "{taken} of 400");
}

#[test]
fn the_reserve_stays_with_the_other_programs() {
    let (taken, refused) = run(async {
        let limiter = Limiter::new(general(100)).with_headers(names()).with_reserve(20);
        let judge = Judge::new(80, WINDOW).into();
        let load =
            Load { limiter, judge, clock: Paused::new(), bucket: "general", seed: 7, speaks: false, way: 9 };
        flat_out(load, 30, Duration::from_secs(100)).await
    });
    assert_eq!(refused, 0);
    assert!(taken >= 784, "{taken} of 800");
}

#[test]
fn after_a_start_one_request_asks_before_the_others_go() {
    run(async {
        // Given an earlier process of ours that used 95 of the vendor's 100 a moment ago
        let (limiter, clock) = (Limiter::new(general(100)).with_headers(names()), Paused::new());
        // When the first request is admitted
        let first = limiter.admit("general", Lane::Write, &clock).await.unwrap();
        // Then no second goes before its answer
        let second = limiter.admit("general", Lane::Write, &clock);
        tokio::select! {
            _ = second => panic!("went before anything was known"),
            () = nap(&clock, 1_000) => {}
        }
        // And what the answer says is believed: four more, the fifth waits for the window
        limiter.observe(first, &answer(&[("x-max", 100), ("x-remaining", 4)]), clock.now());
        let told = clock.now();
        for _ in 0..4 {
            limiter.admit("general", Lane::Write, &clock).await.unwrap();
        }
        assert_eq!(clock.now(), told);
        limiter.admit("general", Lane::Write, &clock).await.unwrap();
        assert!(clock.now().since(told) >= Duration::from_secs(9));
    });
}

#[test]
fn a_first_request_without_an_answer_does_not_block_for_good() {
    run(async {
        let (limiter, clock) = (Limiter::new(general(100)), Paused::new());
        let begin = clock.now();
        let _unanswered = limiter.admit("general", Lane::Write, &clock).await.unwrap();
        limiter.admit("general", Lane::Write, &clock).await.unwrap();
        assert_eq!(clock.now().since(begin), Duration::from_secs(2));
    });
}

async fn queue_up(limiter: &Arc<Limiter>, clock: &Arc<Paused>, lanes: &[(usize, Lane)]) -> Vec<usize> {
    let (done, mut order) = tokio::sync::mpsc::unbounded_channel();
    for (number, lane) in lanes.iter().copied() {
        let (limiter, clock, done) = (limiter.clone(), clock.clone(), done.clone());
        tokio::spawn(async move {
            limiter.admit("general", lane, &*clock).await.unwrap();
            done.send(number).unwrap();
        });
        tokio::task::yield_now().await;
    }
    drop(done);
    let mut seen = Vec::new();
    while let Some(number) = order.recv().await {
        seen.push(number);
    }
    seen
}

fn pace(limit: u32) -> Arc<Limiter> {
    Arc::new(Limiter::new(vec![Bucket { name: "general", limit, per: Duration::from_secs(1) }]))
}

#[test]
fn a_waiting_write_goes_before_a_waiting_backfill_and_equals_go_in_order() {
    run(async {
        let (limiter, clock) = (pace(1), Arc::new(Paused::new()));
        limiter.admit("general", Lane::Write, &*clock).await.unwrap();
        let lanes = [
            (0, Lane::Backfill),
            (1, Lane::Backfill),
            (2, Lane::Increment),
            (3, Lane::Write),
            (4, Lane::Write),
            (5, Lane::Increment),
        ];
        assert_eq!(queue_up(&limiter, &clock, &lanes).await, [3, 4, 2, 5, 0, 1]);
    });
}

#[test]
fn a_backfill_gets_through_an_endless_stream_of_writes() {
    run(async {
        let (limiter, clock) = (pace(1), Arc::new(Paused::new()));
        let begin = clock.now();
        for _ in 0..3 {
            let (limiter, clock) = (limiter.clone(), clock.clone());
            tokio::spawn(async move {
                loop {
                    limiter.admit("general", Lane::Write, &*clock).await.unwrap();
                }
            });
        }
        tokio::task::yield_now().await;
        limiter.admit("general", Lane::Backfill, &*clock).await.unwrap();
        let waited = clock.now().since(begin).as_secs();
        assert!((50..70).contains(&waited), "{waited} s");
    });
}

#[test]
fn a_cancelled_waiter_leaves_its_place_to_the_next() {
    run(async {
        let (limiter, clock) = (pace(1), Arc::new(Paused::new()));
        limiter.admit("general", Lane::Write, &*clock).await.unwrap();
        let first = tokio::spawn({
            let (limiter, clock) = (limiter.clone(), clock.clone());
            async move { limiter.admit("general", Lane::Write, &*clock).await.map(drop) }
        });
        tokio::task::yield_now().await;
        let (second, ()) = tokio::join!(limiter.admit("general", Lane::Backfill, &*clock), async {
            nap(&clock, 500).await;
            assert_eq!(limiter.budget(clock.now()).buckets[0].waiting, 2);
            first.abort();
        });
        second.unwrap();
        let now = clock.now();
        assert_eq!(now.since(crate::testing::BEGIN).as_secs(), 1);
        assert_eq!(limiter.budget(now).buckets[0].waiting, 0);
    });
}

#[test]
fn a_429_holds_everyone_for_the_window_and_then_one_goes_first() {
    run(async {
        let (limiter, clock) = (Limiter::new(general(100)).with_headers(names()), Paused::new());
        let first = limiter.admit("general", Lane::Write, &clock).await.unwrap();
        limiter.observe(first, &answer(&[("x-max", 100), ("x-remaining", 99)]), clock.now());
        limiter.refused("general", &ErrorKind::RateLimited { after: None }, clock.now());
        // Two more refusals of requests that were under way do not make it worse
        limiter.refused("general", &ErrorKind::RateLimited { after: None }, clock.now());
        let begin = clock.now();
        assert_eq!(limiter.budget(begin).buckets[0].held_until, Some(begin + WINDOW));

        limiter.admit("general", Lane::Write, &clock).await.unwrap();
        assert_eq!(clock.now().since(begin), WINDOW);
        let storm = limiter.admit("general", Lane::Write, &clock);
        tokio::select! {
            _ = storm => panic!("all went at once after a 429"),
            () = nap(&clock, 1_000) => {}
        }
    });
}

#[test]
fn a_vendor_that_says_how_long_is_believed() {
    run(async {
        let (limiter, clock) = (pace(4), Paused::new());
        let after = Some(Duration::from_millis(1_700));
        limiter.refused("general", &ErrorKind::RateLimited { after }, clock.now());
        let begin = clock.now();
        limiter.admit("general", Lane::Write, &clock).await.unwrap();
        assert_eq!(clock.now().since(begin), Duration::from_millis(1_700));
    });
}

#[test]
fn a_spent_day_is_told_at_once_also_to_those_who_wait() {
    run(async {
        let (limiter, clock) = (pace(1), Arc::new(Paused::new()));
        limiter.admit("general", Lane::Write, &*clock).await.unwrap();
        let (waiting, ()) = tokio::join!(limiter.admit("general", Lane::Write, &*clock), async {
            nap(&clock, 10).await;
            limiter.refused("general", &ErrorKind::DailyLimit { until: None }, clock.now());
        });
        let midnight = Timestamp::parse("2025-11-23T00:00:00Z").unwrap();
        let kind = waiting.map(drop).unwrap_err().kind;
        assert_eq!(kind, ErrorKind::DailyLimit { until: Some(midnight) });
        assert!(clock.now() < crate::testing::BEGIN + Duration::from_secs(1));
        assert_eq!(limiter.used_today(clock.now()), 1);
    });
}

#[test]
fn a_clock_set_back_by_a_day_does_not_stop_the_connection() {
    struct Set(Paused, std::sync::atomic::AtomicI64);
    #[async_trait::async_trait]
    impl Clock for Set {
        fn now(&self) -> Timestamp {
            let shift = self.1.load(std::sync::atomic::Ordering::Relaxed);
            Timestamp::from_millis(self.0.now().as_millis() + shift)
        }
        async fn sleep_until(&self, at: Timestamp) {
            let left = at.since(self.now());
            self.0.sleep_until(self.0.now() + left).await;
        }
    }
    run(async {
        // Given a full window and a bucket on hold
        let clock = Set(Paused::new(), 0.into());
        let limiter = Limiter::new(general(2)).with_headers(names());
        let first = limiter.admit("general", Lane::Write, &clock).await.unwrap();
        limiter.observe(first, &answer(&[("x-max", 2), ("x-remaining", 1)]), clock.now());
        limiter.admit("general", Lane::Write, &clock).await.unwrap();
        limiter.refused("general", &ErrorKind::RateLimited { after: None }, clock.now());
        // When the clock is set back by a day
        clock.1.store(-86_400_000, std::sync::atomic::Ordering::Relaxed);
        // Then the next request waits for the window, not for a day
        let begin = clock.0.now();
        limiter.admit("general", Lane::Write, &clock).await.unwrap();
        assert!(clock.0.now().since(begin) <= Duration::from_secs(11));
    });
}

#[test]
fn without_buckets_nothing_waits_and_the_day_is_still_counted() {
    run(async {
        let (limiter, clock) = (Limiter::new(Vec::new()), Paused::new());
        for _ in 0..500 {
            limiter.admit("general", Lane::Backfill, &clock).await.unwrap();
        }
        assert_eq!(clock.now(), crate::testing::BEGIN);
        assert_eq!(limiter.used_today(clock.now()), 500);
    });
}
