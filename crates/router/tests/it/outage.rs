//! A deployment that is down for long, by a clock that is moved by hand: how much traffic still goes there, how many
//! calls are there at once, and how soon it serves again.

use std::{collections::VecDeque, time::Duration};

use proptest::prelude::*;
use weir_core::{DeploymentId, Timestamp, WorkloadId, policy::Stage, route::Features};
use weir_router::{Ask, Fault, InFlight, Live, Sample, Shape, decide};

use crate::fixture::snapshot;

/// The first of the chain is dead for so long.
const DEAD_S: u64 = 60;
/// It is to be left alone from here on.
const TRIPPED_S: u64 = 10;
/// Shorter than any of what is measured.
const ANSWER: Duration = Duration::from_millis(20);

struct Seen {
    /// Calls to the dead one, and of all requests, from `TRIPPED_S` on.
    wasted: (u32, u32),
    /// Most calls to it at once from then on.
    most_at_once: usize,
    /// When the last call was made to it before it was first left alone.
    tripped: Duration,
    /// From its recovery to the moment when it serves every request again.
    back: Duration,
}

/// Traffic at `per_s`; a call to the dead one fails after `fails_after`.
fn outage(per_s: u64, fails_after: Duration) -> Seen {
    let names = ["a", "b", "c"];
    let snapshot = snapshot(&names.map(|name| (name, 1.0, true, None)), None, vec![Stage::Filter], None);
    let live = Live::default();
    live.track(names.map(DeploymentId::from).iter());
    let dead = live.vital(&"a".into()).unwrap();
    let (workload, features) = (WorkloadId::from("maths"), Features { input_tokens: 100, ..Features::default() });
    let shape = Shape::of(&features);
    let mut calls: VecDeque<(Duration, InFlight)> = VecDeque::new();
    let mut seen = Seen { wasted: (0, 0), most_at_once: 0, tripped: Duration::ZERO, back: Duration::MAX };
    let (mut passed_over, mut in_a_row) = (false, 0);
    for nth in 0.. {
        let now = Duration::from_micros(nth * 1_000_000 / per_s);
        let down = now.as_secs() < DEAD_S;
        while let Some((at, call)) = calls.pop_front_if(|(at, _)| *at <= now) {
            if at.as_secs() < DEAD_S {
                call.failed(Fault::Connect, None, at);
            } else {
                call.succeeded(&Sample { shape, first: ANSWER, total: Some(ANSWER), slow: false }, at);
            }
        }
        let ask = Ask {
            workload: &workload,
            tenant: "dev",
            features: features.clone(),
            unit: nth,
            seed: weir_core::entropy::mix(nth),
            turn: nth,
            scope: None,
            now: Timestamp(0),
            uptime: now,
        };
        let decision = decide(&snapshot, &live, &ask).unwrap();
        // What dispatch does: who has no probe left is passed over.
        let call = (decision.chain[0].as_str() == "a").then(|| dead.begin(100, false, now)).flatten();
        let asked = call.is_some();
        if let Some(call) = call {
            calls.push_back((now + if down { fails_after } else { ANSWER }, call));
        }
        if down && asked && !passed_over {
            seen.tripped = now;
        }
        passed_over |= !asked;
        if down && now.as_secs() >= TRIPPED_S {
            seen.wasted = (seen.wasted.0 + u32::from(asked), seen.wasted.1 + 1);
            seen.most_at_once = seen.most_at_once.max(calls.len());
        }
        in_a_row = if !down && asked { in_a_row + 1 } else { 0 };
        if in_a_row > per_s {
            seen.back = now - Duration::from_secs(DEAD_S);
            return seen;
        }
        assert!(now < Duration::from_secs(2 * DEAD_S), "it never comes back");
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_dead_deployment_gets_at_most_two_in_a_hundred_and_serves_again_within_ten_seconds(
        per_s in 25_u64..500,
        fails_after_ms in 1_u64..2_000,
    ) {
        let seen = outage(per_s, Duration::from_millis(fails_after_ms));
        let (wasted, all) = seen.wasted;
        prop_assert!(f64::from(wasted) <= 0.02 * f64::from(all), "{wasted} of {all}");
        prop_assert!(seen.most_at_once <= 2, "{} at once: a herd", seen.most_at_once);
        // It is known as soon as five calls have failed.
        let known = Duration::from_millis(fails_after_ms) + Duration::from_micros(5 * 1_000_000 / per_s);
        prop_assert!(seen.tripped <= known, "{:?}", seen.tripped);
        // The ramp is over and a second of traffic went by without anybody else.
        prop_assert!(seen.back <= Duration::from_secs(10 + 1 + 5), "{:?}", seen.back);
    }
}

#[test]
fn refused_connections_open_the_breaker_within_a_second() {
    for per_s in [10, 100, 500] {
        assert!(outage(per_s, Duration::from_millis(1)).tripped < Duration::from_secs(1), "{per_s}");
    }
}
