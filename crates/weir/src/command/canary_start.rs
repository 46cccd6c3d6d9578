//! `weir canary start`: every word of the request that the API takes.

use serde_json::{Value, json};
use weir_config::nearest;

use super::{
    assent::Assent,
    canary::told,
    client::{Client, WORKLOADS, escape},
    failure::{FINE, Failure, Outcome},
    out::Out,
};

#[derive(Debug, clap::Args)]
pub(super) struct Start {
    /// Whose traffic
    workload: String,
    /// The newcomer, one of the workload's candidates
    candidate: String,
    /// Share of traffic in each arm at each step, such as 0.05,0.25,0.5
    #[arg(long, value_delimiter = ',')]
    steps: Vec<f64>,
    /// Largest acceptable loss of mean grade
    #[arg(long)]
    margin: Option<f64>,
    /// Probability of promoting a candidate that is worse than the margin
    #[arg(long)]
    alpha_promote: Option<f64>,
    /// Probability of rolling back a candidate that is not
    #[arg(long)]
    alpha_rollback: Option<f64>,
    /// Least pairs before a promotion
    #[arg(long)]
    min_pairs: Option<u64>,
    /// Least pairs within a step
    #[arg(long)]
    step_pairs: Option<u64>,
    /// Pairs after which it expires undecided
    #[arg(long)]
    max_pairs: Option<u64>,
    /// A score that has not come this long after its answer counts as missing
    #[arg(long)]
    score_timeout_ms: Option<u64>,
    /// Least time within a step
    #[arg(long)]
    bake_ms: Option<u64>,
    /// Least time before a promotion
    #[arg(long)]
    min_duration_ms: Option<u64>,
    /// Time after which it expires undecided
    #[arg(long)]
    horizon_ms: Option<u64>,
    /// A hold that cleared goes on by itself after this time
    #[arg(long)]
    hold_clear_ms: Option<u64>,
    /// Extra cost that rolls back, as a share of a dear request of the stable deployment
    #[arg(long)]
    cost_budget: Option<f64>,
    /// Promote only what is proven to be cheaper
    #[arg(long)]
    must_save: bool,
    /// Largest loss of the workload's mean grade that exposure may cause
    #[arg(long)]
    risk_budget: Option<f64>,
    /// Pairs while a proven candidate takes all but a hold-back; 0 skips that
    #[arg(long)]
    verify_pairs: Option<u64>,
    /// Same-prompt pairs before anybody is exposed; 0 skips that
    #[arg(long)]
    shadow_pairs: Option<u64>,
    /// No new try this long after a rollback of the same candidate
    #[arg(long)]
    cooldown_ms: Option<u64>,
    /// A segment in which it is not tried and will not serve; may be given several times
    #[arg(long, value_name = "SEGMENT")]
    except: Vec<String>,
    /// A person must approve it first
    #[arg(long)]
    approval: bool,
    /// Somebody else must approve it first
    #[arg(long)]
    four_eyes: bool,
    /// A judge of an arm's own family may decide; it stands in the canary's warnings
    #[arg(long)]
    kin_judge: bool,
    /// Why; kept with its first event
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    assent: Assent,
}

impl Start {
    /// There is such a workload, and it may choose the candidate.
    async fn check(&self, client: &Client) -> Result<(), Failure> {
        client.check_name(&self.workload).await?;
        let workload = client.get(&format!("/workloads/{}", escape(&self.workload))).await?;
        let known: Vec<&str> =
            workload.rows("candidates").iter().filter_map(|row| row["deployment"].as_str()).collect();
        if known.is_empty() || known.contains(&self.candidate.as_str()) {
            return Ok(());
        }
        let near = nearest(&self.candidate, known.iter().copied());
        let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        Err(Failure::usage(
            format!("`{}` is not a candidate of `{}`", self.candidate, self.workload),
            format!("{near}it may choose from {}; others are added to its `candidates` first", known.join(", ")),
        ))
    }

    pub(super) async fn run(&self, client: &Client, out: &mut Out<'_, '_>) -> Outcome {
        self.check(client).await?;
        let what = format!("start a canary of {} on {}", self.candidate, self.workload);
        if !self.assent.given(out, &what)? {
            return Ok(FINE);
        }
        let mut body = json!({ "workload": self.workload, "candidate": self.candidate });
        let optional = [
            ("steps", (!self.steps.is_empty()).then(|| json!(self.steps))),
            ("margin", self.margin.map(Value::from)),
            ("alpha_promote", self.alpha_promote.map(Value::from)),
            ("alpha_rollback", self.alpha_rollback.map(Value::from)),
            ("horizon_ms", self.horizon_ms.map(Value::from)),
            ("hold_clear_ms", self.hold_clear_ms.map(Value::from)),
            ("cost_budget", self.cost_budget.map(Value::from)),
            ("must_save", self.must_save.then_some(Value::Bool(true))),
            ("min_pairs", self.min_pairs.map(Value::from)),
            ("step_pairs", self.step_pairs.map(Value::from)),
            ("max_pairs", self.max_pairs.map(Value::from)),
            ("score_timeout_ms", self.score_timeout_ms.map(Value::from)),
            ("bake_ms", self.bake_ms.map(Value::from)),
            ("min_duration_ms", self.min_duration_ms.map(Value::from)),
            ("risk_budget", self.risk_budget.map(Value::from)),
            ("verify_pairs", self.verify_pairs.map(Value::from)),
            ("shadow_pairs", self.shadow_pairs.map(Value::from)),
            ("cooldown_ms", self.cooldown_ms.map(Value::from)),
            ("except", (!self.except.is_empty()).then(|| json!(self.except))),
            ("approval", self.approval.then_some(Value::Bool(true))),
            ("four_eyes", self.four_eyes.then_some(Value::Bool(true))),
            ("kin_judge", self.kin_judge.then_some(Value::Bool(true))),
            ("reason", self.reason.as_deref().map(Value::from)),
        ];
        for (field, value) in optional {
            if let Some(value) = value {
                body[field] = value;
            }
        }
        let reply = match client.post("/canaries", body.to_string()).await {
            Ok(reply) => reply,
            Err(failure) => {
                return Err(client.suggest(failure.or_accept_kin(), &WORKLOADS, &self.workload).await);
            }
        };
        told(out, &reply)?;
        out.next(&format!("weir canary watch {}", reply.value["id"].as_str().unwrap_or("ID")))?;
        Ok(FINE)
    }
}
