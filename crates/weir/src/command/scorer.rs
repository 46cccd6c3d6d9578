//! `weir scorer calibration`: a judge beside people's labels.

use serde_json::{Value, json};

use super::{
    anchor,
    client::{escape, query},
    failure::{FINE, Failure, Outcome},
    look::{Column, Look, column},
    out::Out,
    remote::{Remote, Session},
};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  weir scorer calibration factuality            how far the judge and people agree, and where it errs
  weir scorer calibration factuality --json")]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Agreement with people, with intervals; bias by model family and length; where both differ most
    Calibration {
        /// The judge
        scorer: String,
        /// This version of it [default: the one labelled last]
        #[arg(long)]
        version: Option<String>,
    },
}

const HEAD: [Column; 4] = [
    column("scorer", "scorer", Look::Word),
    column("version", "version", Look::Word),
    column("labels", "labels", Look::Count),
    column("state", "state", Look::State),
];

const FIGURES: [Column; 4] = [
    column("figure", "name", Look::Word),
    column("value", "value", Look::Grade),
    column("lower", "lower", Look::Grade),
    column("upper", "upper", Look::Grade),
];

const TABLE: [Column; 3] = [
    column("judge", "judge", Look::Word),
    column("people_pass", "people_pass", Look::Count),
    column("people_fail", "people_fail", Look::Count),
];

const DIFFER: [Column; 4] = [
    column("span_id", "span_id", Look::Word),
    column("judge", "judge", Look::Grade),
    column("people", "people", Look::Grade),
    column("note", "note", Look::Text),
];

/// Figures of a calibration, by their field.
const NAMES: [&str; 6] = ["agreement", "base_rate", "kappa", "true_positive_rate", "false_positive_rate", "bias"];

impl Noun {
    pub(super) async fn run(&self, Session { client, mut out }: Session<'_, '_>) -> Outcome {
        let Verb::Calibration { scorer, version } = &self.verb;
        let path = format!("/scorers/{}/calibration{}", escape(scorer), query(&[("version", version.as_deref())]));
        let reply = client.get(&path).await?;
        if out.is_json() {
            out.line(&reply.text)?;
        } else {
            show(&mut out, &reply.value)?;
        }
        out.next(&match reply.value["labels"].as_u64() {
            Some(0) => format!("weir label plan {scorer} 0.05"),
            _ => format!("weir anchor set {scorer}"),
        })?;
        Ok(FINE)
    }
}

fn show(out: &mut Out<'_, '_>, view: &Value) -> Result<(), Failure> {
    out.fields(view, &HEAD)?;
    if view["labels"] == 0 {
        return out.note("nobody has labelled what it graded: there is nothing to compare it with");
    }
    out.part("judge and people")?;
    let mut rows: Vec<Value> = NAMES.iter().filter_map(|name| row(name, &view[*name])).collect();
    for name in ["alpha", "between_people"] {
        if view[name].is_number() {
            rows.push(json!({ "name": name, "value": view[name] }));
        }
    }
    out.rows(&rows, &FIGURES)?;
    for (title, key) in [("bias by family", "by_family"), ("bias by length", "by_length")] {
        let parts = view[key].as_array().into_iter().flatten();
        let mut rows: Vec<Value> =
            parts.filter_map(|part| row(part["name"].as_str().unwrap_or_default(), &part["bias"])).collect();
        if key == "by_length" {
            rows.extend(row("with each doubling", &view["length_slope"]));
        }
        if !rows.is_empty() {
            out.part(title)?;
            out.rows(&rows, &FIGURES)?;
        }
    }
    out.part("pass and fail")?;
    let both = &view["confusion"];
    let rows = [
        json!({ "judge": "pass", "people_pass": both["both_pass"], "people_fail": both["judge_only"] }),
        json!({ "judge": "fail", "people_pass": both["people_only"], "people_fail": both["both_fail"] }),
    ];
    out.rows(&rows, &TABLE)?;
    let differ = view["differ"].as_array().map_or(&[][..], Vec::as_slice);
    if !differ.is_empty() {
        out.part("where they differ most")?;
        out.rows(differ, &DIFFER)?;
    }
    match view["anchors"].is_null() {
        true => Ok(()),
        false => anchor::show(out, &view["anchors"]),
    }
}

/// A figure with its limits as a row.
fn row(name: &str, figure: &Value) -> Option<Value> {
    figure["value"]
        .is_number()
        .then(|| json!({ "name": name, "value": figure["value"], "lower": figure["lower"], "upper": figure["upper"] }))
}
