//! `weir policy list | diff | apply | revert | replay | explain`.

use serde_json::{Value, json};

use super::{
    assent::Assent,
    client::{Client, DIFFS, Reply, WORKLOADS, escape, query},
    failure::{FINE, Failure, NEGATIVE, Outcome},
    look::{Column, Look, column},
    out::Out,
    policy_diff, policy_markdown,
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir policy list maths          its revisions, newest first
  weir policy diff                cheaper routes that are proposed, with what they save and risk
  weir policy diff --markdown     the same as a comment on a pull request
  weir policy diff r-0001 r-0002 --workload maths   what the second revision changes
  weir policy explain pd_1a2b3c   the maths behind one
  weir policy apply pd_1a2b3c     start its canary
  weir policy revert maths r-0003 go back to a revision replaced within seven days")]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Revisions of a workload, newest first
    List {
        /// Whose
        workload: String,
    },
    /// Proposed routes, newest first; of two revisions, what the second changes
    Diff {
        /// A revision of the workload, and another; the proposals without
        #[arg(num_args = 2, requires = "workload", value_names = ["FROM", "TO"])]
        revisions: Vec<String>,
        /// Whose traffic
        #[arg(long)]
        workload: Option<String>,
        /// As a comment on a pull request
        #[arg(long, conflicts_with = "revisions")]
        markdown: bool,
        /// Exit 1 where there is a difference, or a proposal that waits
        #[arg(long)]
        exit_code: bool,
    },
    /// The numbers behind a proposal
    Explain {
        /// The proposal's id
        id: String,
    },
    /// Make a proposal again from its stored facts; exit 0 only if it comes out the same
    Replay {
        /// The proposal's id
        id: String,
    },
    /// Start the canary of a proposal
    Apply {
        /// The proposal's id
        id: String,
        /// A judge of an arm's own family may decide; it stands in the canary's warnings
        #[arg(long)]
        kin_judge: bool,
        /// Why; kept with the canary's first event
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        assent: Assent,
    },
    /// Go back to an earlier revision
    Revert {
        /// Whose
        workload: String,
        /// The revision to restore, replaced within seven days
        revision: String,
        /// Why; kept with the revision
        #[arg(long, default_value = "")]
        reason: String,
        #[command(flatten)]
        assent: Assent,
    },
}

const LIST: [Column; 6] = [
    column("revision", "revision", Look::Word),
    column("parent", "parent", Look::Word),
    column("at", "at", Look::Time),
    column("author", "author/kind", Look::Word),
    column("admitted", "admitted", Look::Word),
    column("reason", "reason", Look::Text),
];

const PROPOSALS: [Column; 5] = [
    column("diff", "id", Look::Word),
    column("at", "at", Look::Time),
    column("parent", "parent", Look::Word),
    column("state", "state", Look::State),
    column("sentence", "sentence", Look::Text),
];

const MATHS: [Column; 31] = [
    column("diff", "id", Look::Word),
    column("state", "state", Look::State),
    column("changes", "parent", Look::Word),
    column("from", "diff/from", Look::Word),
    column("to", "diff/to", Look::Word),
    column("scope", "diff/scope", Look::Word),
    column("sentence", "sentence", Look::Text),
    column("found_by", "diff/quality/method", Look::Word),
    column("off_policy", "diff/quality/off_policy_refused", Look::Text),
    column("effective_answers", "diff/evidence/logged/to/valued/ess", Look::Count),
    column("delta", "diff/quality/delta", Look::Grade),
    column("delta_ci95", "diff/quality/ci95", Look::Word),
    column("log_e_promote", "diff/quality/logE_promote", Look::Grade),
    column("held_out", "diff/quality/holdout", Look::Word),
    column("judge_bias", "diff/quality/judge_bias/delta", Look::Grade),
    column("labels", "diff/quality/judge_bias/labels", Look::Count),
    column("grades", "diff/quality/n", Look::Count),
    column("within_margin", "diff/quality/good", Look::Share),
    column("usd_per_request", "diff/cost/per_req_delta_usd", Look::Word),
    column("usd_per_request_ci95", "diff/cost/per_req_ci95", Look::Word),
    column("usd_per_month", "diff/cost/monthly_saving_usd", Look::Word),
    column("usd_per_month_ci95", "diff/cost/ci95", Look::Word),
    column("usd_to_prove", "diff/cost/trial_usd", Look::Word),
    column("floor_usd_per_request", "diff/frontier/at_floor_usd", Look::Word),
    column("req_30d", "diff/traffic/req_30d", Look::Word),
    column("p95_ratio", "diff/latency/p95_ratio", Look::Grade),
    column("p95_ratio_ci95", "diff/latency/ci95", Look::Word),
    column("errors_delta", "diff/errors/delta", Look::Grade),
    column("pairs_needed", "diff/plan/n_needed", Look::Count),
    column("eta", "diff/plan/eta", Look::Word),
    column("loss_at_most_pts", "diff/plan/max_expected_loss_pts", Look::Word),
];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        let (client, out) = (&client, &mut out);
        match &self.verb {
            Verb::List { workload } => {
                out.list(&revisions(client, workload).await?, &LIST)?;
                out.next(&format!("weir workload show {workload}"))?;
                Ok(FINE)
            }
            Verb::Diff { revisions: pair, workload, markdown, exit_code } => {
                let found = match (pair.as_slice(), workload) {
                    ([from, to], Some(workload)) => {
                        policy_diff::compare(&revisions(client, workload).await?, out, from, to)?
                    }
                    _ => proposals(client, out, workload.as_deref(), *markdown).await?,
                };
                Ok(if found && *exit_code { NEGATIVE } else { FINE })
            }
            Verb::Explain { id } => {
                let reply = find(client, id).await?;
                told(out, &reply, &MATHS)?;
                if !out.is_json() {
                    mixes(&reply.value["diff"]["frontier"]["mixes"]).iter().try_for_each(|mix| out.line(mix))?;
                }
                out.next(&format!("weir policy apply {id}"))?;
                Ok(FINE)
            }
            Verb::Replay { id } => replay(client, out, id).await,
            Verb::Apply { id, kin_judge, reason, assent } => {
                let order = json!({ "kin_judge": kin_judge, "reason": reason }).to_string();
                apply(client, out, id, order, assent).await
            }
            Verb::Revert { workload, revision, reason, assent } => {
                let line = revisions(client, workload).await?;
                policy_diff::named(&line, revision)?;
                let head = line.value["items"][0]["revision"].clone();
                if text(&head) == revision {
                    let message = format!("{revision} is what routes {workload} now");
                    return Err(Failure::usage(
                        message,
                        format!("`weir policy list {workload}` shows those before it"),
                    ));
                }
                let what = format!("go back to {revision} of {workload}, in place of {}", text(&head));
                if !assent.given(out, &what)? {
                    return Ok(FINE);
                }
                let body = json!({ "revision": revision, "head": head, "reason": reason }).to_string();
                let reply = client.post(&format!("/workloads/{}/policies/revert", escape(workload)), body).await?;
                told(out, &reply, &LIST)?;
                out.next(&format!("weir policy list {workload}"))?;
                Ok(FINE)
            }
        }
    }
}

