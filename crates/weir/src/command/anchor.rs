//! `weir anchor set | run | show`: labelled answers that a judge grades again and again, so that its drift is seen.

use serde_json::{Value, json};

use super::{
    client::escape,
    failure::{FINE, Failure, NEGATIVE, Outcome},
    look::{Column, Look, column},
    out::Out,
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir anchor set factuality --most 100 --every-hours 24     its newest labelled answers, once a day
  weir anchor show factuality                                how its grades of them moved; exit 1 on drift")]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Choose the newest labelled answers as a judge's anchors
    Set {
        /// The judge
        scorer: String,
        /// At most so many, 10 to 1000
        #[arg(long, value_name = "N", default_value_t = 100)]
        most: u32,
        /// Hours between two rounds
        #[arg(long, value_name = "HOURS", default_value_t = 24.0)]
        every_hours: f64,
    },
    /// Grade a judge's anchors now
    Run {
        /// The judge
        scorer: String,
    },
    /// A judge's anchors and their rounds; exit 1 when the newest shows drift
    Show {
        /// The judge
        scorer: String,
    },
}

const HEAD: [Column; 3] = [
    column("anchors", "anchors", Look::Count),
    column("every_hours", "every_hours", Look::Word),
    column("set_at", "set_at", Look::Time),
];

const ROUNDS: [Column; 8] = [
    column("at", "at", Look::Time),
    column("version", "version", Look::Word),
    column("graded", "graded", Look::Count),
    column("unscored", "unscored", Look::Count),
    column("error", "mean_error", Look::Grade),
    column("shift", "shift", Look::Grade),
    column("flips", "flip_rate", Look::Share),
    column("drifted", "drifted", Look::Word),
];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        let (scorer, reply) = match &self.verb {
            Verb::Set { scorer, most, every_hours } => {
                let body = json!({ "most": most, "every_hours": every_hours }).to_string();
                (scorer, client.post(&format!("/scorers/{}/anchors", escape(scorer)), body).await?)
            }
            Verb::Run { scorer } => {
                (scorer, client.post(&format!("/scorers/{}/anchors/run", escape(scorer)), "").await?)
            }
            Verb::Show { scorer } => (scorer, client.get(&format!("/scorers/{}/calibration", escape(scorer))).await?),
        };
        let shown = matches!(self.verb, Verb::Show { .. });
        let anchors = if shown { &reply.value["anchors"] } else { &reply.value };
        if out.is_json() {
            out.line(&anchors.to_string())?;
        } else if anchors.is_null() {
            out.note(&format!("`{scorer}` has no anchors; `weir anchor set {scorer}` chooses them among its labels"))?;
        } else {
            show(&mut out, anchors)?;
        }
        out.next(&if shown { format!("weir anchor run {scorer}") } else { format!("weir anchor show {scorer}") })?;
        let drifted = shown && anchors["runs"][0]["drifted"] == true;
        Ok(if drifted { NEGATIVE } else { FINE })
    }
}

/// Anchors and their rounds, newest first.
pub(super) fn show(out: &mut Out<'_, '_>, anchors: &Value) -> Result<(), Failure> {
    out.part("anchors")?;
    out.fields(anchors, &HEAD)?;
    let mut rounds = anchors["runs"].as_array().cloned().unwrap_or_default();
    for round in &mut rounds {
        round["shift"] = round["shift"]["value"].clone();
    }
    out.part("rounds")?;
    out.rows(&rounds, &ROUNDS)
}
