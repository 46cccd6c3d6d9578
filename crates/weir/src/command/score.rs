//! `weir score post SPAN NAME VALUE`.

use serde_json::json;

use super::{
    failure::{FINE, Outcome},
    look::{Column, Look, column},
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir score post 0f3c… thumbs 1                      a person liked the answer
  weir score post 0f3c… resolved 0 --explanation 'called again the next day'")]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Grade one answer
    Post {
        /// `x-weir-span-id` of the answer
        span: String,
        /// The scorer's name
        name: String,
        /// From 0, bad, to 1, good
        value: f64,
        /// Why
        #[arg(long)]
        explanation: Option<String>,
        /// Which edition of the scorer [default: manual]
        #[arg(long)]
        edition: Option<String>,
    },
}

const FIELDS: [Column; 5] = [
    column("span_id", "span_id", Look::Word),
    column("name", "name", Look::Word),
    column("value", "value", Look::Grade),
    column("seq", "seq", Look::Count),
    column("duplicate", "duplicate", Look::Word),
];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        let Verb::Post { span, name, value, explanation, edition } = &self.verb;
        let mut body = json!({ "span_id": span, "name": name, "value": value });
        if let Some(explanation) = explanation {
            body["explanation"] = explanation.as_str().into();
        }
        if let Some(edition) = edition {
            body["version"] = edition.as_str().into();
        }
        let reply = client.post("/scores", body.to_string()).await?;
        if out.is_json() {
            out.line(&reply.text)?;
        } else {
            out.fields(&reply.value, &FIELDS)?;
        }
        out.next(&format!("weir trace show {span}"))?;
        Ok(FINE)
    }
}
