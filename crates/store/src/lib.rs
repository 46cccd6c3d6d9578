//! The store: all SQL of weir. One SQLite file holds spans, payloads, scores, datasets, policies, canaries and the
//! job queue, so that a span and its scoring jobs commit together and a promotion is one transaction.
//!
//! Three kinds of connection, because their promises differ. *Spans* are written with `synchronous = NORMAL`: a power
//! cut may lose the last moments, which the recorder's spool replays. *Control* (scores, policies, canaries, datasets)
//! is written with `FULL`: what was acknowledged stays. *Readers* never block a writer (WAL). Every write transaction
//! starts with `BEGIN IMMEDIATE`: a deferred one that reads first fails as soon as somebody else commits.
//!
//! Each file is one resource; a query is named noun_verb.

mod anchor;
mod audit;
mod backfill;
mod canary;
mod chain;
mod changes;
mod compat;
mod cost;
mod dataset;
mod deployment_health;
mod error;
mod event;
mod exposure;
mod file;
mod file_words;
mod graded;
mod grant;
mod histogram;
mod identity;
mod job;
mod judge_repeat;
mod label;
mod labelled;
mod minute;
mod open;
mod pick;
mod policy;
mod policy_diff;
mod policy_news;
mod quarantine;
mod quiet;
mod response;
mod rule;
mod run;
mod run_again;
mod run_item;
mod run_output;
mod score;
mod scorer_sum;
mod series;
mod shadow;
mod size;
mod span;
mod span_facets;
mod span_list;
mod sum;
mod usage;
mod value;
mod window_event;
mod wordless;

pub use self::{
    anchor::{Anchor, AnchorPlan, AnchorRun},
    audit::AuditRow,
    backfill::Backfill,
    chain::Chain,
    compat::{Kept, KeptPage},
    cost::{CostBy, CostSum, TAGGED},
    dataset::{
        Changed, Dataset, DatasetVersion, DiffCounts, Draft, GATE_READS, HELDOUT, Item, ItemFilter, ItemRow,
        NewDataset, NewItem, Published, Purged, Purpose, Reach, Reads, Stage, Staged,
    },
    deployment_health::HealthMinute,
    error::Error,
    event::{Event, EventKind},
    exposure::Exposures,
    file::{File, FilePage, NewFile},
    file_words::FileFound,
    graded::{Graded, HUMAN},
    grant::{Freeze, Grant},
    identity::IdentityRow,
    job::{Job, JobCounts, JobStatus},
    judge_repeat::{JudgeRepeat, JudgeRepeats},
    label::{LabelPlan, LabelRow, LabelTask, NewLabel},
    open::{FILE_NAME, Options, Steps, Store, schema_revision},
    pick::{Pick, Picked, Stratum},
    policy_diff::{DiffDecision, DiffRow, DiffState},
    policy_news::PolicyNews,
    quarantine::Quarantine,
    response::{Conversation, Keep, Turn, TurnItem},
    rule::{Pressure, RulePause, RuleShare},
    run::{NewRun, RunFilter, RunRow, RunStatus},
    run_again::Again,
    run_item::RunItem,
    run_output::RunMean,
    score::{Inserted, ScoreRow},
    scorer_sum::ScorerSum,
    series::Series,
    shadow::{Shadow, ShadowDifference, ShadowOf, ShadowPair},
    size::Size,
    span::{Tx, Written},
    span_facets::{Facet, SpanSlot},
    span_list::{Page, RowScore, SpanFilter, SpanRow},
    usage::Usage,
    window_event::WindowEvent,
};
