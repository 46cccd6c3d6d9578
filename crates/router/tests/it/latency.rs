//! Latency as traffic moves on, by a clock that is moved by hand: who is thought slow on little evidence is found out, and
//! who is slow is left alone.

use std::{ops::Range, time::Duration};

use proptest::prelude::*;
use weir_core::{
    DeploymentId, Timestamp, WorkloadId, decision::Decision, entropy::mix, policy::Stage, route::Features,
};
use weir_router::{Ask, Live, Sample, Shape, decide};

use crate::fixture::snapshot;

const FAST_MS: u64 = 50;
const PER_S: u64 = 10;

struct Pool {
    snapshot: weir_core::snapshot::Snapshot,
    live: Live,
    workload: WorkloadId,
}

impl Pool {
    fn new(names: &[&'static str]) -> Self {
        let rows: Vec<_> = names.iter().map(|&name| (name, 1.0, true, None)).collect();
        let live = Live::default();
        live.track(names.iter().map(|&name| DeploymentId::from(name)).collect::<Vec<_>>().iter());
        let stages = vec![Stage::Filter, Stage::Latency { band: 0.2 }];
        Self { snapshot: snapshot(&rows, None, stages, None), live, workload: "maths".into() }
    }

    fn answers(&self, id: &DeploymentId, ms: u64, at: Duration) {
        let took = Duration::from_millis(ms);
        let call = self.live.vital(id).unwrap().begin(100, false, at).unwrap();
        call.succeeded(&Sample { shape: Shape::of(&features()), first: took, total: Some(took), slow: false }, at);
    }

    fn decide(&self, seed: u64, uptime: Duration) -> Decision {
        let ask = Ask {
            workload: &self.workload,
            tenant: "dev",
            features: features(),
            unit: seed,
            seed,
            turn: seed,
            scope: None,
            now: Timestamp(0),
            uptime,
        };
        decide(&self.snapshot, &self.live, &ask).unwrap()
    }

    /// What share of the traffic of these seconds `b` got.
    fn share(&self, seconds: Range<u64>, seed: u64, takes_ms: impl Fn(&str) -> u64) -> f64 {
        let (mut asked, mut got) = (0, 0);
        for nth in seconds.start * PER_S..seconds.end * PER_S {
            let at = Duration::from_millis(nth * 1_000 / PER_S);
            let decision = self.decide(mix(seed ^ nth), at);
            let chosen = &decision.chain[0];
            self.answers(chosen, takes_ms(chosen.as_str()), at);
            asked += 1;
            got += u32::from(chosen.as_str() == "b");
        }
        f64::from(got) / f64::from(asked)
    }
}

fn features() -> Features {
    Features { input_tokens: 100, ..Features::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn one_slow_answer_does_not_keep_a_fast_deployment_last(slow_ms in 2 * FAST_MS..60_000, seed: u64) {
        let pool = Pool::new(&["a", "b"]);
        pool.answers(&"b".into(), slow_ms, Duration::ZERO);
        for _ in 0..20 {
            pool.answers(&"a".into(), FAST_MS, Duration::ZERO);
        }
        let share = pool.share(1..61, seed, |_| FAST_MS);
        prop_assert!(share > 0.2, "{share} of a minute after one answer of {slow_ms} ms");
    }

    #[test]
    fn one_fast_answer_does_not_draw_all_traffic_to_a_slow_deployment(seed: u64) {
        let pool = Pool::new(&["a", "b"]);
        pool.answers(&"b".into(), FAST_MS / 10, Duration::ZERO);
        for _ in 0..20 {
            pool.answers(&"a".into(), FAST_MS, Duration::ZERO);
        }
        let share = pool.share(1..61, seed, |name| if name == "b" { 10 * FAST_MS } else { FAST_MS });
        prop_assert!(share < 0.06, "{share}");
    }

    #[test]
    fn one_that_was_slow_for_long_is_asked_now_and_then_and_found_to_be_fast(seed: u64) {
        let pool = Pool::new(&["a", "b"]);
        for at_s in 0..100 {
            pool.answers(&"b".into(), 10 * FAST_MS, Duration::from_millis(10 * at_s));
            pool.answers(&"a".into(), FAST_MS, Duration::from_millis(10 * at_s));
        }
        let late = |name: &str| if name == "b" { 10 * FAST_MS } else { FAST_MS };
        let asked = pool.share(1..181, seed, late);
        prop_assert!(asked > 0.0 && asked < 0.04, "{asked}");
        let recovered = pool.share(181..481, seed, |_| FAST_MS);
        prop_assert!(recovered > 0.2, "{recovered}");
    }

    #[test]
    fn whoever_is_in_doubt_has_a_chance_and_all_together_no_more_than_a_fifth_of_what_is_known(
        counts in prop::collection::vec((0_usize..8, 10_u64..5_000), 4),
        seed: u64,
    ) {
        let pool = Pool::new(&["a", "b", "c", "d", "e"]);
        for _ in 0..1_000 {
            pool.answers(&"a".into(), 5, Duration::ZERO);
        }
        for ((count, ms), name) in counts.iter().zip(["b", "c", "d", "e"]) {
            for _ in 0..*count {
                pool.answers(&name.into(), *ms, Duration::ZERO);
            }
        }
        let decision = pool.decide(seed, Duration::ZERO);
        let first = |name: &str| {
            let found = decision.candidates.iter().find(|candidate| candidate.deployment.as_str() == name).unwrap();
            found.state.propensity
        };
        prop_assert!(["b", "c", "d", "e"].iter().all(|name| first(name) > 0.0));
        // At 10 ms and more none of them is near the 5 ms of the one that is known.
        prop_assert!(first("a") > 0.79, "{}", first("a"));
    }
}
