//! `weir dataset add | delete | purge`: what changes a dataset item by item.

use serde_json::json;

use super::{
    super::{
        client::Client,
        failure::Failure,
        look::{Column, Look, column},
        out::Out,
    },
    PUBLISHED, at, named,
};

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// The dataset's name; a new one is made
    name: String,
    /// Which requests, such as 'score.factuality<0.5 and workload=support'
    #[arg(long)]
    from: String,
    /// How many [default: all that fit]
    #[arg(long)]
    sample: Option<u64>,
    /// Draw alike from every value of model, workload, status, segment, tenant, session, …
    #[arg(long)]
    stratify: Option<String>,
    /// Only the last so many hours
    #[arg(long, value_name = "HOURS")]
    since_hours: Option<f64>,
    /// The same seed draws the same requests
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The split of the new items
    #[arg(long)]
    split: Option<String>,
    /// Of a new dataset: whose traffic it belongs to
    #[arg(long)]
    workload: Option<String>,
    /// Take the answers that were given for the right ones
    #[arg(long)]
    expected: bool,
    /// Keep personal data and credentials as they are
    #[arg(long)]
    keep_personal: bool,
    /// Publish at once
    #[arg(long)]
    publish: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Delete {
    /// The dataset's name
    name: String,
    /// Items to take out of its draft; without any the dataset itself goes
    items: Vec<String>,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Purge {
    /// The dataset's name
    name: String,
    /// Ids or hashes of the items
    #[arg(required = true)]
    items: Vec<String>,
    /// Who asked for it
    #[arg(long)]
    reason: String,
    /// Also destroy what judges and the like were asked before weir noted whose words they repeat, all of it
    #[arg(long)]
    older_judges: bool,
    /// Also delete the uploaded files that hold the question of one of these items, each as a whole; of an item that was
    /// purged before, those that were there then
    #[arg(long)]
    files: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

const ADDED: [Column; 5] = [
    column("items", "items", Look::Count),
    column("put", "put", Look::Count),
    column("known", "known", Look::Count),
    column("unfit", "unfit", Look::Count),
    column("redacted", "redacted", Look::Count),
];

const STRATA: [Column; 3] =
    [column("stratum", "name", Look::Word), column("of", "of", Look::Count), column("drawn", "drawn", Look::Count)];

const FILES: [Column; 3] =
    [column("file", "id", Look::Word), column("name", "name", Look::Word), column("key", "key", Look::Word)];

const DRAFT: [Column; 3] =
    [column("items", "items", Look::Count), column("put", "put", Look::Count), column("taken", "taken", Look::Count)];

impl Add {
    pub(super) async fn run(&self, client: &Client, out: &mut Out<'_, '_>) -> Result<(), Failure> {
        let body = json!({
            "from": self.from,
            "sample": self.sample,
            "stratify": self.stratify,
            "since_hours": self.since_hours,
            "seed": self.seed,
            "split": self.split,
            "workload": self.workload,
            "expected": self.expected,
            "redact": !self.keep_personal,
            "publish": self.publish,
        });
        let reply = client.post(&at(&self.name, "/add"), body.to_string()).await?;
        if out.is_json() {
            return out.line(&reply.text);
        }
        out.fields(&reply.value, &ADDED)?;
        out.part("drawn from")?;
        out.rows(reply.rows("strata"), &STRATA)?;
        if self.publish {
            out.part("published")?;
            return out.fields(&reply.value["published"], &PUBLISHED);
        }
        out.next(&format!("weir dataset diff {0} --json, then weir dataset publish {0}", self.name))
    }
}

impl Delete {
    pub(super) async fn run(&self, client: &Client, out: &mut Out<'_, '_>) -> Result<(), Failure> {
        if self.items.is_empty() {
            out.confirm(&format!("take dataset {} out of every list", self.name), self.yes)?;
            let reply = named(client, &self.name, client.post(&at(&self.name, "/delete"), "").await).await?;
            return out.line(&if out.is_json() { reply.text } else { format!("{} is deleted", self.name) });
        }
        let body = json!({ "ids": self.items, "reason": self.reason }).to_string();
        let reply = named(client, &self.name, client.post(&at(&self.name, "/take"), body).await).await?;
        if out.is_json() {
            return out.line(&reply.text);
        }
        out.fields(&reply.value, &DRAFT)?;
        out.next(&format!("weir dataset publish {}", self.name))
    }
}

impl Purge {
    pub(super) async fn run(&self, client: &Client, out: &mut Out<'_, '_>) -> Result<(), Failure> {
        let items = self.items.len();
        out.confirm(&format!("destroy the content of {items} items in every version, for good"), self.yes)?;
        let body = json!({
            "items": self.items,
            "reason": self.reason,
            "older_judges": self.older_judges,
            "files": self.files,
        });
        let sent = client.post(&at(&self.name, "/purge"), body.to_string()).await;
        let reply = named(client, &self.name, sent).await?;
        if out.is_json() {
            return out.line(&reply.text);
        }
        out.line(&format!("purged\t{}", reply.value["purged"]))?;
        for which in ["files", "files_left"] {
            if !reply.rows(which).is_empty() {
                out.part(which)?;
                out.rows(reply.rows(which), &FILES)?;
            }
        }
        // What is left may repeat what was destroyed, so this is part of the answer.
        if !reply.rows("files_left").is_empty() {
            out.note(
                "these uploaded files still hold what was purged; --files deletes them, now or later, and the key that \
                 sent one can (DELETE /v1/files/ID)",
            )?;
        }
        let left = reply.value["older_judges_left"].as_u64().unwrap_or_default();
        if left == 0 {
            return Ok(());
        }
        out.line(&format!("older_judges_left\t{left}"))?;
        out.note("nothing tells whose words these carry; --older-judges destroys the words of all of them")
    }
}
