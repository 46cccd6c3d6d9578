//! Purging: content that must not exist any more. The hash stays, so that versions keep their names and an import does
//! not bring the content back; the text is overwritten in the file and the log is folded in and cut. It goes wherever an
//! item took it: what runs were answered, the requests that asked for it, the request it was made from, and what judges
//! and candidates were asked about any of these. Grades and labels stay, without the words that explain them.
//!
//! Requests of weir's own from before it noted whose words they repeat cannot be told apart: a purge says how many of them
//! still have words, and takes the words of all of them on demand. An uploaded file belongs to the key that sent it, and
//! holds other people's rows too: a purge names those that hold an item's question, and deletes them whole on demand, then or
//! later.

use std::{collections::HashSet, sync::Arc};

use sqlx::sqlite::SqliteConnection;
use weir_core::SpanId;

use super::draft::known;
use crate::{
    Error, FileFound, Store,
    file_words::Sought,
    run_output::{NO_WORDS, PURGED},
    value::{count, to_json},
};

/// Requests whose words go in one statement.
const AT_ONCE: usize = 500;

/// True of a score of Langfuse's that names one of these requests, or its trace, as its clients write ids.
macro_rules! of_langfuse {
    () => {
        "kind = 'langfuse.score' AND replace(coalesce(nullif(body ->> '$.observationId', ''), body ->> '$.traceId'), '-', '') \
         IN (SELECT value FROM json_each(?1) UNION SELECT substr(value, 17) FROM json_each(?1) \
             UNION SELECT lower(hex(trace_id)) FROM span WHERE id IN (SELECT unhex(value) FROM json_each(?1)))"
    };
}

/// What takes the words from some requests, whose ids are `?1` as a JSON list of hexadecimal numbers. Grades and labels stay
/// as numbers; what nobody has labelled yet cannot be read any more and leaves the queue.
const FORGET: [&str; 11] = [
    "UPDATE span_body SET request = NULL, response = NULL WHERE seq IN ( \
         SELECT seq FROM span WHERE id IN (SELECT unhex(value) FROM json_each(?1)))",
    // Stored answers: whoever would go on from one is told that it is not kept.
    "DELETE FROM response WHERE span IN (SELECT unhex(value) FROM json_each(?1))",
    // A provider that refuses a request may quote it.
    "UPDATE span_body SET body = CAST(json_set(CAST(body AS TEXT), '$.outcome.message', 'purged') AS BLOB) WHERE seq IN ( \
         SELECT seq FROM span WHERE status = 'failed' AND id IN (SELECT unhex(value) FROM json_each(?1)))",
    "UPDATE score SET explanation = NULL WHERE span_id IN (SELECT unhex(value) FROM json_each(?1))",
    "UPDATE label SET note = '' WHERE task IN ( \
         SELECT seq FROM label_task WHERE span_id IN (SELECT unhex(value) FROM json_each(?1)))",
    "DELETE FROM label_skip WHERE task IN ( \
         SELECT seq FROM label_task WHERE span_id IN (SELECT unhex(value) FROM json_each(?1)))",
    "DELETE FROM label_task WHERE span_id IN (SELECT unhex(value) FROM json_each(?1)) \
         AND NOT EXISTS (SELECT 1 FROM label WHERE label.task = label_task.seq)",
    "UPDATE label_task SET owner = NULL, locked_until = 0, \
         wanted = (SELECT count(*) FROM label WHERE label.task = label_task.seq) \
         WHERE span_id IN (SELECT unhex(value) FROM json_each(?1))",
    // What clients of other products said of them: words beside a request by its id, words in place of a grade, and words
    // beside one.
    "DELETE FROM compat_object WHERE parent IN (SELECT value FROM json_each(?1))",
    concat!("DELETE FROM compat_object WHERE ", of_langfuse!(), " AND body ->> '$.dataType' IN ('TEXT', 'CORRECTION')"),
    concat!("UPDATE compat_object SET body = json_remove(body, '$.comment', '$.metadata') WHERE ", of_langfuse!()),
];

