//! One word from outside on one answer: found by whatever id the vendor uses, put on weir's scale, kept in the score
//! log. A later word of the same name on the same answer takes the place of the earlier one.

use weir_config::Caller;
use weir_core::{
    Grade, NanoUsd, SpanId, TraceId, error,
    route::Grant,
    score::{Score, Source, Verdict},
    span::{Origin, Span},
};

use crate::{
    problem::{Failure, Reply},
    state::App,
    trace::await_span,
};

/// Longest name, in bytes.
const NAME_BYTES: usize = 100;
/// Longest explanation that is kept, in characters.
const EXPLANATION_CHARS: usize = 4_000;

/// What is graded.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// weir's own id of 32 hex digits, or OpenTelemetry's of 16.
    Span(String),
    /// The first answer of a trace.
    Trace(String),
}

/// A word to keep.
#[derive(Debug, Clone)]
pub(super) struct Word<'a> {
    pub(super) name: &'a str,
    /// Which interface it came by: the version of its series.
    pub(super) by: &'static str,
    /// `0..=1`.
    pub(super) grade: f64,
    pub(super) explanation: Option<&'a str>,
}

/// The answer that is meant. `caller` may be nobody when a token has proven which answer it may grade.
pub(super) async fn find(app: &App, caller: Option<&Caller>, target: &Target) -> Reply<Span> {
    let span = match target {
        Target::Span(id) if id.len() == 32 => await_span(app, id).await?,
        Target::Span(id) => {
            let low = u64::from_str_radix(id, 16).ok().filter(|_| id.len() == 16);
            let found = match low {
                Some(low) => app.store.span_by_low(low).await?,
                None => None,
            };
            get(app, found, "request", id).await?
        }
        Target::Trace(id) => {
            let found = match id.parse::<TraceId>() {
                Ok(trace) => app.store.span_by_trace(trace).await?,
                Err(_) => None,
            };
            get(app, found, "trace", id).await?
        }
    };
    // To others a span does not exist: its id must not tell them that it does.
    let own = caller.is_none_or(|caller| {
        caller.holds(Grant::Admin) || (span.tenant == caller.name && caller.may_use(&span.workload))
    });
    if own { Ok(span) } else { Err(Failure::not_found("request", &span.id.to_string())) }
}

async fn get(app: &App, found: Option<SpanId>, kind: &str, id: &str) -> Reply<Span> {
    let missing = || Failure::not_found(kind, id).hint("the newest 50,000 requests are looked through");
    let span = found.ok_or_else(missing)?;
    app.store.span_get(span).await?.ok_or_else(missing)
}

/// Keeps the word; its place in the score log.
pub(super) async fn keep(app: &App, span: &Span, word: &Word<'_>) -> Reply<i64> {
    let fits = (1..=NAME_BYTES).contains(&word.name.len())
        && word.name == word.name.trim()
        && !word.name.chars().any(char::is_control);
    if !fits {
        return Err(Failure::bad(format!("a name takes 1 to {NAME_BYTES} printable bytes, found {}", word.name.len())));
    }
    if app.settings.load().scorers.contains_key(word.name) {
        return Err(Failure::bad(format!("`{}` is a configured scorer, which speaks for itself", word.name))
            .hint("send it under a name of your own, such as `thumb`"));
    }
    if !matches!(span.origin, Origin::Client | Origin::External) {
        let why = "weir asked this itself; only clients' requests are graded from outside";
        return Err(Failure::new(&error::CONFLICT, why));
    }
    let Some(deployment) = span.served_by().cloned() else {
        return Err(Failure::new(&error::CONFLICT, "the request got no answer, so there is nothing to grade"));
    };
    let grade = Grade::new(word.grade).map_err(|error| Failure::bad(error.to_string()))?;
    let score = Score {
        span_id: span.id,
        workload: span.workload.clone(),
        segment: span.segment(),
        deployment,
        scorer: word.name.into(),
        version: word.by.into(),
        verdict: Verdict::Scored { grade },
        source: Source::Api,
        explanation: word.explanation.map(|text| text.chars().take(EXPLANATION_CHARS).collect()),
        p_sample: 1.0,
        propensity: span.propensity(),
        cost: NanoUsd::ZERO,
        at: app.clock.now(),
    };
    Ok(app.store.score_replace(&score).await?)
}

/// Refuses a caller that sends too many words.
pub(super) fn throttle(app: &App, caller: &Caller) -> Reply<()> {
    let per_s = app.settings.load().server.scores_per_s;
    app.posted.take(&caller.name, per_s, app.clock.elapsed()).map_err(|_| {
        let message = format!("key `{}` has posted more than {per_s} scores a second", caller.name);
        Failure::new(&error::TOO_MANY_SCORES, message).hint("send it again in a second, or raise `server.scores_per_s`")
    })
}
