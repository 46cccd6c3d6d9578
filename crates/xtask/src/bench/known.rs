//! How soon a score is known: each reply carries its decision (`x-weir-explain`), which names the newest score its snapshot
//! knew (`score_seq`). Which score belongs to which request is asked afterwards. A decision is dated by when its reply's
//! headers came, which is later than it was made, so the figure errs upwards.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::weir::{KEY, Weir};

/// One request as it was seen from outside.
pub(super) struct Seen {
    pub(super) span: String,
    /// The newest score its decision knew.
    pub(super) score_seq: i64,
    /// When its headers came.
    pub(super) decided: Instant,
    /// When its last byte came.
    pub(super) ended: Instant,
}

/// Asks, and reads the decision.
pub(super) async fn ask(client: &reqwest::Client, url: &str, body: &Value) -> anyhow::Result<Seen> {
    let request = client.post(url).bearer_auth(KEY).header("x-weir-explain", "1").json(body);
    let response = request.send().await?;
    let decided = Instant::now();
    let header = |name: &str| {
        let value = response.headers().get(name).with_context(|| format!("no {name} in the reply"))?;
        anyhow::Ok(value.to_str()?.to_owned())
    };
    let (span, decision) = (header("x-weir-span-id")?, header("x-weir-decision")?);
    let decision: Value = serde_json::from_str(&decision)?;
    let score_seq = decision.get("score_seq").and_then(Value::as_i64).context("a decision without score_seq")?;
    let status = response.status();
    let text = response.text().await?;
    let ended = Instant::now();
    ensure!(status.is_success(), "{status}: {text}");
    Ok(Seen { span, score_seq, decided, ended })
}

/// Where the last of each span's scores stands in the log.
pub(super) async fn sequences(weir: &Weir, seen: &[Seen]) -> anyhow::Result<HashMap<String, i64>> {
    let mut sequences = HashMap::new();
    for Seen { span, .. } in seen {
        let trace = weir.get(&format!("/api/v1/traces/{span}")).await?;
        let scores = trace.get("scores").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if let Some(seq) = scores.iter().filter_map(|score| score.get("seq").and_then(Value::as_i64)).max() {
            sequences.insert(span.clone(), seq);
        }
    }
    Ok(sequences)
}

/// For each of the first `count` requests, the time from its end to the first later decision that knows its scores, in
/// ascending order.
pub(super) fn latencies(
    seen: &[Seen],
    count: usize,
    sequences: &HashMap<String, i64>,
) -> anyhow::Result<Vec<Duration>> {
    let mut decisions: Vec<(Instant, i64)> = seen.iter().map(|seen| (seen.decided, seen.score_seq)).collect();
    decisions.sort_unstable();
    let one = |request: &Seen| {
        let seq = sequences.get(&request.span).with_context(|| format!("request {} was not scored", request.span))?;
        let knowing = decisions.iter().find(|(at, known)| *at >= request.ended && known >= seq);
        let (at, _) = knowing.with_context(|| format!("no decision knew the scores of {}", request.span))?;
        Ok(*at - request.ended)
    };
    let mut found = seen.iter().take(count).map(one).collect::<anyhow::Result<Vec<Duration>>>()?;
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_that_was_made_before_the_answer_ended_does_not_count() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let seen = |span: &str, score_seq, decided, ended| Seen {
            span: span.into(),
            score_seq,
            decided: at(decided),
            ended: at(ended),
        };
        let seen = [seen("a", 9, 5, 10), seen("b", 0, 30, 31), seen("c", 4, 70, 71)];
        let sequences = HashMap::from([("a".to_owned(), 3)]);
        assert_eq!(latencies(&seen, 1, &sequences).unwrap(), [Duration::from_millis(60)]);
        assert!(latencies(&seen, 2, &sequences).is_err(), "b has no score");
    }
}