/// Of weir's own requests those with words, of which nothing tells whose they repeat. A shadow's is known by the pair it
/// belongs to.
macro_rules! untold {
    () => {
        " FROM span JOIN span_body AS texts ON texts.seq = span.seq \
         WHERE span.about IS NULL AND span.origin IN ('eval', 'probe', 'shadow') AND length(texts.request) > 0 \
           AND NOT EXISTS (SELECT 1 FROM shadow WHERE shadow.shadow_id = span.id)"
    };
}

/// Their ids.
const UNTOLD: &str = concat!("SELECT lower(hex(span.id))", untold!());
/// How many.
const UNTOLD_COUNT: &str = concat!("SELECT count(*)", untold!());

/// What a purge takes beside what certainly repeats an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// The words of all of weir's own requests of which nothing tells whose words they repeat.
    pub untold: bool,
    /// Uploaded files that hold an item's question, each as a whole.
    pub files: bool,
}

/// What a purge did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purged {
    /// Items whose content is gone now; those already destroyed do not count.
    pub items: u64,
    /// Requests of weir's own without a word on what they repeat, whose own words went too.
    pub untold: u64,
    /// Those whose words are still there: they may repeat what was purged.
    pub untold_left: u64,
    /// Uploaded files that held an item's question and are deleted.
    pub files: Vec<FileFound>,
    /// Those that are still there.
    pub files_left: Vec<FileFound>,
}

impl Store {
    /// Destroys the content of these items of a dataset, by id or hash, in every version of every dataset, with what runs
    /// answered to them and the texts of the requests that carried them, and what else `reach` says. Uploaded files are
    /// looked through before anything is destroyed, while the items still tell what to look for, and which of them hold an
    /// item is noted: an item that was purged before has the files that were there then. Of a purge before migration 0090,
    /// and of a file that comes in while others are looked through, nothing is noted.
    ///
    /// # Errors
    /// `NotFound` when the dataset has none of them, `Unavailable`.
    pub async fn item_purge(
        &self,
        name: &str,
        keys: &[String],
        reach: Reach,
        reason: &str,
        author: &str,
    ) -> Result<Purged, Error> {
        let now = self.clock().now();
        let holding = self.file_holding(self.words_of(name, keys).await?).await?;
        let mut tx = self.begin_control().await?;
        sqlx::query("PRAGMA secure_delete = ON").execute(&mut *tx).await?;
        let dataset = known(&mut tx, name).await?;
        let hashes = hashes(&mut tx, dataset, keys).await?;
        if hashes.is_empty() {
            return Err(Error::not_found(format!("no such item in dataset `{name}`")));
        }
        let hashes = to_json(&hashes)?;
        let reached = reached(&mut tx, &hashes).await?;
        forget_requests(&mut tx, &reached).await?;
        let untold = if reach.untold { sqlx::query_scalar(UNTOLD).fetch_all(&mut *tx).await? } else { Vec::new() };
        forget_requests(&mut tx, &untold).await?;
        forget_answers(&mut tx, &hashes).await?;
        sqlx::query(
            "INSERT INTO dataset_tombstone (dataset, hash, item_id, reason, author, draft, purged, at) \
             SELECT version.dataset, place.hash, max(place.item_id), ?1, ?2, NULL, 1, ?3 \
             FROM dataset_version_item AS place JOIN dataset_version AS version ON version.seq = place.version \
             WHERE place.hash IN (SELECT value FROM json_each(?4)) GROUP BY version.dataset, place.hash \
             ON CONFLICT (dataset, hash) DO UPDATE SET purged = 1, draft = NULL, reason = excluded.reason, at = excluded.at",
        )
        .bind(reason)
        .bind(author)
        .bind(now.0)
        .bind(&hashes)
        .execute(&mut *tx)
        .await?;
        let items = sqlx::query(
            "UPDATE dataset_item SET body = '{}', input_hash = '', purged_at = ? \
             WHERE hash IN (SELECT value FROM json_each(?)) AND purged_at IS NULL",
        )
        .bind(now.0)
        .bind(&hashes)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        sqlx::query(
            "DELETE FROM dataset_version_item WHERE hash IN (SELECT value FROM json_each(?)) \
               AND version IN (SELECT seq FROM dataset_version WHERE state <> 'published')",
        )
        .bind(&hashes)
        .execute(&mut *tx)
        .await?;
        let found = noted(&mut tx, &holding, &hashes).await?;
        let (files, files_left) = if reach.files { (found, Vec::new()) } else { (Vec::new(), found) };
        let ids: Vec<&str> = files.iter().map(|file| file.id.as_str()).collect();
        sqlx::query("DELETE FROM file WHERE id IN (SELECT value FROM json_each(?))")
            .bind(to_json(&ids)?)
            .execute(&mut *tx)
            .await?;
        let left: i64 = sqlx::query_scalar(UNTOLD_COUNT).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        self.fold_log().await?;
        self.changes().control();
        Ok(Purged { items, untold: untold.len() as u64, untold_left: count(left), files, files_left })
    }