/// Lists them; whether any waits for a person.
async fn proposals(
    client: &Client,
    out: &mut Out<'_, '_>,
    workload: Option<&str>,
    markdown: bool,
) -> Result<bool, Failure> {
    let reply = client.get(&format!("/policy-diffs{}", query(&[("workload", workload)]))).await?;
    client.check_workload(&reply, workload).await?;
    if markdown {
        out.line(&policy_markdown::text(reply.items()))?;
    } else {
        out.list(&reply, &PROPOSALS)?;
        out.next("weir policy explain ID, or weir policy apply ID")?;
    }
    Ok(reply.items().iter().any(|diff| diff["state"] == "proposed"))
}

/// The proposal, or the nearest id.
async fn find(client: &Client, id: &str) -> Result<Reply, Failure> {
    match client.get(&path(id)).await {
        Ok(reply) => Ok(reply),
        Err(failure) => Err(client.suggest(failure, &DIFFS, id).await),
    }
}

async fn revisions(client: &Client, workload: &str) -> Result<Reply, Failure> {
    match client.get(&format!("/workloads/{}/policies", escape(workload))).await {
        Ok(reply) => Ok(reply),
        Err(failure) => Err(client.suggest(failure, &WORKLOADS, workload).await),
    }
}

async fn replay(client: &Client, out: &mut Out<'_, '_>, id: &str) -> Outcome {
    find(client, id).await?;
    let reply = client.get(&format!("{}/replay", path(id))).await?;
    let columns = [
        column("diff", "id", Look::Word),
        column("same", "same", Look::Word),
        column("stored", "stored", Look::Text),
        column("replayed", "replayed", Look::Text),
    ];
    told(out, &reply, &columns)?;
    Ok(if reply.value["same"] == true { FINE } else { NEGATIVE })
}

async fn apply(client: &Client, out: &mut Out<'_, '_>, id: &str, order: String, assent: &Assent) -> Outcome {
    let diff = find(client, id).await?.value;
    if !assent.given(out, &format!("start a canary: {}", text(&diff["sentence"])))? {
        return Ok(FINE);
    }
    let reply = client.post(&format!("{}/apply", path(id)), order).await;
    let reply = reply.map_err(Failure::or_accept_kin)?;
    let columns = [
        column("canary", "id", Look::Word),
        column("workload", "workload", Look::Word),
        column("candidate", "candidate", Look::Word),
        column("state", "state", Look::State),
        column("share", "share", Look::Share),
    ];
    told(out, &reply, &columns)?;
    out.next(&format!("weir canary watch {}", text(&reply.value["id"])))?;
    Ok(FINE)
}

/// Each mix of the frontier on a line, cheapest first.
fn mixes(frontier: &Value) -> Vec<String> {
    let number = |value: &Value| value.as_f64().unwrap_or_default();
    let line = |mix: &Value| {
        let serves = mix["serves"].as_object().into_iter().flatten();
        let serves: Vec<String> = serves.map(|(part, deployment)| format!("{part} {}", text(deployment))).collect();
        let (usd, lower) = (number(&mix["cost_usd"]), number(&mix["lower"]));
        format!("mix\t${usd:.6} a request, quality at least {lower:.3}: {}", serves.join(", "))
    };
    frontier.as_array().into_iter().flatten().map(line).collect()
}

fn path(id: &str) -> String {
    format!("/policy-diffs/{}", escape(id))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn told(out: &mut Out<'_, '_>, reply: &Reply, columns: &[Column]) -> Result<(), Failure> {
    if out.is_json() { out.line(&reply.text) } else { out.fields(&reply.value, columns) }
}
