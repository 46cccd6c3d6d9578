//! `weir canary list | show | start | watch | approve | reject | hold | resume | promote | roll-back | replay | freeze |
//! unfreeze`. What moves traffic asks first.

use serde_json::json;

use super::{
    assent::Assent,
    canary_start::Start,
    canary_watch,
    client::{CANARIES, Client, Reply, escape, query},
    failure::{FINE, Failure, NEGATIVE, Outcome},
    look::{Column, Look, column},
    out::Out,
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir canary start maths sim/small    try a cheaper candidate, in pairs, on a growing share
  weir canary watch c-1a2b3c4d         follow it to its end; exit 0 only if it was promoted")]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Canaries, newest first
    List {
        /// Whose traffic
        #[arg(long)]
        workload: Option<String>,
    },
    /// One canary: where it stands and what happened to it
    Show {
        /// Its id
        id: String,
    },
    /// Start one
    Start(Box<Start>),
    /// Follow one to its end; exit 0 only if it was promoted
    Watch {
        /// Its id
        id: String,
    },
    /// Let a proposed one begin
    Approve(Order),
    /// End a proposed one before it begins
    Reject(Order),
    /// Stop its exposure, keep its evidence
    #[command(visible_alias = "hold")]
    Pause(Order),
    /// Go on after a pause
    Resume(Order),
    /// Make the candidate the stable deployment now, without waiting for evidence
    Promote(Order),
    /// End it; the stable deployment stays
    RollBack(Order),
    /// Decide its history again from stored rows; exit 0 only if every event comes out byte for byte
    Replay {
        /// Its id
        id: String,
    },
    /// Let nothing move towards a candidate; taking one back is never blocked
    Freeze(Frozen),
    /// Let it move again
    Unfreeze(Frozen),
}

#[derive(Debug, clap::Args)]
struct Frozen {
    /// Whose traffic; without a name, everybody's
    workload: Option<String>,
    /// Why; kept with the freeze
    #[arg(long, default_value = "")]
    reason: String,
}

#[derive(Debug, clap::Args)]
struct Order {
    /// The canary's id
    id: String,
    /// Why; kept with the event
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    assent: Assent,
}

const LIST: [Column; 11] = [
    column("canary", "id", Look::Word),
    column("workload", "workload", Look::Word),
    column("candidate", "candidate", Look::Word),
    column("control", "control", Look::Word),
    column("state", "state", Look::State),
    column("share", "share", Look::Share),
    column("pairs", "evidence/pairs", Look::Count),
    column("delta", "evidence/delta", Look::Grade),
    column("lower", "evidence/lower", Look::Grade),
    column("upper", "evidence/upper", Look::Grade),
    column("verdict", "verdict", Look::Text),
];

const FIELDS: [Column; 18] = [
    column("canary", "id", Look::Word),
    column("workload", "workload", Look::Word),
    column("candidate", "candidate", Look::Word),
    column("control", "control", Look::Word),
    column("scorer", "scorer", Look::Word),
    column("base", "base", Look::Word),
    column("state", "state", Look::State),
    column("share", "share", Look::Share),
    column("steps", "steps", Look::Word),
    column("margin", "margin", Look::Grade),
    column("verdict", "verdict", Look::Text),
    column("pairs", "evidence/pairs", Look::Count),
    column("delta", "evidence/delta", Look::Grade),
    column("lower", "evidence/lower", Look::Grade),
    column("upper", "evidence/upper", Look::Grade),
    column("eta_pairs", "eta_pairs", Look::Count),
    column("created_at", "created_at", Look::Time),
    column("warnings", "warnings", Look::Text),
];

const EVENTS: [Column; 6] = [
    column("at", "at", Look::Time),
    column("actor", "actor", Look::Word),
    column("state", "state", Look::State),
    column("step", "step", Look::Count),
    column("pairs", "evidence/pairs", Look::Count),
    column("reason", "reason", Look::Text),
];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        let (client, out) = (&client, &mut out);
        match &self.verb {
            Verb::List { workload } => list(client, out, workload.as_deref()).await,
            Verb::Show { id } => show(client, out, id).await,
            Verb::Start(start) => start.run(client, out).await,
            Verb::Watch { id } => canary_watch::run(client, out, id).await,
            Verb::Approve(order) => order.run(client, out, "approve").await,
            Verb::Reject(order) => order.run(client, out, "reject").await,
            Verb::Replay { id } => replay(client, out, id).await,
            Verb::Freeze(frozen) => frozen.run(client, out, "/freezes").await,
            Verb::Unfreeze(frozen) => frozen.run(client, out, "/freezes/lift").await,
            Verb::Pause(order) => order.run(client, out, "pause").await,
            Verb::Resume(order) => order.run(client, out, "resume").await,
            Verb::Promote(order) => order.run(client, out, "promote").await,
            Verb::RollBack(order) => order.run(client, out, "roll_back").await,
        }
    }
}

