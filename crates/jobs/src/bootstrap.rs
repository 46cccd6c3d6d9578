//! What must be in the store before the first request: a head policy for every workload, the configured datasets, and
//! the token means that expected cost starts from.

use std::{fs, path::Path, time::Duration};

use weir_config::Settings;
use weir_core::{
    Clock, DeploymentId, WorkloadId,
    policy::{Author, Policy, Stage},
    workload::Workload,
};
use weir_evals::dataset::{self, InputSchema, Intake, Item};
use weir_optimizer::revision;
use weir_store::{Error, NewDataset, NewItem, Published, Store};

use crate::tokens::OutputTokens;

/// How far back token means are learned from.
const TOKENS_SINCE: Duration = Duration::from_hours(24);

/// Why a dataset was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// As configured.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Some row cannot be read.
    #[error("{path}:{line}: {message}")]
    Row {
        /// As configured.
        path: String,
        /// From 1.
        line: u64,
        /// What was found and what is wanted.
        message: String,
    },
    /// A held-out item can be seen in another split.
    #[error("{path}: held-out item `{id}` is nearly the same as `{of}`; give both one `cluster` or one `split`")]
    Leak {
        /// As configured.
        path: String,
        /// The held-out one.
        id: String,
        /// The other one.
        of: String,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Gives every workload a head policy that fits its configuration: the first revision where there is none, and a new
/// one where the configured stages have changed. What canaries admitted stays admitted.
///
/// # Errors
/// When the store cannot be used.
pub async fn policies(store: &Store, settings: &Settings, clock: &dyn Clock) -> Result<(), Error> {
    for (id, workload) in &settings.workloads {
        let stages = settings.stages.get(id).cloned().unwrap_or_default();
        let vouched = settings.admitted.get(id).map(Vec::as_slice).unwrap_or_default();
        let next = match store.policy_head(id).await? {
            None => Some(revision::first(workload, vouched, stages, clock.now())),
            Some(head) => reconfigured(&head, workload, vouched, stages, clock),
        };
        let Some(policy) = next else { continue };
        match store.policy_insert(&policy).await {
            // Another process was first; its revision is as good.
            Ok(()) | Err(Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The revision that follows `head` when the configuration no longer fits it.
fn reconfigured(
    head: &Policy,
    workload: &Workload,
    vouched: &[DeploymentId],
    stages: Vec<Stage>,
    clock: &dyn Clock,
) -> Option<Policy> {
    let mut admitted: Vec<DeploymentId> =
        head.admitted.iter().filter(|id| workload.candidates.contains(id)).cloned().collect();
    if admitted.is_empty() {
        admitted.extend(workload.candidates.first().cloned());
    }
    let new: Vec<_> = vouched.iter().filter(|id| !admitted.contains(id)).cloned().collect();
    admitted.extend(new);
    (head.stages != stages || head.admitted != admitted).then(|| Policy {
        revision: revision::next(&head.revision),
        parent: Some(head.revision.clone()),
        stages,
        admitted,
        author: Author::Config,
        reason: "the configuration changed".to_owned(),
        at: clock.now(),
        ..head.clone()
    })
}

/// Imports every configured dataset whose content is new.
///
/// # Errors
/// The first file or row that cannot be read; that dataset stays as it was.
pub async fn datasets(store: &Store, settings: &Settings) -> Result<(), ImportError> {
    for (name, setting) in &settings.datasets {
        let path = setting.file.display().to_string();
        let bytes = fs::read(&setting.file).map_err(|source| ImportError::Read { path: path.clone(), source })?;
        let published = dataset_import(store, name, &setting.workload, &bytes, &setting.file).await?;
        if published.added > 0 {
            tracing::info!(dataset = %name, version = %published.version, items = published.items, "dataset imported");
        }
    }
    Ok(())
}

/// Publishes one dataset file's items as the dataset's current version.
///
/// # Errors
/// The first row that cannot be read; nothing is published then.
pub async fn dataset_import(
    store: &Store,
    name: &str,
    workload: &WorkloadId,
    bytes: &[u8],
    file: &Path,
) -> Result<Published, ImportError> {
    let file_name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let parsed = dataset::parse(bytes, &file_name, None);
    let header = parsed.header.unwrap_or_default();
    let path = || file.display().to_string();
    let schema = header.input_schema.as_ref().map(InputSchema::compile).transpose();
    let schema = schema.map_err(|message| ImportError::Row { path: path(), line: 1, message })?;
    let mut intake = Intake::new(schema, header.splits.clone());
    let items: Vec<Item> = parsed.rows.into_iter().filter_map(|row| intake.take(row)).collect();
    let report = intake.finish(&[]);
    if let Some(error) = report.bad.into_iter().next() {
        return Err(ImportError::Row { path: path(), line: error.line, message: error.message });
    }
    if let Some(leak) = report.leaks.into_iter().next() {
        return Err(ImportError::Leak { path: path(), id: leak.id, of: leak.of });
    }
    let new = NewDataset {
        name: name.to_owned(),
        workload: Some(workload.clone()),
        description: header.description.unwrap_or_default(),
        input_schema: header.input_schema.map(|schema| schema.to_string()),
        canary: header.canary.unwrap_or_default(),
        author: "config".to_owned(),
        note: format!("imported from {file_name}"),
    };
    let items: Vec<NewItem> = items
        .iter()
        .map(|item| NewItem {
            id: item.id.clone(),
            hash: item.hash(),
            input_hash: item.input_hash(),
            split: item.split.clone(),
            body: serde_json::to_string(item).unwrap_or_default(),
        })
        .collect();
    Ok(store.dataset_publish(&new, &items).await?)
}

/// Starts the token means from the last day's answers.
///
/// # Errors
/// When the store cannot be read.
pub async fn tokens(store: &Store, settings: &Settings, clock: &dyn Clock, tokens: &OutputTokens) -> Result<(), Error> {
    let since = clock.now().minus(TOKENS_SINCE);
    for workload in settings.workloads.keys() {
        for usage in store.usage_by_deployment(Some(workload), since).await? {
            let answered = usage.requests.saturating_sub(usage.failed + usage.cancelled);
            if let Some(deployment) = usage.deployment.filter(|_| answered > 0) {
                tokens.seed(workload.clone(), deployment, usage.output_tokens as f64 / answered as f64);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_core::{CanaryId, clock::ManualClock};

    use super::*;
    use crate::testing::{START, settings};

    #[tokio::test]
    async fn the_first_start_makes_the_first_revision_and_the_second_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let store = Store::open(dir.path(), clock.clone()).await.unwrap();
        let settings = settings("24h");
        policies(&store, &settings, &*clock).await.unwrap();
        policies(&store, &settings, &*clock).await.unwrap();
        let line = store.policy_list(&"maths".into()).await.unwrap();
        assert_eq!(line.len(), 1);
        assert_eq!(line[0].revision.as_str(), "r-0001");
        assert_eq!(line[0].admitted, ["sim/large".into()]);
    }

    #[tokio::test]
    async fn other_stages_make_a_revision_that_keeps_what_was_admitted() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(START));
        let store = Store::open(dir.path(), clock.clone()).await.unwrap();
        let mut settings = settings("24h");
        policies(&store, &settings, &*clock).await.unwrap();
        let first = store.policy_head(&"maths".into()).await.unwrap().unwrap();
        let promoted = Policy {
            revision: revision::next(&first.revision),
            parent: Some(first.revision.clone()),
            admitted: vec!["sim/small".into(), "sim/large".into()],
            author: Author::Canary { id: CanaryId::from("c-00000001") },
            ..first
        };
        store.policy_insert(&promoted).await.unwrap();
        settings.stages.insert("maths".into(), vec![Stage::Filter, Stage::Cost]);
        policies(&store, &settings, &*clock).await.unwrap();
        let head = store.policy_head(&"maths".into()).await.unwrap().unwrap();
        assert_eq!(head.parent, Some(promoted.revision));
        assert_eq!(head.admitted, promoted.admitted);
        assert_eq!(head.stages, [Stage::Filter, Stage::Cost]);
        assert_eq!(head.author, Author::Config);
    }
}
