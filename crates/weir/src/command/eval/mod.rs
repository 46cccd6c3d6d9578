//! `weir eval run | list | show | diff | rescore | cancel`.
//!
//! Exit codes of `run`, `rescore` and `diff` are the gates': 0 pass, 1 fail, 2 inconclusive, 3 when nothing could be
//! measured, which is what every other failure of these commands is too.

mod files;
mod follow;
mod junit;
mod markdown;
mod order;
mod report;
mod table;

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

use super::{
    client::{Client, RUNS, escape, query},
    failure::{FINE, Failure, NEGATIVE, Outcome, UNREACHABLE, USAGE},
    io::Io,
    local,
    out::{Colour, Out},
    remote::Remote,
};

/// The verdicts' exit codes.
const INCONCLUSIVE: u8 = USAGE;
const INSTRUMENT: u8 = UNREACHABLE;

#[derive(Debug, clap::Args)]
#[command(
    before_help = "\
Examples:
  weir eval run suites/support.toml --model openai/gpt-5-mini --against openai/gpt-5
  weir eval diff e-1a2b3c4d e-5e6f7a8b        what became better and worse, item by item",
    after_help = "\
Exit codes of run, rescore and diff: 0 pass, 1 fail, 2 inconclusive, 3 nothing could be measured"
)]
pub(super) struct Noun {
    #[command(flatten)]
    pub(super) remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Ask a suite's items of one or more models, grade the answers, and judge the gates
    Run(Box<order::Args>),
    /// Runs, newest first
    List {
        /// Of this suite
        #[arg(long)]
        suite: Option<String>,
        /// Of this workload
        #[arg(long)]
        workload: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// One run: arms, comparisons, gates
    Show {
        /// Its id
        run: String,
        #[command(flatten)]
        files: files::Files,
    },
    /// Two runs item by item; the second is what the first is compared with
    Diff {
        /// The run looked at
        a: String,
        /// The run it is compared with
        b: String,
        /// Write a summary for a pull request's comment
        #[arg(long, value_name = "FILE")]
        md: Option<PathBuf>,
    },
    /// Grade a run's stored answers again; no model is asked but judges
    Rescore {
        /// Its id
        run: String,
        /// With this suite instead of the run's own
        #[arg(long, value_name = "FILE")]
        suite: Option<PathBuf>,
        #[command(flatten)]
        files: files::Files,
    },
    /// Stop a run; what it has stays
    Cancel {
        /// Its id
        run: String,
    },
}

/// Runs one of these commands against a server, or on the store itself where there is none.
pub(super) fn run<'io>(io: &mut Io<'io>, colour: Colour, noun: &Noun, config: Option<&Path>) -> Outcome {
    let runtime = local::runtime()?;
    let git_sha = io.env("GITHUB_SHA");
    let measures = matches!(noun.verb, Verb::Run(_) | Verb::Rescore { .. } | Verb::Diff { .. });
    let outcome = runtime.block_on(async {
        let (client, app) = local::reach(io, &noun.remote, config, local::Work::All).await?;
        let mut session = Session { client, out: Out::new(io, noun.remote.json, colour), git_sha };
        let outcome = session.run(noun).await;
        if let Some(app) = app {
            app.stop().await;
        }
        outcome
    });
    match outcome {
        Err(failure) if measures && !matches!(failure, Failure::Closed) => {
            super::out::tell(io, &failure, colour);
            Ok(INSTRUMENT)
        }
        other => other,
    }
}

/// A client and somewhere to print.
struct Session<'a, 'io> {
    client: Client,
    out: Out<'a, 'io>,
    git_sha: Option<String>,
}

