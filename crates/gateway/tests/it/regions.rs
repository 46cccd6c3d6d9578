//! A region that goes silent: who is asked next, and what the record says of it.

use std::time::Duration;

use tokio::net::TcpListener;
use weir_core::{Clock as _, workload::Deadlines};
use weir_sim::Fault;

use crate::{
    client::ask,
    hostile::provider,
    rig::{Rig, Setup},
};

/// Who was asked, and whose silence put it before its turn.
async fn asked(rig: &Rig) -> Vec<(String, Option<String>)> {
    let reply = rig.post(&ask("auto")).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let attempts = rig.sink.only().span.attempts;
    let told = |attempt: weir_core::span::Attempt| {
        (attempt.deployment.to_string(), attempt.away_from.map(|region| region.to_string()))
    };
    attempts.into_iter().map(told).collect()
}

fn row(id: &str, away_from: Option<&str>) -> (String, Option<String>) {
    (id.to_owned(), away_from.map(str::to_owned))
}

#[tokio::test]
async fn after_a_refused_connection_another_region_is_asked_before_its_turn() {
    let regions = &[("dead", "eu"), ("sim/large", "eu"), ("sim/small", "us")];
    let rig = Rig::with(Setup { dead_first: true, regions, ..Setup::default() }).await;
    assert_eq!(asked(&rig).await, [row("dead", None), row("sim/small", Some("eu"))]);
}

#[tokio::test]
async fn one_whose_rate_limit_has_nothing_left_is_not_asked_before_its_turn() {
    let regions = &[("dead", "eu"), ("sim/large", "eu"), ("sim/small", "us")];
    let rig = Rig::with(Setup { dead_first: true, regions, ..Setup::default() }).await;
    let small = rig.live.vital(&"sim/small".into()).unwrap();
    small.refused(Some(Duration::from_secs(600)), rig.wall.elapsed());
    assert_eq!(asked(&rig).await, [row("dead", None), row("sim/large", None)]);
}

#[tokio::test]
async fn where_no_other_region_is_known_the_chain_is_walked_as_it_stands() {
    let cases: [&'static [(&'static str, &'static str)]; 4] = [
        &[],
        &[("sim/large", "eu"), ("sim/small", "us")],
        &[("dead", "eu"), ("sim/large", "eu"), ("sim/small", "eu")],
        &[("dead", "eu"), ("sim/large", "us"), ("sim/small", "asia")],
    ];
    for regions in cases {
        let rig = Rig::with(Setup { dead_first: true, regions, ..Setup::default() }).await;
        assert_eq!(asked(&rig).await, [row("dead", None), row("sim/large", None)], "{regions:?}");
    }
}

#[tokio::test]
async fn one_deadline_is_waited_for_where_the_neighbour_would_be_silent_too() {
    // Connections wait in its queue and are never taken.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let deadlines = Deadlines { first_byte_ms: 2_000, ..Deadlines::default() };
    let regions = &[("raw", "eu"), ("sim/large", "eu"), ("sim/small", "us")];
    let raw_first = Some(silent.local_addr().unwrap());
    let rig = Rig::with(Setup { raw_first, deadlines, regions, ..Setup::default() }).await;
    rig.sim.set_fault("large-1", Fault::Hang, 1.0);
    assert_eq!(asked(&rig).await, [row("raw", None), row("sim/small", Some("eu"))]);
}

#[tokio::test]
async fn a_body_that_stalls_behind_its_head_takes_no_neighbour_with_it() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec();
    let raw_first = Some(provider(head, true).await);
    let deadlines = Deadlines { idle_ms: 2_000, ..Deadlines::default() };
    let regions = &[("raw", "eu"), ("sim/large", "eu"), ("sim/small", "us")];
    let rig = Rig::with(Setup { raw_first, deadlines, regions, ..Setup::default() }).await;
    assert_eq!(asked(&rig).await, [row("raw", None), row("sim/large", None)]);
}
