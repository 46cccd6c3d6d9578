//! `weir trace list | show SPAN | tail`.

use serde_json::Value;

use super::{
    client::{Client, escape, query},
    failure::{FINE, Failure, Outcome},
    look::{Column, Look, column},
    out::Out,
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir trace list --workload maths --status failed
  weir trace tail --workload maths --json | jq .latency_ms")]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Requests, newest first
    List {
        #[command(flatten)]
        filter: Filter,
        /// Rows, 1 to 500
        #[arg(long, default_value = "50")]
        limit: String,
        /// `next` of the page before
        #[arg(long)]
        cursor: Option<String>,
    },
    /// One request: its attempts, its scores and its texts
    Show {
        /// `x-weir-span-id` of the answer
        span: String,
    },
    /// Requests as they are recorded
    Tail {
        #[command(flatten)]
        filter: Filter,
        /// Stop after as many rows
        #[arg(long)]
        limit: Option<u64>,
    },
}

#[derive(Debug, clap::Args)]
struct Filter {
    /// Whose traffic
    #[arg(long)]
    workload: Option<String>,
    /// Who answered
    #[arg(long)]
    deployment: Option<String>,
    /// How it ended
    #[arg(long, value_parser = ["ok", "cancelled", "failed"])]
    status: Option<String>,
    /// Who asked
    #[arg(long, value_parser = ["client", "eval"])]
    origin: Option<String>,
}

const ROW: [Column; 9] = [
    column("started_at", "started_at", Look::Time),
    column("workload", "workload", Look::Word),
    column("deployment", "deployment", Look::Word),
    column("status", "status", Look::State),
    column("score", "score", Look::Grade),
    column("latency_ms", "latency_ms", Look::Ms),
    column("cost_usd", "cost_usd", Look::Usd),
    column("output_tokens", "output_tokens", Look::Count),
    column("span_id", "span_id", Look::Word),
];

const FIELDS: [Column; 20] = [
    column("span_id", "span_id", Look::Word),
    column("trace_id", "trace_id", Look::Word),
    column("started_at", "started_at", Look::Time),
    column("status", "status", Look::State),
    column("code", "code", Look::Word),
    column("error", "error", Look::Text),
    column("model_asked", "model_asked", Look::Word),
    column("workload", "workload", Look::Word),
    column("deployment", "deployment", Look::Word),
    column("strategy", "strategy", Look::Word),
    column("revision", "revision", Look::Word),
    column("canary", "canary", Look::Word),
    column("arm", "arm", Look::Word),
    column("tenant", "tenant", Look::Word),
    column("finish_reason", "finish_reason", Look::Word),
    column("latency_ms", "latency_ms", Look::Ms),
    column("ttft_ms", "ttft_ms", Look::Ms),
    column("input_tokens", "input_tokens", Look::Count),
    column("output_tokens", "output_tokens", Look::Count),
    column("cost_usd", "cost_usd", Look::Usd),
];

const ATTEMPTS: [Column; 6] = [
    column("deployment", "deployment", Look::Word),
    column("started_us", "started_us", Look::Count),
    column("latency_us", "latency_us", Look::Count),
    column("status", "status", Look::Count),
    column("error", "error", Look::Text),
    column("away_from", "away_from", Look::Word),
];

const SCORES: [Column; 6] = [
    column("scorer", "scorer", Look::Word),
    column("version", "version", Look::Word),
    column("value", "value", Look::Grade),
    column("source", "source", Look::Word),
    column("reason", "reason", Look::Word),
    column("explanation", "explanation", Look::Text),
];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        match &self.verb {
            Verb::List { filter, limit, cursor } => list(&client, &mut out, filter, limit, cursor.as_deref()).await?,
            Verb::Show { span } => show(&client, &mut out, span).await?,
            Verb::Tail { filter, limit } => tail(&client, &mut out, filter, *limit).await?,
        }
        Ok(FINE)
    }
}

async fn list(
    client: &Client,
    out: &mut Out<'_, '_>,
    filter: &Filter,
    limit: &str,
    cursor: Option<&str>,
) -> Result<(), Failure> {
    let query = query(&[
        ("workload", filter.workload.as_deref()),
        ("deployment", filter.deployment.as_deref()),
        ("status", filter.status.as_deref()),
        ("origin", filter.origin.as_deref()),
        ("limit", Some(limit)),
        ("cursor", cursor),
    ]);
    let reply = client.get(&format!("/traces{query}")).await?;
    client.check_workload(&reply, filter.workload.as_deref()).await?;
    out.list(&reply, &ROW)?;
    match reply.value["next"].as_str() {
        Some(next) => out.next(&format!("weir trace list --cursor {next}, or weir trace show SPAN")),
        None => out.next("weir trace show SPAN"),
    }
}

async fn show(client: &Client, out: &mut Out<'_, '_>, span: &str) -> Result<(), Failure> {
    let reply = client.get(&format!("/traces/{}", escape(span))).await?;
    if out.is_json() {
        return out.line(&reply.text);
    }
    out.fields(&reply.value, &FIELDS)?;
    out.part("attempts")?;
    out.rows(reply.rows("attempts"), &ATTEMPTS)?;
    out.part("scores")?;
    out.rows(reply.rows("scores"), &SCORES)?;
    for text in ["request", "response"] {
        out.part(text)?;
        let missing = reply.value["texts_missing"].as_str().unwrap_or("–");
        out.line(reply.value[text].as_str().filter(|text| !text.is_empty()).unwrap_or(missing))?;
    }
    out.next(&format!("weir route explain {span}"))
}

async fn tail(client: &Client, out: &mut Out<'_, '_>, filter: &Filter, limit: Option<u64>) -> Result<(), Failure> {
    if let Some(workload) = &filter.workload {
        client.check_name(workload).await?;
    }
    let mut events = client.stream("/live/traces").await?;
    out.head(&ROW)?;
    let mut left = limit.unwrap_or(u64::MAX);
    while left > 0 {
        let (name, data) = events.next().await?;
        let value: Value = serde_json::from_str(&data).unwrap_or_default();
        match name.as_str() {
            "trace" if filter.takes(&value) => {
                out.event(&data, &value, &ROW)?;
                left -= 1;
            }
            "dropped" => out.note(&format!("… {} more, too fast to show", value["dropped"]))?,
            _ => {}
        }
    }
    Ok(())
}

impl Filter {
    /// The stream is of all requests; what is wanted of it is chosen here.
    fn takes(&self, row: &Value) -> bool {
        let fields = [
            ("workload", &self.workload),
            ("deployment", &self.deployment),
            ("status", &self.status),
            ("origin", &self.origin),
        ];
        fields.iter().all(|(field, wanted)| wanted.as_deref().is_none_or(|wanted| row[field] == wanted))
    }
}
