use weir_store::{JobCounts, JobStatus};

use crate::fixture::open;

/// The columns of the queue's table that are read; its library owns the rest.
const QUEUE: &str = "CREATE TABLE Jobs (job BLOB NOT NULL, id TEXT NOT NULL UNIQUE, job_type TEXT NOT NULL, \
     status TEXT NOT NULL DEFAULT 'Pending', attempts INTEGER NOT NULL DEFAULT 0, \
     max_attempts INTEGER NOT NULL DEFAULT 25, run_at INTEGER NOT NULL, last_result TEXT)";

#[tokio::test]
async fn before_the_queues_first_start_it_is_empty() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.job_counts().await.unwrap(), JobCounts::default());
    assert_eq!(store.job_list(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_failed_job_is_dead_once_its_attempts_are_spent() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    sqlx::query(QUEUE).execute(store.pool()).await.unwrap();
    for (n, status, attempts, result) in [
        (1, "Pending", 0, None),
        (2, "Queued", 0, None),
        (3, "Running", 1, None),
        (4, "Done", 1, Some("{\"Ok\":null}")),
        (5, "Failed", 1, Some("{\"Err\":\"locked\"}")),
        (6, "Failed", 3, Some("{\"Err\":\"no such scorer\"}")),
        (7, "Killed", 1, Some("{\"Err\":\"aborted\"}")),
    ] {
        sqlx::query(
            "INSERT INTO Jobs (job, id, job_type, status, attempts, max_attempts, run_at, last_result) \
             VALUES (x'00', '01ARZ3NDEKTSV4RRFFQ69G5FA' || ?, 'checks', ?, ?, 3, 1469922850, ?)",
        )
        .bind(n)
        .bind(status)
        .bind(attempts)
        .bind(result)
        .execute(store.pool())
        .await
        .unwrap();
    }
    let counts = store.job_counts().await.unwrap();
    assert_eq!(counts, JobCounts { ready: 2, running: 1, done: 1, failed: 1, dead: 2 });
    let statuses: Vec<_> = store.job_list(None, 10).await.unwrap().iter().map(|job| job.status).collect();
    use JobStatus::{Dead, Done, Failed, Ready, Running};
    assert_eq!(statuses, [Dead, Dead, Failed, Done, Running, Ready, Ready]);
    let dead = store.job_list(Some(Dead), 10).await.unwrap();
    let errors: Vec<_> = dead.iter().map(|job| job.error.as_deref()).collect();
    assert_eq!(errors, [Some("aborted"), Some("no such scorer")]);
    assert_eq!(dead[1].created_at.map(|at| at.as_millis()), Some(1_469_922_850_259));
    assert_eq!(store.job_list(Some(Ready), 1).await.unwrap().len(), 1);
}
