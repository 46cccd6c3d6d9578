//! A region that is lost, by a clock that is moved by hand: how many wait for a neighbour of the one that fell silent, and
//! that a neighbour which is well goes on serving.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use indexmap::IndexMap;
use proptest::prelude::*;
use weir_core::{
    DeploymentId, Timestamp, WorkloadId, decision::Decision, policy::Stage, route::Features, snapshot::Snapshot,
};
use weir_router::{Ask, Fault, InFlight, Live, Sample, Shape, WhatIf, decide, replay};

use crate::fixture::{again, snapshot};

const NAMES: [&str; 3] = ["a", "b", "c"];
const ANSWER: Duration = Duration::from_millis(20);
/// From here on some are silent, and from there on nobody.
const SILENT_S: u64 = 5;
const BACK_S: u64 = 25;
const END_S: u64 = 45;

fn placed(regions: [&str; 3]) -> Snapshot {
    let mut snapshot = snapshot(&NAMES.map(|name| (name, 1.0, true, None)), None, vec![Stage::Filter], None);
    for view in snapshot.workloads.values_mut() {
        for (candidate, region) in Arc::make_mut(view).candidates.iter_mut().zip(regions) {
            Arc::make_mut(&mut candidate.deployment).capabilities.region = region.into();
        }
    }
    snapshot
}

fn features() -> Features {
    Features { input_tokens: 100, ..Features::default() }
}

fn asked_at(snapshot: &Snapshot, live: &Live, nth: u64, uptime: Duration) -> Decision {
    let ask = Ask {
        workload: &WorkloadId::from("maths"),
        tenant: "dev",
        features: features(),
        unit: nth,
        seed: weir_core::entropy::mix(nth),
        turn: nth,
        scope: None,
        now: Timestamp(0),
        uptime,
    };
    decide(snapshot, live, &ask).unwrap()
}

fn first(decision: &Decision) -> &'static str {
    NAMES.into_iter().find(|name| decision.chain[0].as_str() == *name).unwrap()
}

/// When each request was made, and whom it asked first.
type Asked = Vec<(Duration, &'static str)>;

/// Traffic at `per_s`; a call to one that is `silent` fails after `deadline`.
fn traffic(regions: [&str; 3], silent: &[&str], per_s: u64, deadline: Duration) -> Asked {
    let snapshot = placed(regions);
    let live = Live::default();
    live.track(NAMES.map(DeploymentId::from).iter());
    let shape = Shape::of(&features());
    let mut calls: VecDeque<(Duration, bool, InFlight)> = VecDeque::new();
    let mut asked = Vec::new();
    for nth in 0..END_S * per_s {
        let now = Duration::from_micros(nth * 1_000_000 / per_s);
        let (over, left): (VecDeque<_>, _) = calls.into_iter().partition(|(at, ..)| *at <= now);
        calls = left;
        for (at, fails, call) in over {
            match fails {
                true => call.failed(Fault::Timeout, None, at),
                false => call.succeeded(&Sample { shape, first: ANSWER, total: Some(ANSWER), slow: false }, at),
            }
        }
        let decision = asked_at(&snapshot, &live, nth, now);
        assert_eq!(again(&snapshot, &decision, &WhatIf::default()), decision, "its record alone gives the same");
        let view = &snapshot.workloads[0];
        let nowhere = replay(&decision, &view.policy, &view.workload, &IndexMap::new(), &WhatIf::default());
        assert_eq!(nowhere, decision, "wherever they run today");
        let first = first(&decision);
        let fails = silent.contains(&first) && (SILENT_S..BACK_S).contains(&now.as_secs());
        // What dispatch does: who has no probe left is passed over.
        let Some(call) = live.vital(&first.into()).unwrap().begin(100, false, now) else { continue };
        calls.push_back((now + if fails { deadline } else { ANSWER }, fails, call));
        asked.push((now, first));
    }
    asked
}

/// Share of the requests of this time that asked `who` first.
fn share(asked: &Asked, from: Duration, to: Duration, who: &[&str]) -> f64 {
    let within: Vec<_> = asked.iter().filter(|(at, _)| (from..to).contains(at)).collect();
    within.iter().filter(|(_, first)| who.contains(first)).count() as f64 / within.len() as f64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn once_one_of_a_region_is_known_to_be_silent_few_wait_for_its_neighbour(
        per_s in 25_u64..100,
        deadline_ms in 1_000_u64..4_000,
    ) {
        let deadline = Duration::from_millis(deadline_ms);
        let asked = traffic(["eu", "eu", "us"], &["a", "b"], per_s, deadline);
        // Five calls in a row have failed.
        let known = Duration::from_secs(SILENT_S) + deadline + Duration::from_micros(6 * 1_000_000 / per_s);
        let eu = share(&asked, known, Duration::from_secs(BACK_S), &["a", "b"]);
        // Two at a time of each, and each waits a deadline.
        let most = 4.0 / (per_s as f64 * deadline.as_secs_f64()) + 0.05;
        prop_assert!(eu <= most, "{eu} of those that came later, at most {most}");
        let end = Duration::from_secs(END_S);
        prop_assert!(share(&asked, end - Duration::from_secs(5), end, &["a"]) > 0.9, "it serves again");
    }

    #[test]
    fn a_neighbour_that_answers_keeps_its_region_in_play(per_s in 25_u64..100, deadline_ms in 1_000_u64..4_000) {
        let deadline = Duration::from_millis(deadline_ms);
        let asked = traffic(["eu", "eu", "us"], &["a"], per_s, deadline);
        let known = Duration::from_secs(SILENT_S) + deadline + Duration::from_secs(1);
        let us = share(&asked, known, Duration::from_secs(BACK_S), &["c"]);
        prop_assert!(us < 0.02, "{us} left the region");
    }
}

#[test]
fn where_nobody_says_where_they_run_or_all_run_at_one_place_each_is_waited_for() {
    for regions in [["", "", ""], ["eu", "eu", "eu"], ["eu", "eu", ""]] {
        let deadline = Duration::from_secs(2);
        let asked = traffic(regions, &["a", "b"], 50, deadline);
        let known = Duration::from_secs(SILENT_S) + deadline + Duration::from_millis(200);
        let b = share(&asked, known, known + Duration::from_secs(1), &["b"]);
        assert!(b > 0.9, "{regions:?}: {b}");
    }
}

/// Two in one region, and the third elsewhere.
struct Neighbours {
    snapshot: Snapshot,
    live: Live,
}

impl Neighbours {
    fn new() -> Self {
        let live = Live::default();
        live.track(NAMES.map(DeploymentId::from).iter());
        Self { snapshot: placed(["eu", "eu", "us"]), live }
    }

    fn call(&self, name: &str, s: u64) -> InFlight {
        self.live.vital(&name.into()).unwrap().begin(100, true, Duration::from_secs(s)).unwrap()
    }

    fn fails(&self, name: &str, fault: Fault, s: u64) {
        for _ in 0..5 {
            self.call(name, s).failed(fault, None, Duration::from_secs(s));
        }
    }

    /// Who is asked first.
    fn first(&self, s: u64) -> &'static str {
        first(&asked_at(&self.snapshot, &self.live, 0, Duration::from_secs(s)))
    }
}

