//! Policy revisions: immutable, one line per workload. Two planners that start from the same head cannot both win: a
//! parent has one child.

use sqlx::sqlite::SqliteConnection;
use weir_core::{
    WorkloadId,
    policy::{Author, Policy},
};

use crate::{
    Error, Store,
    value::{from_json, to_json},
};

impl Store {
    /// The workload's newest revision; `None` before the first.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn policy_head(&self, workload: &WorkloadId) -> Result<Option<Policy>, Error> {
        let body: Option<String> =
            sqlx::query_scalar("SELECT body FROM policy WHERE workload = ? ORDER BY seq DESC LIMIT 1")
                .bind(workload.as_str())
                .fetch_optional(self.readers())
                .await?;
        body.map(|body| from_json("policy", &body)).transpose()
    }

    /// The workload's revisions, newest first.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn policy_list(&self, workload: &WorkloadId) -> Result<Vec<Policy>, Error> {
        let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM policy WHERE workload = ? ORDER BY seq DESC")
            .bind(workload.as_str())
            .fetch_all(self.readers())
            .await?;
        bodies.iter().map(|body| from_json("policy", body)).collect()
    }

    /// The newest revision of any workload.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn policy_latest(&self) -> Result<Option<Policy>, Error> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM policy ORDER BY seq DESC LIMIT 1")
            .fetch_optional(self.readers())
            .await?;
        body.map(|body| from_json("policy", &body)).transpose()
    }

    /// Adds a revision on top of the head it names as its parent.
    ///
    /// # Errors
    /// `Conflict` when another revision already has this parent or this name, or the parent does not exist.
    pub async fn policy_insert(&self, policy: &Policy) -> Result<(), Error> {
        let mut tx = self.begin_control().await?;
        insert(&mut tx, policy).await?;
        tx.commit().await?;
        self.changes().control();
        Ok(())
    }
}

pub(crate) async fn insert(connection: &mut SqliteConnection, policy: &Policy) -> Result<(), Error> {
    let author = match &policy.author {
        Author::Config => "config",
        Author::Canary { .. } => "canary",
        Author::Operator { .. } => "operator",
    };
    let parent = policy.parent.as_ref().map(AsRef::<str>::as_ref);
    sqlx::query("INSERT INTO policy (workload, revision, parent, author, reason, at, body) VALUES (?,?,?,?,?,?,?)")
        .bind(policy.workload.as_str())
        .bind(policy.revision.as_str())
        .bind(parent)
        .bind(author)
        .bind(&policy.reason)
        .bind(policy.at.0)
        .bind(to_json(policy)?)
        .execute(connection)
        .await
        .map_err(|error| match Error::from(error) {
            Error::Conflict { .. } => Error::conflict(format!(
                "{} of workload {}: its parent {} is not the head, or the name is taken",
                policy.revision,
                policy.workload,
                parent.unwrap_or("(none)"),
            )),
            other => other,
        })?;
    Ok(())
}
