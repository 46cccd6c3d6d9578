//! Requests picked by a filter for a dataset: drawn from every stratum alike, by a hash of their id, so that the same
//! draw can be made again; each with the probability it had.

use std::collections::BTreeMap;

use sqlx::{QueryBuilder, Row, Sqlite};
use weir_core::{
    SpanId, Timestamp,
    entropy::mix,
    filter::{Clause, Field, Filter, Operand},
};

use crate::{Error, Store, value::span_id};

/// Requests that are looked at, newest first; what is older does not take part.
const MOST: i64 = 1_000_000;

/// Which requests, and how many.
#[derive(Debug, Clone, PartialEq)]
pub struct Pick {
    /// Must hold.
    pub filter: Filter,
    /// Started at or after this.
    pub since: Option<Timestamp>,
    /// How many; `None` takes all that fit.
    pub sample: Option<u64>,
    /// A field of [`weir_core::filter::WORDS`] whose every value is drawn from alike.
    pub stratify: Option<&'static str>,
    /// Another one draws others.
    pub seed: u64,
}

/// One request that was drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Picked {
    /// Which.
    pub span_id: SpanId,
    /// With which probability it was drawn, `0..=1`, above 0.
    pub p: f64,
}

/// What a draw had to draw from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stratum {
    /// The field's value; empty where a request has none, or nothing was asked for.
    pub name: String,
    /// Requests that fit.
    pub of: u64,
    /// Requests drawn.
    pub drawn: u64,
}

impl Store {
    /// Draws clients' requests whose texts are kept and not held out. Newest first.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn span_pick(&self, pick: &Pick) -> Result<(Vec<Picked>, Vec<Stratum>), Error> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT span.id, ");
        match pick.stratify {
            Some(column) => query.push(format!("coalesce(span.{column}, '')")),
            None => query.push("''"),
        };
        query.push(
            " FROM span JOIN span_text AS texts ON texts.seq = span.seq WHERE span.origin = 'client' \
             AND texts.truncated = 0",
        );
        if let Some(since) = pick.since {
            query.push(" AND span.started_at >= ").push_bind(since.0);
        }
        pick.filter.0.iter().for_each(|clause| narrow(&mut query, clause));
        query.push(" ORDER BY span.seq DESC LIMIT ").push_bind(MOST);
        let rows = query.build().fetch_all(self.readers()).await?;
        let mut strata: BTreeMap<String, Vec<(u64, usize, SpanId)>> = BTreeMap::new();
        for (at, row) in rows.iter().enumerate() {
            let id = span_id(row.try_get(0)?)?;
            let place = mix(pick.seed ^ mix(id.bits() as u64 ^ mix((id.bits() >> 64) as u64)));
            strata.entry(row.try_get(1)?).or_default().push((place, at, id));
        }
        let shares = shares(&strata.values().map(Vec::len).collect::<Vec<_>>(), pick.sample);
        let mut picked = Vec::new();
        let mut told = Vec::new();
        for ((name, mut members), share) in strata.into_iter().zip(shares) {
            let of = members.len();
            members.sort_unstable();
            members.truncate(share);
            let p = share as f64 / of.max(1) as f64;
            picked.extend(members.iter().map(|(_, at, id)| (*at, Picked { span_id: *id, p })));
            told.push(Stratum { name, of: of as u64, drawn: share as u64 });
        }
        picked.sort_unstable_by_key(|(at, _)| *at);
        Ok((picked.into_iter().map(|(_, one)| one).collect(), told))
    }
}

/// How many of each stratum: as equal as their sizes allow, the larger ones taking what small ones leave.
fn shares(sizes: &[usize], sample: Option<u64>) -> Vec<usize> {
    let all: usize = sizes.iter().sum();
    let mut left = sample.and_then(|sample| usize::try_from(sample).ok()).unwrap_or(all).min(all);
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_unstable_by_key(|at| sizes[*at]);
    let mut shares = vec![0; sizes.len()];
    for (done, at) in order.iter().enumerate() {
        let share = (left / (sizes.len() - done)).min(sizes[*at]);
        shares[*at] = share;
        left -= share;
    }
    shares
}

fn narrow(query: &mut QueryBuilder<Sqlite>, clause: &Clause) {
    let column = match &clause.field {
        Field::Word(name) => format!("coalesce(span.{name}, '')"),
        Field::Number("latency_ms") => "span.latency_us / 1000.0".to_owned(),
        Field::Number("ttft_ms") => "span.ttft_us / 1000.0".to_owned(),
        Field::Number("cost_usd") => "span.cost_nano / 1000000000.0".to_owned(),
        Field::Number(name) => format!("span.{name}"),
        Field::Score(scorer) => {
            query.push(
                " AND (SELECT grade FROM score WHERE score.span_id = span.id AND score.grade IS NOT NULL \
                 AND score.scorer = ",
            );
            query.push_bind(scorer.clone()).push(" ORDER BY score.seq DESC LIMIT 1) ").push(clause.op.sign()).push(" ");
            bind(query, &clause.value);
            return;
        }
    };
    query.push(" AND ").push(column).push(" ").push(clause.op.sign()).push(" ");
    bind(query, &clause.value);
}

fn bind(query: &mut QueryBuilder<Sqlite>, value: &Operand) {
    match value {
        Operand::Word(word) => query.push_bind(word.clone()),
        Operand::Number(number) => query.push_bind(*number),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strata_share_alike_and_small_ones_leave_what_they_lack() {
        assert_eq!(shares(&[100, 100, 100], Some(30)), [10, 10, 10]);
        assert_eq!(shares(&[100, 3, 100], Some(30)), [13, 3, 14]);
        assert_eq!(shares(&[5, 5], Some(30)), [5, 5]);
        assert_eq!(shares(&[5, 7], None), [5, 7]);
        assert_eq!(shares(&[], Some(3)), [0; 0]);
        assert_eq!(shares(&[9], Some(0)), [0]);
    }
}
