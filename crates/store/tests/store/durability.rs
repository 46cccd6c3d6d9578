//! What may go wrong with the file: locked, full, damaged, foreign, newer.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::{fs, path::Path};

use sqlx::{Connection, sqlite::SqliteConnection};
use weir_store::{Error, FILE_NAME, Options, SpanFilter, Store};

use crate::fixture::{clock, insert, open, open_impatient, record, score, span_id};

async fn connect(dir: &Path) -> SqliteConnection {
    let url = format!("sqlite://{}", dir.join(FILE_NAME).display());
    SqliteConnection::connect(&url).await.unwrap()
}

async fn refused(dir: &Path) -> Error {
    let before = fs::read(dir.join(FILE_NAME)).unwrap();
    let error = Store::open(dir, clock()).await.unwrap_err();
    let after = fs::read(dir.join(FILE_NAME)).unwrap();
    assert!(before == after, "a refused file was changed");
    error
}

#[tokio::test]
async fn a_locked_database_is_unavailable_for_writes_readable_and_recovers() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_impatient(dir.path()).await;
    insert(&store, &[record(1)]).await;
    let mut other = connect(dir.path()).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let spans = store.begin_spans().await.map(|_| ());
    assert!(matches!(spans, Err(Error::Unavailable { .. })), "{spans:?}");
    let scores = store.score_insert_many(&[score(1, 1.0)]).await;
    assert!(scores.as_ref().is_err_and(Error::is_retryable), "{scores:?}");
    assert!(store.span_get(span_id(1)).await.unwrap().is_some());
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(insert(&store, &[record(2)]).await, [true]);
    store.score_insert_many(&[score(1, 1.0)]).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_leaves_whole_batches_only() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { max_bytes: Some(1 << 20), ..Options::default() };
    let store = Store::open_with(dir.path(), clock(), &options).await.unwrap();
    let mut batches = 0;
    let error = loop {
        let batch: Vec<_> = (0..40).map(|n| record(batches * 40 + n)).collect();
        let mut tx = store.begin_spans().await.unwrap();
        match tx.span_insert_many(&batch).await {
            Ok(_) => tx.commit().await.unwrap(),
            Err(error) => break error,
        }
        batches += 1;
        assert!(batches < 1_000, "the bound of 1 MiB does not hold");
    };
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    let stored = store.span_list(&SpanFilter::default(), None, 100_000).await.unwrap();
    assert_eq!(stored.items.len() as u64, batches * 40);
    store.close().await;
    // With room again, writing goes on.
    let store = open(dir.path()).await;
    assert_eq!(insert(&store, &[record(1_000_000)]).await, [true]);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(FILE_NAME), "not a database ".repeat(1_000)).unwrap();
    let error = refused(dir.path()).await;
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(FILE_NAME) && text.contains("left untouched"), "{text}");
}

#[tokio::test]
async fn flipped_bytes_are_noticed_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    insert(&store, &(0..500).map(record).collect::<Vec<_>>()).await;
    store.close().await;
    let path = dir.path().join(FILE_NAME);
    let mut bytes = fs::read(&path).unwrap();
    // Several pages: what is flipped inside a long text alone, nobody can notice.
    let middle = bytes.len() / 2 / 4_096 * 4_096;
    for byte in &mut bytes[middle..middle + 32 * 4_096] {
        *byte ^= 0xff;
    }
    fs::write(&path, bytes).unwrap();
    let error = refused(dir.path()).await;
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn another_programs_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(FILE_NAME), "").unwrap();
    let mut other = connect(dir.path()).await;
    sqlx::query("CREATE TABLE recipe (name TEXT)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let error = refused(dir.path()).await;
    assert!(error.to_string().contains("another program"), "{error}");
}

#[tokio::test]
async fn an_older_binary_refuses_a_newer_schema() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await;
    let mut other = connect(dir.path()).await;
    sqlx::query(
        "INSERT INTO _weir_migrations (version, description, installed_on, success, checksum, execution_time) \
         VALUES (9999, 'from the future', '2030-01-01', 1, x'00', 0)",
    )
    .execute(&mut other)
    .await
    .unwrap();
    other.close().await.unwrap();
    let error = refused(dir.path()).await;
    assert!(matches!(error, Error::Newer { found: 9_999, .. }), "{error:?}");
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart_and_a_closed_store_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    insert(&store, &[record(1)]).await;
    store.close().await;
    let closed = store.span_get(span_id(1)).await;
    assert!(matches!(closed, Err(Error::Unavailable { .. })), "{closed:?}");
    let store = open(dir.path()).await;
    assert!(store.span_get(span_id(1)).await.unwrap().is_some());
    assert!(*store.span_changes().borrow() > 0);
}

#[tokio::test]
async fn a_killed_process_loses_nothing_it_committed() {
    let dir = tempfile::tempdir().unwrap();
    let copy = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    insert(&store, &[record(1)]).await;
    store.score_insert_many(&[score(1, 1.0)]).await.unwrap();
    // The files as a kill would leave them: never closed, the log not folded in.
    for file in fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let store = open(copy.path()).await;
    assert!(store.span_get(span_id(1)).await.unwrap().is_some());
    assert_eq!(store.score_since(0, 10).await.unwrap().len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_that_weir_makes_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    open(&dir).await;
    let mode = fs::metadata(&dir).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
}

#[tokio::test]
async fn a_log_cut_anywhere_in_its_last_commit_opens_without_that_commit_or_with_all_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    insert(&store, &[record(1)]).await;
    let wal = dir.path().join(format!("{FILE_NAME}-wal"));
    let before = fs::metadata(&wal).unwrap().len();
    store.score_insert_many(&[score(1, 1.0), score(1, 1.0)]).await.unwrap();
    insert(&store, &[record(2), record(3)]).await;
    let whole = fs::read(&wal).unwrap();
    let last = whole.len() as u64;
    assert!(last > before, "the log was folded in between");
    // Every offset would take minutes; these meet frame heads, frame bodies and their borders.
    let offsets = (0..24).map(|part| before + (last - before) * part / 24 + part % 5).chain([last - 1, last]);
    for offset in offsets {
        let copy = tempfile::tempdir().unwrap();
        fs::copy(dir.path().join(FILE_NAME), copy.path().join(FILE_NAME)).unwrap();
        let cut = usize::try_from(offset).unwrap();
        fs::write(copy.path().join(format!("{FILE_NAME}-wal")), &whole[..cut]).unwrap();
        let store = open(copy.path()).await;
        assert!(store.span_get(span_id(1)).await.unwrap().is_some(), "cut at {offset} of {last}");
        let [second, third] = [2, 3].map(span_id);
        let (second, third) = (store.span_get(second).await.unwrap(), store.span_get(third).await.unwrap());
        assert_eq!(second.is_some(), third.is_some(), "half of a commit, cut at {offset} of {last}");
        assert!(offset == last || third.is_none(), "more than was there, cut at {offset} of {last}");
        assert_eq!(insert(&store, &[record(9)]).await, [true], "cut at {offset} of {last}");
        store.close().await;
    }
}
