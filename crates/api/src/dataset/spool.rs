//! An upload on its way to disk: as it comes, beside the database, in a file that has no name and goes when it is
//! closed. Memory does not grow with the upload.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::body::Body;
use futures::StreamExt;
use weir_core::error;

use crate::{
    problem::{Failure, Reply},
    state::App,
};

/// A file that was uploaded, at its beginning.
pub(super) struct Spooled {
    file: File,
    /// Its length.
    pub(super) bytes: u64,
    read: Arc<AtomicU64>,
}

impl Spooled {
    /// Bytes read so far.
    pub(super) fn gauge(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }
}

impl Read for Spooled {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.file.read(into)?;
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

impl Seek for Spooled {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = self.file.seek(to)?;
        self.read.store(at, Ordering::Relaxed);
        Ok(at)
    }
}

/// Writes a body of at most `most` bytes to disk.
pub(super) async fn spool(app: &App, body: Body, most: usize) -> Reply<Spooled> {
    let failed = |error: io::Error| {
        tracing::warn!(%error, "an upload could not be kept");
        Failure::new(&error::STORE_UNAVAILABLE, "the upload could not be written beside the database")
            .hint("is the disk full? send it again")
    };
    let mut file = app.store.scratch_file()?;
    let mut bytes = 0_usize;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Failure::new(&error::BAD_JSON, "the upload broke off"))?;
        bytes += chunk.len();
        if bytes > most {
            return Err(Failure::new(&error::BODY_TOO_LARGE, format!("this route takes at most {most} bytes")));
        }
        // Into the page cache; a disk that lags holds back this upload alone.
        file = tokio::task::spawn_blocking(move || file.write_all(&chunk).map(|()| file))
            .await
            .map_err(|_| Failure::new(&error::INTERNAL, "the upload could not be written"))?
            .map_err(failed)?;
    }
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    Ok(Spooled { file, bytes: bytes as u64, read: Arc::default() })
}
