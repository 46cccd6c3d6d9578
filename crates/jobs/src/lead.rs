//! Who leads. While one process takes over from another both work on the same data, and what asks providers on schedule
//! or starts trials is done by one of them: the one that holds this file's lock. The lock goes with its process, however
//! that ends, so there is no lease to wait for and no clock to trust. SQLite keeps all of them on one machine.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

/// The file inside the data directory.
const FILE: &str = "leader.lock";

/// This process's claim to lead.
#[derive(Debug)]
pub struct Lead {
    file: File,
    held: AtomicBool,
}

impl Lead {
    /// A claim on the data in `dir`.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(dir.join(FILE))?;
        Ok(Self { file, held: AtomicBool::new(false) })
    }

    /// True when this process leads; it then leads until [`Lead::leave`] or its end. Does not block.
    pub fn is_mine(&self) -> bool {
        if !self.held.load(Relaxed) && self.file.try_lock().is_ok() {
            self.held.store(true, Relaxed);
        }
        self.held.load(Relaxed)
    }

    /// Lets another process lead.
    pub fn leave(&self) {
        self.held.store(false, Relaxed);
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the lead could not be given up; it goes with this process");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_leads_until_it_leaves_or_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let [first, second] = [(); 2].map(|()| Lead::open(dir.path()).unwrap());
        assert!(first.is_mine() && !second.is_mine() && first.is_mine());
        first.leave();
        assert!(second.is_mine() && !first.is_mine());
        drop(second);
        assert!(first.is_mine());
    }
}
