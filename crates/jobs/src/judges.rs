//! Asking a judge: one chat completion through weir's own gateway, marked as weir's own, so that it is routed, priced
//! and recorded like all traffic and never scored itself.

use std::{sync::Arc, time::Duration};

use apalis::prelude::{Attempt, BoxDynError, Data};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use weir_core::{
    SpanId,
    score::{Score, Source, Unscored},
};
use weir_evals::{
    Outcome,
    judge::{self, JudgeSpec, Judged},
};
use weir_providers::{
    dialect::text,
    transport::{Limits, Target, TransportError},
};

use crate::{
    assemble::{Assembled, Scored},
    desk::Desk,
    queue::{AskJudge, MAX_ATTEMPTS},
};

/// Largest judge reply.
const REPLY_BYTES: usize = 1 << 20;
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(2),
    first_byte: Duration::from_secs(60),
    idle: Duration::from_secs(30),
    total: Duration::from_secs(120),
};
/// The header that carries the process token.
const INTERNAL: &str = "x-weir-internal";

/// Where judges are asked.
#[derive(Debug, Clone)]
pub struct Bench {
    pub(crate) target: Target,
    pub(crate) headers: HeaderMap,
}

impl Bench {
    /// Asks the gateway at `base_url` (such as `http://127.0.0.1:8080/v1`), proving with `token` that weir itself asks.
    ///
    /// # Errors
    /// When the URL or the token cannot be sent.
    pub fn new(base_url: &str, token: &str) -> Result<Self, TransportError> {
        let mut value = HeaderValue::from_str(token)
            .map_err(|_| TransportError::Refused("a token that no header can hold".into()))?;
        value.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(INTERNAL, value);
        Ok(Self { target: Target::chat(base_url, None, true)?, headers })
    }
}

/// Why a judge gave no reply this time.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("the gateway answered {0}")]
    Status(u16),
}

impl Unanswered {
    /// What is stored when the last try has failed.
    const fn reason(&self) -> Unscored {
        match self {
            Self::Status(429) => Unscored::RateLimited,
            Self::Transport(TransportError::Timeout { .. }) => Unscored::Timeout,
            Self::Status(_) | Self::Transport(_) => Unscored::ScoringFailed,
        }
    }
}

/// Asks one judge about one span and stores its word. A reply outside the contract is stored as `grader_failed`, which
/// is final; no reply is tried again, and stored as unscored with its reason after the last try.
///
/// # Errors
/// When the gateway or the store cannot be reached; the job is tried again with back-off and then dead.
pub(crate) async fn ask(job: AskJudge, attempt: Attempt, desk: Data<Arc<Desk>>) -> Result<(), BoxDynError> {
    let scoring = desk.scoring.load_full();
    let found = desk.store.record_list(&[job.span]).await?;
    let Some(record) = found.into_iter().next().map(Arc::new) else {
        return Ok(());
    };
    let span = &record.span;
    let plan = scoring.plan(&span.workload);
    let Some((name, scorer)) = plan.and_then(|plan| plan.judges.iter().find(|(name, _)| *name == job.scorer)) else {
        return Ok(());
    };
    let Some(spec) = scorer.judge() else {
        return Ok(());
    };
    if desk.store.score_exists(job.span, name, scorer.version()).await? {
        return Ok(());
    }
    let assembled = Assembled::all(&desk.references, &span.workload, std::iter::once(&*record)).await?;
    let Some(assembled) = assembled.first() else {
        return Ok(());
    };
    let obstacle = assembled.obstacle().or_else(|| scorer.precheck(&assembled.exchange()));
    let (outcome, failure) = match obstacle {
        Some(outcome) => (outcome, None),
        None => match vote(&desk, spec, assembled).await {
            Ok(outcome) => (outcome, None),
            // Counted from 1, and counted up before each try.
            Err(failure) if attempt.current() < MAX_ATTEMPTS as usize => {
                return Err(failure.into());
            }
            Err(failure) => (Outcome::unscored(failure.reason(), failure.to_string()), Some(failure)),
        },
    };
    let scored = Scored { span, p_sample: job.p_sample, source: Source::Judge, at: desk.clock.now() };
    let score: Option<Score> = scored.score(name, scorer.version(), outcome);
    desk.keep(score.into_iter().map(|score| (Arc::clone(&record), score)).collect()).await?;
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}

/// Asks as often as the judge votes; the median of the valid votes counts, and no valid vote is a failed grader.
async fn vote(desk: &Desk, spec: &JudgeSpec, assembled: &Assembled) -> Result<Outcome, Unanswered> {
    if judge::injection_suspected(&assembled.exchange().answer.text) {
        let why = "the answer holds text in the shape of a verdict".to_owned();
        return Ok(Outcome::unscored(Unscored::InjectionSuspected, why));
    }
    let mut votes: Vec<Judged> = Vec::new();
    let mut failed = String::new();
    for _ in 0..spec.votes {
        let nonce = SpanId::draw(&*desk.entropy).to_string();
        let request = judge::build(spec, &assembled.exchange(), &nonce);
        match judge::read(spec, &nonce, &post(desk, request.to_string().into()).await?) {
            Ok(judged) => votes.push(judged),
            Err(error) => failed = error.to_string(),
        }
    }
    Ok(match judge::median(&votes) {
        Some(grade) => Outcome {
            explanation: votes.into_iter().find(|vote| vote.grade == grade).map(|vote| vote.reasoning),
            ..Outcome::grade(grade.value())
        },
        None => Outcome::unscored(Unscored::GraderFailed, failed),
    })
}

/// One question through the gateway; the text of the reply.
async fn post(desk: &Desk, body: Bytes) -> Result<String, Unanswered> {
    let bench = &desk.bench;
    let response = desk.transport.send(&bench.target, bench.headers.clone(), body, LIMITS).await?;
    let status = response.status;
    let body = response.body.read_all(REPLY_BYTES).await?;
    if status == 200 { Ok(text::answer(&body).text) } else { Err(Unanswered::Status(status)) }
}
