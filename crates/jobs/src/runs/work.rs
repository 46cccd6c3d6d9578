//! The questions of a run: item by item, all arms of an item together, so that whenever somebody looks there are whole
//! pairs. Each answer is stored with its grades before the next is asked of the same item.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use weir_core::{run::RunOutput, score::Unscored, span::Errand};
use weir_evals::{Outcome, dataset::Item};
use weir_store::{Error, RunItem};

use super::{
    End,
    ask::ask,
    grade::{grade, withhold},
    script::{Script, text},
};
use crate::{Desk, lost::wordless};

/// Items read at once.
const PAGE: u32 = 500;

/// Asks and grades what is not there yet.
///
/// # Errors
/// When the store cannot be used.
pub(super) async fn all(desk: &Arc<Desk>, script: &Arc<Script>, halt: &CancellationToken) -> Result<End, Error> {
    let at_once = script.order.at_once.max(1) as usize;
    let mut tasks: JoinSet<Result<(), Error>> = JoinSet::new();
    let access = desk.store.run_access(script.row.seq).await?;
    let mut from = 0;
    loop {
        let page = desk.store.run_items(script.row.seq, access, from, PAGE).await?;
        let Some(last) = page.last() else { break };
        from = last.ord + 1;
        for stored in page {
            while tasks.len() >= at_once {
                finished(tasks.join_next().await)?;
            }
            if halt.is_cancelled() || script.is_spent() {
                break;
            }
            let (desk, script, halt) = (Arc::clone(desk), Arc::clone(script), halt.clone());
            tasks.spawn(async move { item(&desk, &script, &halt, &stored).await });
        }
        if halt.is_cancelled() || script.is_spent() {
            break;
        }
    }
    while let Some(done) = tasks.join_next().await {
        finished(Some(done))?;
    }
    Ok(match (halt.is_cancelled(), script.is_spent()) {
        (true, _) => End::Left,
        (_, true) => End::Spent,
        _ => End::Done,
    })
}

fn finished(done: Option<Result<Result<(), Error>, tokio::task::JoinError>>) -> Result<(), Error> {
    match done {
        None => Ok(()),
        Some(Ok(result)) => result,
        Some(Err(error)) => {
            // The item has no answer then, which its coverage says.
            tracing::error!(%error, "an item of an eval run could not be worked on");
            Ok(())
        }
    }
}

async fn item(desk: &Desk, script: &Script, halt: &CancellationToken, stored: &RunItem) -> Result<(), Error> {
    // Purged since the run was ordered: there is nothing to ask.
    let Some(body) = stored.body.as_deref() else { return ungraded(desk, script, stored.ord, &wordless()).await };
    let Ok(item) = serde_json::from_str::<Item>(body) else {
        tracing::error!(item = %stored.hash, "an item of an eval run cannot be read");
        let why = Outcome::unscored(Unscored::ScoringFailed, "the item cannot be read");
        return ungraded(desk, script, stored.ord, &why).await;
    };
    let ord = stored.ord;
    let errand = Errand::of_item(&stored.hash, stored.held_out);
    for trial in 0..script.order.trials(&script.suite) {
        let mut other = script.earlier.get(&stored.hash).cloned();
        for arm in &script.order.arms {
            if halt.is_cancelled() || script.is_spent() {
                return Ok(());
            }
            let known = script.known.get(&(ord, arm.name.clone(), trial)).cloned();
            let mut output: RunOutput = match known {
                Some(output) => output,
                None if arm.recorded || script.order.regrade.is_some() => continue,
                None => ask(desk, script, (ord, &item, &errand), &arm.name, trial).await,
            };
            let graded = output.scores.len();
            grade(desk, script, (&item, &errand), &mut output, other.as_deref()).await;
            if output.seq == 0 || output.scores.len() > graded {
                desk.store.run_output_put(script.row.seq, std::slice::from_ref(&output)).await?;
            }
            if script.baseline() == Some(arm.name.as_str()) {
                other = output.said.ok().map(|said| text(&said));
            }
        }
    }
    Ok(())
}

/// What was answered to an item that cannot be read any more stands there without a grade, and why.
async fn ungraded(desk: &Desk, script: &Script, ord: u32, why: &Outcome) -> Result<(), Error> {
    for trial in 0..script.order.trials(&script.suite) {
        for arm in &script.order.arms {
            let Some(mut output) = script.known.get(&(ord, arm.name.clone(), trial)).cloned() else { continue };
            let graded = output.scores.len();
            withhold(script, &mut output, why);
            if output.scores.len() > graded {
                desk.store.run_output_put(script.row.seq, std::slice::from_ref(&output)).await?;
            }
        }
    }
    Ok(())
}
