//! What a run leaves behind for other programs: JUnit, Markdown, CSV.

use std::{fs, path::PathBuf};

use anyhow::Context;
use serde_json::Value;

use super::{junit, markdown};
use crate::command::{
    client::{Client, escape},
    failure::Failure,
    look::raw,
};

/// Items read at once.
const PAGE: u32 = 500;

#[derive(Debug, clap::Args)]
pub(super) struct Files {
    /// Write the gates and items as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a summary for a pull request's comment
    #[arg(long, value_name = "FILE")]
    md: Option<PathBuf>,
    /// Write every answer with its grades
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

impl Files {
    /// Writes what was asked for.
    pub(super) async fn write(&self, client: &Client, id: &str, detail: &Value) -> Result<(), Failure> {
        let items = match self.junit.is_some() || self.csv.is_some() {
            true => items(client, id).await?,
            false => Vec::new(),
        };
        let texts = [
            (&self.junit, self.junit.as_ref().map(|_| junit::text(detail, &items))),
            (&self.md, self.md.as_ref().map(|_| markdown::text(detail))),
            (&self.csv, self.csv.as_ref().map(|_| csv(detail, &items))),
        ];
        for (path, text) in texts {
            if let Some((path, text)) = path.as_ref().zip(text) {
                fs::write(path, text).with_context(|| path.display().to_string())?;
            }
        }
        Ok(())
    }
}

async fn items(client: &Client, id: &str) -> Result<Vec<Value>, Failure> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let reply = client.get(&format!("/runs/{}/items?limit={PAGE}{cursor}", escape(id))).await?;
        items.extend_from_slice(reply.items());
        match reply.value["next"].as_str() {
            Some(next) => cursor = format!("&cursor={}", escape(next)),
            None => return Ok(items),
        }
    }
}

/// One line an answer; a column for each scorer.
fn csv(detail: &Value, items: &[Value]) -> String {
    let rows = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let arms = rows(&detail["arms"]);
    let metrics = arms.first().map(|arm| rows(&arm["metrics"])).unwrap_or_default();
    let scorers: Vec<String> =
        metrics.iter().map(|metric| raw(&metric["name"])).filter(|name| name != "quality").collect();
    let mut head = vec!["item".to_owned(), "arm".into(), "trial".into(), "text".into(), "error".into()];
    head.extend(["cost_usd".into(), "latency_ms".into(), "span_id".into()]);
    head.extend(scorers.iter().cloned());
    let mut text = line(&head);
    for item in items {
        for answer in rows(&item["answers"]) {
            let mut cells = vec![raw(&item["item_id"])];
            let keys = ["arm", "trial", "text", "error", "cost_usd", "latency_ms", "span_id"];
            cells.extend(keys.iter().map(|key| match &answer[*key] {
                Value::String(text) => text.clone(),
                other => raw(other),
            }));
            let scores = rows(&answer["scores"]);
            cells.extend(scorers.iter().map(|name| {
                let score = scores.iter().find(|score| score["scorer"].as_str() == Some(name));
                score
                    .map(|score| if score["value"].is_null() { raw(&score["reason"]) } else { raw(&score["value"]) })
                    .unwrap_or_default()
            }));
            text.push_str(&line(&cells));
        }
    }
    text
}

/// RFC 4180. A cell that a spreadsheet would run as a formula is kept from it.
fn line(cells: &[String]) -> String {
    let cells = cells.iter().map(|cell| {
        let number = cell.parse::<f64>().is_ok();
        let tamed =
            if !number && cell.starts_with(['=', '+', '-', '@', '\t']) { format!("'{cell}") } else { cell.clone() };
        match tamed.contains(['"', ',', '\n', '\r']) {
            true => format!("\"{}\"", tamed.replace('"', "\"\"")),
            false => tamed,
        }
    });
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_become_lines_and_formulas_do_not_run() {
        let detail = json!({"arms": [{"metrics": [{"name": "exact"}, {"name": "quality"}]}]});
        let items = [json!({"item_id": "a", "answers": [
            {"arm": "m", "trial": 0, "text": "=1+1, \"so\"", "error": null, "cost_usd": 0.5, "latency_ms": -1.0,
             "span_id": null, "scores": [{"scorer": "exact", "value": null, "reason": "no_reference"}]}]})];
        assert_eq!(
            csv(&detail, &items),
            "item,arm,trial,text,error,cost_usd,latency_ms,span_id,exact\r\n\
             a,m,0,\"'=1+1, \"\"so\"\"\",,0.5,-1.0,,no_reference\r\n"
        );
    }
}
