//! One running sum over client requests, with its latency histogram; sums of parts merge into the sum of the whole.

use sqlx::{Row, sqlite::SqliteRow};
use weir_core::{
    NanoUsd,
    span::{Outcome, Span},
};

use crate::{
    Error, Usage,
    histogram::{self, Histogram},
    value::count,
};

#[derive(Debug, Clone, Default)]
pub(crate) struct Sum {
    pub(crate) usage: Usage,
    pub(crate) latency: Histogram,
}

impl Sum {
    pub(crate) fn add(&mut self, span: &Span) {
        let usage = &mut self.usage;
        usage.requests += 1;
        match span.outcome {
            Outcome::Ok => self.latency.add(histogram::bin(span.latency_us), 1),
            Outcome::Cancelled => usage.cancelled += 1,
            Outcome::Failed { .. } => usage.failed += 1,
        }
        usage.fell_back += u64::from(span.attempts.len() > 1);
        if let Some(cost) = span.cost {
            usage.priced += 1;
            usage.cost += cost;
        }
        usage.input_tokens += span.usage.input;
        usage.cached_tokens += span.usage.cached_input;
        usage.output_tokens += span.usage.output;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        let (usage, more) = (&mut self.usage, &other.usage);
        usage.requests += more.requests;
        usage.failed += more.failed;
        usage.cancelled += more.cancelled;
        usage.fell_back += more.fell_back;
        usage.priced += more.priced;
        usage.cost += more.cost;
        usage.input_tokens += more.input_tokens;
        usage.cached_tokens += more.cached_tokens;
        usage.output_tokens += more.output_tokens;
        self.latency.merge(&other.latency);
    }

    /// The counts in columns `first` and on, in the order of `span_minute`; the histogram is the caller's.
    pub(crate) fn read(row: &SqliteRow, first: usize) -> Result<Self, Error> {
        let int = |column: usize| row.try_get::<i64, _>(first + column);
        let sum = |column: usize| int(column).map(count);
        Ok(Self {
            usage: Usage {
                requests: sum(0)?,
                failed: sum(1)?,
                cancelled: sum(2)?,
                fell_back: sum(3)?,
                priced: sum(4)?,
                cost: NanoUsd(int(5)?),
                input_tokens: sum(6)?,
                cached_tokens: sum(7)?,
                output_tokens: sum(8)?,
                ..Usage::default()
            },
            latency: Histogram::default(),
        })
    }

    pub(crate) fn finish(mut self) -> Usage {
        self.usage.p50_us = self.latency.quantile(0.5);
        self.usage.p95_us = self.latency.quantile(0.95);
        self.usage.p95_ci_us = self.latency.quantile_ci95(0.95);
        self.usage
    }
}
