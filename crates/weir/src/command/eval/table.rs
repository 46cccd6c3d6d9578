//! Columns of what runs print.

use crate::command::look::{Column, Look, column};

pub(super) const LIST: [Column; 10] = [
    column("run", "id", Look::Word),
    column("suite", "suite", Look::Word),
    column("workload", "workload", Look::Word),
    column("arms", "arms", Look::Word),
    column("status", "status", Look::State),
    column("verdict", "verdict", Look::State),
    column("asked", "asked", Look::Count),
    column("cost_usd", "cost_usd", Look::Usd),
    column("created_at", "created_at", Look::Time),
    column("message", "message", Look::Text),
];

pub(super) const METRICS: [Column; 7] = [
    column("arm", "arm", Look::Word),
    column("metric", "name", Look::Word),
    column("grade", "grade/value", Look::Grade),
    column("lower", "grade/lower", Look::Grade),
    column("upper", "grade/upper", Look::Grade),
    column("items", "grade/n", Look::Count),
    column("coverage", "coverage", Look::Share),
];

pub(super) const ARMS: [Column; 6] = [
    column("arm", "name", Look::Word),
    column("asked", "asked", Look::Count),
    column("errors", "errors", Look::Count),
    column("cost_usd", "cost_total_usd", Look::Usd),
    column("p50", "p50_ms", Look::Ms),
    column("p95", "p95_ms", Look::Ms),
];

pub(super) const COMPARISONS: [Column; 10] = [
    column("arm", "arm", Look::Word),
    column("metric", "metric", Look::Word),
    column("delta", "delta/value", Look::Grade),
    column("lower", "delta/lower", Look::Grade),
    column("upper", "delta/upper", Look::Grade),
    column("wins", "wins", Look::Count),
    column("ties", "ties", Look::Count),
    column("losses", "losses", Look::Count),
    column("mcnemar_p", "mcnemar_p", Look::Grade),
    column("what", "sentence", Look::Text),
];

pub(super) const GATES: [Column; 4] = [
    column("state", "state", Look::State),
    column("gate", "name", Look::Word),
    column("arm", "arm", Look::Word),
    column("why", "sentence", Look::Text),
];

pub(super) const MOVED: [Column; 4] = [
    column("item", "item_id", Look::Word),
    column("a", "a", Look::Grade),
    column("b", "b", Look::Grade),
    column("about", "about", Look::Text),
];