    /// The questions of these items, as far as they are still there.
    async fn words_of(&self, name: &str, keys: &[String]) -> Result<Vec<Sought>, Error> {
        let mut reader = self.readers().acquire().await?;
        let dataset = known(&mut reader, name).await?;
        let hashes = to_json(&hashes(&mut reader, dataset, keys).await?)?;
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT hash, words FROM item_words WHERE hash IN (SELECT value FROM json_each(?)) AND words > ''",
        )
        .bind(hashes)
        .fetch_all(&mut *reader)
        .await?;
        Ok(rows.into_iter().map(|(hash, words)| Sought { hash, words }).collect())
    }
}

/// Notes which files hold which items, and gives all that are known to hold any of `hashes`, oldest first.
async fn noted(
    connection: &mut SqliteConnection,
    holding: &[(String, String)],
    hashes: &str,
) -> Result<Vec<FileFound>, Error> {
    // A file may be gone since it was looked at.
    sqlx::query(
        "INSERT OR IGNORE INTO purged_file (hash, file) SELECT pair.value ->> 1, file.id \
         FROM json_each(?) AS pair JOIN file ON file.id = pair.value ->> 0",
    )
    .bind(to_json(&holding)?)
    .execute(&mut *connection)
    .await?;
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT id, name, tenant FROM file WHERE id IN ( \
             SELECT file FROM purged_file WHERE hash IN (SELECT value FROM json_each(?))) ORDER BY seq",
    )
    .bind(hashes)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(id, name, tenant)| FileFound { id, name, tenant }).collect())
}

/// What these ids or hashes stand for in any version of the dataset, or stood for before a purge.
async fn hashes(connection: &mut SqliteConnection, dataset: i64, keys: &[String]) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar(
        "SELECT DISTINCT place.hash FROM dataset_version_item AS place \
         JOIN dataset_version AS version ON version.seq = place.version WHERE version.dataset = ?1 \
           AND (place.item_id IN (SELECT value FROM json_each(?2)) OR place.hash IN (SELECT value FROM json_each(?2))) \
         UNION SELECT hash FROM dataset_tombstone WHERE dataset = ?1 AND purged = 1 \
           AND (item_id IN (SELECT value FROM json_each(?2)) OR hash IN (SELECT value FROM json_each(?2)))",
    )
    .bind(dataset)
    .bind(to_json(&keys)?)
    .fetch_all(connection)
    .await?)
}

