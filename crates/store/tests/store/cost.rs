//! Spending by workload, deployment, key and tag; bars and counts around the list of spans.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::time::Duration;

use weir_core::{NanoUsd, Timestamp, span::Outcome};
use weir_store::{CostBy, SpanFilter, Store};

use crate::fixture::{START, open, record};

async fn filled() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut records = Vec::new();
    for n in 0..10 {
        let mut one = record(n * 30);
        if n % 2 == 1 {
            one.span.tenant = "ops".into();
            one.span.tags = "{\"team\":\"search\",\"n\":3}".into();
        }
        if n == 9 {
            one.span.cost = None;
            one.span.outcome = Outcome::Failed { code: "W0301".into(), message: "no answer".into() };
        }
        records.push(one);
    }
    let mut tx = store.begin_spans().await.unwrap();
    tx.span_insert_many(&records).await.unwrap();
    tx.commit().await.unwrap();
    (dir, store)
}

#[tokio::test]
async fn every_split_of_the_spending_adds_up_to_the_same() {
    let (_dir, store) = filled().await;
    let splits = [
        (CostBy::Workload, vec!["maths"]),
        (CostBy::Deployment, vec!["sim/large"]),
        (CostBy::Key, vec!["dev", "ops"]),
        (CostBy::Tag("team".to_owned()), vec!["", "search"]),
        (CostBy::Tag("n".to_owned()), vec!["", "3"]),
    ];
    for (by, groups) in splits {
        let sums = store.cost_sums(&by, START, 60, 10).await.unwrap();
        let mut seen: Vec<&str> = sums.iter().map(|sum| sum.group.as_str()).collect();
        seen.dedup();
        assert_eq!(seen, groups, "{by:?}");
        assert_eq!(sums.iter().map(|sum| sum.requests).sum::<u64>(), 10);
        assert_eq!(sums.iter().map(|sum| sum.priced).sum::<u64>(), 9);
        assert_eq!(sums.iter().map(|sum| sum.cost).fold(NanoUsd::ZERO, |a, b| a + b), NanoUsd(9 * 1_500));
        assert_eq!(sums.iter().map(|sum| sum.slot).max(), Some(4), "two requests a minute");
    }
    assert_eq!(store.tag_names().await.unwrap(), ["n", "team"]);
}

#[tokio::test]
async fn bars_and_facets_count_what_the_filter_lets_through() {
    let (_dir, store) = filled().await;
    let until = Timestamp(START.0).plus(Duration::from_secs(300));
    let filter = SpanFilter { since: Some(START), until: Some(until), ..SpanFilter::default() };
    let bars = store.span_histogram(&filter, 60).await.unwrap();
    assert_eq!(bars.iter().filter(|bar| bar.status == "ok").map(|bar| bar.n).sum::<u64>(), 9);
    assert_eq!(
        bars.iter().filter(|bar| bar.status == "failed").map(|bar| (bar.slot, bar.n)).collect::<Vec<_>>(),
        [(4, 1)]
    );
    let facets = store.span_facets(&filter).await.unwrap();
    let of = |name: &str| {
        facets.iter().filter(|facet| facet.name == name).map(|f| (f.value.as_str(), f.n)).collect::<Vec<_>>()
    };
    assert_eq!(of("status"), [("ok", 9), ("failed", 1)]);
    assert_eq!(of("workload"), [("maths", 10)]);
    let early = SpanFilter { until: Some(START.plus(Duration::from_secs(60))), ..filter };
    assert_eq!(store.span_list(&early, None, 50).await.unwrap().items.len(), 2);
}