fn answer(total: Option<Duration>) -> Sample {
    Sample { shape: Shape::of(&features()), first: ANSWER, total, slow: false }
}

#[test]
fn streams_that_began_before_its_neighbour_fell_silent_take_no_trial() {
    let three = Neighbours::new();
    let streams = [(); 2].map(|()| three.call("b", 1));
    for stream in &streams {
        stream.succeeded(&answer(None), Duration::from_secs(1));
    }
    three.fails("a", Fault::Timeout, 5);
    assert_eq!(three.first(5), "b", "nobody is finding out yet");
    let trials = [(); 2].map(|()| three.call("b", 5));
    assert_eq!(three.first(5), "c", "two are finding out");
    let [ends, _] = streams;
    ends.completed(Shape::of(&features()), Duration::from_secs(4), Duration::from_secs(5));
    assert_eq!(three.first(5), "b", "the end of a stream is a word, too");
    drop(trials);
}

#[test]
fn one_that_says_itself_that_it_is_late_is_not_silent() {
    for (heard, asked) in [(false, "c"), (true, "b")] {
        let three = Neighbours::new();
        for _ in 0..5 {
            let call = three.call("a", 5);
            call.failed(Fault::Timeout, None, Duration::from_secs(5));
            if heard {
                call.heard(Duration::from_secs(5));
            }
        }
        let _trials = [(); 2].map(|()| three.call("b", 5));
        assert_eq!(three.first(5), asked, "heard: {heard}");
    }
}

#[test]
fn nobody_waits_for_one_elsewhere_that_is_itself_coming_back() {
    for (failed, asked) in [(false, "c"), (true, "b")] {
        let three = Neighbours::new();
        if failed {
            three.fails("c", Fault::Server, 3);
        }
        three.fails("a", Fault::Timeout, 5);
        let _trials = [(); 2].map(|()| three.call("b", 5));
        let decision = asked_at(&three.snapshot, &three.live, 0, Duration::from_secs(5));
        assert_eq!(first(&decision), asked, "c failed: {failed}");
        assert!(decision.chain.contains(&"c".into()), "it may be asked: {:?}", decision.chain);
    }
}