async fn list(client: &Client, out: &mut Out<'_, '_>, workload: Option<&str>) -> Outcome {
    let reply = client.get(&format!("/canaries{}", query(&[("workload", workload)]))).await?;
    client.check_workload(&reply, workload).await?;
    out.list(&reply, &LIST)?;
    out.next("weir canary show ID, or weir canary start WORKLOAD CANDIDATE")?;
    Ok(FINE)
}

async fn show(client: &Client, out: &mut Out<'_, '_>, id: &str) -> Outcome {
    let reply = find(client, id).await?;
    if out.is_json() {
        out.line(&reply.text)?;
        return Ok(FINE);
    }
    out.fields(&reply.value, &FIELDS)?;
    out.part("events")?;
    out.rows(reply.rows("events"), &EVENTS)?;
    if !canary_watch::is_over(&reply.value) {
        out.next(&format!("weir canary watch {id}"))?;
    }
    Ok(FINE)
}

/// The canary, or the nearest id.
pub(super) async fn find(client: &Client, id: &str) -> Result<Reply, Failure> {
    match client.get(&format!("/canaries/{}", escape(id))).await {
        Ok(reply) => Ok(reply),
        Err(failure) => Err(client.suggest(failure, &CANARIES, id).await),
    }
}

const REPLAYED: [Column; 5] = [
    column("at", "at", Look::Time),
    column("actor", "actor", Look::Word),
    column("state", "state", Look::State),
    column("same", "same", Look::Word),
    column("reason", "reason", Look::Text),
];

async fn replay(client: &Client, out: &mut Out<'_, '_>, id: &str) -> Outcome {
    find(client, id).await?;
    let reply = client.get(&format!("/canaries/{}/replay", escape(id))).await?;
    if out.is_json() {
        out.line(&reply.text)?;
    } else {
        out.rows(reply.rows("events"), &REPLAYED)?;
        let chain = &reply.value["chain"];
        let head = chain["head"].as_str().unwrap_or_default();
        let intact = if chain["broken_at"].is_null() { "unbroken" } else { "broken" };
        out.line(&format!("chain of {} events {intact}, head {head}", chain["events"]))?;
    }
    Ok(if reply.value["same"] == true { FINE } else { NEGATIVE })
}

const FREEZES: [Column; 4] = [
    column("workload", "workload", Look::Word),
    column("actor", "actor", Look::Word),
    column("at", "at", Look::Time),
    column("reason", "reason", Look::Text),
];

impl Frozen {
    async fn run(&self, client: &Client, out: &mut Out<'_, '_>, path: &str) -> Outcome {
        let mut body = json!({ "reason": self.reason });
        if let Some(workload) = &self.workload {
            client.check_name(workload).await?;
            body["workload"] = json!(workload);
        }
        let reply = client.post(path, body.to_string()).await?;
        out.list(&reply, &FREEZES)?;
        Ok(FINE)
    }
}

impl Order {
    /// `action` is the last word of the path.
    async fn run(&self, client: &Client, out: &mut Out<'_, '_>, action: &str) -> Outcome {
        let canary = find(client, &self.id).await?.value;
        let word = |key: &str| canary[key].as_str().unwrap_or_default();
        let (workload, candidate, control) = (word("workload"), word("candidate"), word("control"));
        let what = match action {
            "promote" => format!("make {candidate} the stable deployment of {workload} in place of {control}"),
            "roll_back" => {
                format!("end the canary of {candidate} on {workload}, where {control} stays stable")
            }
            _ => format!("{action} the canary of {candidate} on {workload}"),
        };
        // A pause takes nothing away from anyone and must be quick; a resume only goes on.
        let asks = matches!(action, "approve" | "promote" | "roll_back");
        let assent = Assent { yes: self.assent.yes || !asks, dry_run: self.assent.dry_run };
        if !assent.given(out, &what)? {
            return Ok(FINE);
        }
        let path = format!("/canaries/{}/{action}", escape(&self.id));
        let reply = client.post(&path, json!({ "reason": self.reason }).to_string()).await?;
        told(out, &reply)?;
        out.next(&format!("weir canary show {}", self.id))?;
        Ok(FINE)
    }
}

pub(super) fn told(out: &mut Out<'_, '_>, reply: &Reply) -> Result<(), Failure> {
    if out.is_json() { out.line(&reply.text) } else { out.fields(&reply.value, &FIELDS) }
}
