//! The key of end users' feedback tokens: drawn at the first start and kept beside the database, so that a token
//! outlives a restart and every process on the same data agrees.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::Path,
};

use anyhow::{Context, bail};
use weir_config::FeedbackKey;
use weir_core::{Entropy, SpanId};

/// The key's file inside the data directory.
const FILE: &str = "feedback.key";

/// The key that is there, or a new one.
///
/// # Errors
/// When the file cannot be used or does not hold a key.
pub(super) fn key(data_dir: &Path, entropy: &dyn Entropy) -> anyhow::Result<FeedbackKey> {
    let path = data_dir.join(FILE);
    let place = || path.display().to_string();
    let mut bytes = [0; 32];
    for half in bytes.chunks_exact_mut(16) {
        half.copy_from_slice(&SpanId::draw(entropy).bits().to_be_bytes());
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&path) {
        Ok(mut file) => {
            file.write_all(&bytes).with_context(place)?;
            file.sync_all().with_context(place)?;
            Ok(FeedbackKey::new(bytes))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let kept = fs::read(&path).with_context(place)?;
            match kept.try_into() {
                Ok(kept) => Ok(FeedbackKey::new(kept)),
                Err(_) => bail!(
                    "{} does not hold 32 bytes; delete it, and feedback tokens given out so far are void",
                    place()
                ),
            }
        }
        Err(error) => Err(error).with_context(place),
    }
}
