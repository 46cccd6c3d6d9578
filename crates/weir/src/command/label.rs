//! `weir label list | next | submit | skip | plan`: what people say of answers that a judge has graded.

use serde_json::json;

use super::{
    client::{Client, escape, query},
    failure::{FINE, NEGATIVE, Outcome},
    look::{Column, Look, column},
    out::Out,
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir label plan factuality 0.05     ask people about 5 % of what the judge `factuality` grades
  weir label next                     the next answer, locked for five minutes; then: weir label submit 7 0.75")]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Labels beside the judge's grades, newest first
    List {
        /// Only of this scorer
        #[arg(long)]
        scorer: Option<String>,
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// The next answer to label; exit 1 when none waits
    Next {
        /// Only of this scorer
        #[arg(long)]
        scorer: Option<String>,
        /// Who labels, where one key serves several people
        #[arg(long = "as", value_name = "NAME")]
        annotator: Option<String>,
    },
    /// Say what an answer is worth; tells what the judge said
    Submit {
        /// The task's number
        task: i64,
        /// 0 to 1
        value: f64,
        /// Why
        #[arg(long, default_value = "")]
        note: String,
        /// Who labels, as for `next`
        #[arg(long = "as", value_name = "NAME")]
        annotator: Option<String>,
    },
    /// Leave an answer to others
    Skip {
        /// The task's number
        task: i64,
        /// Who labels, as for `next`
        #[arg(long = "as", value_name = "NAME")]
        annotator: Option<String>,
    },
    /// Ask people about a share of a judge's grades, or show what waits
    Plan {
        /// The judge
        scorer: Option<String>,
        /// 0 to 1
        #[arg(requires = "scorer")]
        share: Option<f64>,
    },
}

const LABELS: [Column; 8] = [
    column("task", "task", Look::Count),
    column("scorer", "scorer", Look::Word),
    column("deployment", "deployment", Look::Word),
    column("people", "value", Look::Grade),
    column("judge", "judge", Look::Grade),
    column("annotator", "annotator", Look::Word),
    column("at", "at", Look::Time),
    column("note", "note", Look::Text),
];

const TASK: [Column; 7] = [
    column("task", "task", Look::Count),
    column("scorer", "scorer", Look::Word),
    column("workload", "workload", Look::Word),
    column("span_id", "span_id", Look::Word),
    column("locked_until", "locked_until", Look::Time),
    column("criteria", "criteria", Look::Text),
    column("answer", "answer", Look::Text),
];

const MESSAGES: [Column; 2] = [column("role", "role", Look::Word), column("content", "content", Look::Text)];

const KEYS: [Column; 3] =
    [column("key", "key", Look::Word), column("value", "value", Look::Grade), column("label", "label", Look::Word)];

const PLANS: [Column; 4] = [
    column("scorer", "scorer", Look::Word),
    column("share", "share", Look::Share),
    column("open", "open", Look::Count),
    column("labels", "labels", Look::Count),
];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        let out = &mut out;
        match &self.verb {
            Verb::List { scorer, limit } => {
                let limit = limit.to_string();
                let query = query(&[("scorer", scorer.as_deref()), ("limit", Some(&limit))]);
                out.list(&client.get(&format!("/labels{query}")).await?, &LABELS)?;
                out.next("weir label next")?;
            }
            Verb::Next { scorer, annotator } => return next(&client, out, scorer, annotator).await,
            Verb::Submit { task, value, note, annotator } => {
                let body = json!({ "task": task, "value": value, "note": note, "annotator": annotator });
                let reply = client.post("/labels", body.to_string()).await?;
                if out.is_json() {
                    out.line(&reply.text)?;
                } else {
                    out.fields(&reply.value, &LABELS)?;
                }
                out.next("weir label next")?;
            }
            Verb::Skip { task, annotator } => {
                let body = json!({ "task": task, "annotator": annotator });
                out.list(&client.post("/labels/skip", body.to_string()).await?, &PLANS)?;
                out.next("weir label next")?;
            }
            Verb::Plan { scorer: Some(scorer), share: Some(share) } => {
                let path = format!("/scorers/{}/labels", escape(scorer));
                out.list(&client.post(&path, json!({ "share": share }).to_string()).await?, &PLANS)?;
                out.next("weir label next")?;
            }
            Verb::Plan { .. } => out.list(&client.get("/labels/plans").await?, &PLANS)?,
        }
        Ok(FINE)
    }
}

async fn next(client: &Client, out: &mut Out<'_, '_>, scorer: &Option<String>, annotator: &Option<String>) -> Outcome {
    let body = json!({ "scorer": scorer, "annotator": annotator });
    let reply = client.post("/labels/next", body.to_string()).await?;
    let task = &reply.value["task"];
    if out.is_json() {
        out.line(&reply.text)?;
    } else if task.is_null() {
        out.note("nothing waits for a label; `weir label plan SCORER SHARE` asks about more")?;
    } else {
        out.fields(task, &TASK)?;
        out.part("conversation")?;
        out.rows(task["messages"].as_array().map_or(&[][..], Vec::as_slice), &MESSAGES)?;
        out.part("keys")?;
        out.rows(task["keys"].as_array().map_or(&[][..], Vec::as_slice), &KEYS)?;
        out.next(&format!("weir label submit {} VALUE", task["task"]))?;
    }
    Ok(if task.is_null() { NEGATIVE } else { FINE })
}