impl Session<'_, '_> {
    async fn run(&mut self, noun: &Noun) -> Outcome {
        match &noun.verb {
            Verb::Run(args) => {
                let id = match &args.resume {
                    Some(id) => {
                        let body = json!({"max_usd": args.max_usd}).to_string();
                        self.order(&format!("/runs/{}/resume", escape(id)), body, id).await?;
                        id.clone()
                    }
                    None => order::start(&self.client, args, self.git_sha.as_deref()).await?,
                };
                self.until_its_end(&id, &args.files).await
            }
            Verb::List { suite, workload, limit } => {
                let limit = limit.to_string();
                let query =
                    query(&[("suite", suite.as_deref()), ("workload", workload.as_deref()), ("limit", Some(&limit))]);
                let reply = self.client.get(&format!("/runs{query}")).await?;
                self.out.list(&reply, &table::LIST)?;
                self.out.next("weir eval show RUN, or weir eval diff A B")?;
                Ok(FINE)
            }
            Verb::Show { run, files } => {
                let detail = self.detail(run).await?;
                self.show(&detail)?;
                files.write(&self.client, run, &detail).await?;
                Ok(FINE)
            }
            Verb::Diff { a, b, md } => self.diff(a, b, md.as_deref()).await,
            Verb::Rescore { run, suite, files } => {
                let body = match suite {
                    Some(path) => {
                        let suite = order::read_suite(path)?;
                        json!({"suite": suite.text, "files": suite.files}).to_string()
                    }
                    None => "{}".to_owned(),
                };
                self.order(&format!("/runs/{}/rescore", escape(run)), body, run).await?;
                self.until_its_end(run, files).await
            }
            Verb::Cancel { run } => {
                let reply = self.order(&format!("/runs/{}/cancel", escape(run)), String::new(), run).await?;
                match self.out.is_json() {
                    true => self.out.line(&reply.to_string())?,
                    false => self.out.fields(&reply, &table::LIST)?,
                }
                Ok(FINE)
            }
        }
    }

    async fn order(&self, path: &str, body: String, id: &str) -> Result<Value, Failure> {
        match self.client.post(path, body).await {
            Ok(reply) => Ok(reply.value),
            Err(failure) => Err(self.client.suggest(failure, &RUNS, id).await),
        }
    }

    async fn detail(&self, id: &str) -> Result<Value, Failure> {
        match self.client.get(&format!("/runs/{}", escape(id))).await {
            Ok(reply) => Ok(reply.value),
            Err(failure) => Err(self.client.suggest(failure, &RUNS, id).await),
        }
    }

    /// Follows a run, shows what came of it, and returns its verdict's exit code.
    async fn until_its_end(&mut self, id: &str, files: &files::Files) -> Outcome {
        follow::follow(&self.client, &mut self.out, id).await?;
        let detail = self.detail(id).await?;
        self.show(&detail)?;
        files.write(&self.client, id, &detail).await?;
        self.out.next(&format!("weir eval diff {id} RUN"))?;
        let status = detail["run"]["status"].as_str().unwrap_or_default();
        if status == "failed" || status == "cancelled" {
            return Ok(INSTRUMENT);
        }
        Ok(code(detail["verdict"].as_str().unwrap_or_default()))
    }

    fn show(&mut self, detail: &Value) -> Result<(), Failure> {
        match self.out.is_json() {
            true => self.out.line(&detail.to_string()),
            false => report::show(&mut self.out, detail),
        }
    }

    async fn diff(&mut self, a: &str, b: &str, md: Option<&Path>) -> Outcome {
        let query = query(&[("a", Some(a)), ("b", Some(b))]);
        let reply = match self.client.get(&format!("/runs/compare{query}")).await {
            Ok(reply) => reply.value,
            Err(failure) => {
                let failure = self.client.suggest(failure, &RUNS, a).await;
                return Err(self.client.suggest(failure, &RUNS, b).await);
            }
        };
        match self.out.is_json() {
            true => self.out.line(&reply.to_string())?,
            false => report::diff(&mut self.out, &reply)?,
        }
        if let Some(path) = md {
            std::fs::write(path, markdown::diff(&reply)).with_context(|| path.display().to_string())?;
        }
        let quality = reply["comparisons"].as_array().into_iter().flatten().find(|one| one["metric"] == "quality");
        Ok(match quality {
            None => INSTRUMENT,
            Some(one) if one["delta"]["upper"].as_f64().is_some_and(|upper| upper < 0.0) => NEGATIVE,
            Some(one) if one["resolved"] == true => FINE,
            Some(_) => INCONCLUSIVE,
        })
    }
}

fn code(verdict: &str) -> u8 {
    match verdict {
        "pass" | "ungated" => FINE,
        "fail" => NEGATIVE,
        "inconclusive" => INCONCLUSIVE,
        _ => INSTRUMENT,
    }
}