/// Takes their texts from these requests, and the words that scorers and people have said of them.
async fn forget_requests(connection: &mut SqliteConnection, ids: &[String]) -> Result<(), Error> {
    for spans in ids.chunks(AT_ONCE) {
        let spans = to_json(&spans)?;
        for statement in FORGET {
            sqlx::query(statement).bind(&spans).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// The requests that repeat these items, those the items were made from, and all that judges and candidates were asked
/// about any of them; ids in hexadecimal. What repeats a request that is reached is reached as well: a shadow of it, a
/// judge of either, and a later turn of its conversation, kept here or sent again whole in the same session. Before the
/// items themselves go, which know where they come from.
async fn reached(connection: &mut SqliteConnection, hashes: &str) -> Result<Vec<String>, Error> {
    let sources: Vec<Option<String>> = sqlx::query_scalar(
        "SELECT body ->> '$.source.span_id' FROM dataset_item WHERE hash IN (SELECT value FROM json_each(?)) \
         AND purged_at IS NULL AND json_valid(body)",
    )
    .bind(hashes)
    .fetch_all(&mut *connection)
    .await?;
    // What others call an id is not one of ours, and names no request here.
    let sources = sources.iter().flatten().filter_map(|id| id.parse::<SpanId>().ok()).map(|id| id.to_string());
    Ok(sqlx::query_scalar(
        "WITH RECURSIVE reached (id) AS ( \
             SELECT unhex(value) FROM json_each(?2) \
             UNION SELECT answer.span_id FROM run_item AS place JOIN run_output AS answer \
                 ON answer.run = place.run AND answer.ord = place.ord \
                 WHERE place.hash IN (SELECT value FROM json_each(?1)) AND answer.span_id IS NOT NULL \
             UNION SELECT id FROM span WHERE about IN (SELECT value FROM json_each(?1)) \
             UNION SELECT again.id FROM span_again AS again WHERE again.hash IN (SELECT value FROM json_each(?1)) \
             UNION SELECT shadow.shadow_id FROM reached JOIN shadow ON shadow.span_id = reached.id \
                 WHERE shadow.shadow_id IS NOT NULL \
             UNION SELECT span.id FROM reached JOIN span ON span.about = lower(hex(reached.id)) \
             UNION SELECT next.span FROM reached JOIN response AS turn ON turn.span = reached.id \
                 JOIN response AS next ON next.previous = turn.id WHERE next.span IS NOT NULL \
         ) SELECT lower(hex(id)) FROM reached",
    )
    .bind(hashes)
    .bind(to_json(&sources.collect::<Vec<_>>())?)
    .fetch_all(connection)
    .await?)
}

/// Takes the words from what runs were answered to these items, and from what scorers said of that.
async fn forget_answers(connection: &mut SqliteConnection, hashes: &str) -> Result<(), Error> {
    const ANSWERS: &str = "SELECT answer.seq FROM run_item AS place JOIN run_output AS answer \
         ON answer.run = place.run AND answer.ord = place.ord WHERE place.hash IN (SELECT value FROM json_each(?1))";
    let words = format!("UPDATE run_score SET explanation = NULL WHERE output IN ({ANSWERS})");
    sqlx::query(sqlx::AssertSqlSafe(words)).bind(hashes).execute(&mut *connection).await?;
    let words = format!("UPDATE run_output SET output = ?2 WHERE output IS NOT NULL AND seq IN ({ANSWERS})");
    sqlx::query(sqlx::AssertSqlSafe(words)).bind(hashes).bind(NO_WORDS).execute(&mut *connection).await?;
    let words = format!("UPDATE run_output SET error = ?2 WHERE error IS NOT NULL AND seq IN ({ANSWERS})");
    sqlx::query(sqlx::AssertSqlSafe(words)).bind(hashes).bind(PURGED).execute(&mut *connection).await?;
    Ok(())
}

/// Of these, hashes of items and ids of spans, those whose words are gone: what was asked about them before, and comes
/// only now, is stored without its own.
pub(crate) async fn purged_of(
    connection: &mut SqliteConnection,
    about: HashSet<Arc<str>>,
) -> Result<HashSet<Arc<str>>, Error> {
    if about.is_empty() {
        return Ok(HashSet::new());
    }
    let purged: Vec<String> = sqlx::query_scalar(
        "SELECT about.value FROM json_each(?) AS about WHERE \
             EXISTS (SELECT 1 FROM dataset_item AS item WHERE item.hash = about.value AND item.purged_at IS NOT NULL) \
             OR EXISTS (SELECT 1 FROM span JOIN span_body AS texts ON texts.seq = span.seq \
                 WHERE span.id = unhex(about.value) AND texts.request IS NULL)",
    )
    .bind(to_json(&about.iter().collect::<Vec<_>>())?)
    .fetch_all(connection)
    .await?;
    Ok(purged.into_iter().map(Arc::from).collect())
}
