//! The store: all SQL of weir. One SQLite file holds spans, payloads, scores, datasets, policies, canaries and the
//! job queue, so that a span and its scoring jobs commit together and a promotion is one transaction.
//!
//! Three kinds of connection, because their promises differ. *Spans* are written with `synchronous = NORMAL`: a power
//! cut may lose the last moments, which the recorder's spool replays. *Control* (scores, policies, canaries, datasets)
//! is written with `FULL`: what was acknowledged stays. *Readers* never block a writer (WAL). Every write transaction
//! starts with `BEGIN IMMEDIATE`: a deferred one that reads first fails as soon as somebody else commits.
//!
//! Each file is one resource; a query is named noun_verb.

mod canary;
mod chain;
mod changes;
mod dataset;
mod error;
mod event;
mod exposure;
mod grant;
mod histogram;
mod identity;
mod job;
mod minute;
mod open;
mod policy;
mod policy_diff;
mod score;
mod series;
mod shadow;
mod span;
mod span_list;
mod sum;
mod usage;
mod value;
mod window_event;

pub use self::{
    chain::Chain,
    dataset::{Dataset, DatasetVersion, Item, NewDataset, NewItem, Published},
    error::Error,
    event::{Event, EventKind},
    exposure::{ExposureRow, Exposures},
    grant::{Freeze, Grant},
    identity::IdentityRow,
    job::{Job, JobCounts, JobStatus},
    open::{FILE_NAME, Options, Steps, Store, schema_revision},
    policy_diff::{DiffRow, DiffState},
    score::{Inserted, ScoreRow},
    series::Series,
    shadow::{Shadow, ShadowOf, ShadowPair},
    span::{Tx, Written},
    span_list::{Page, RowScore, SpanFilter, SpanRow},
    usage::Usage,
    window_event::WindowEvent,
};
