//! The write-ahead spool: every finished request is one `write` to an append-only segment before its last byte goes
//! to the client, so a killed process loses nothing that a client saw complete. (The page cache survives `kill -9`;
//! power loss is SQLite's concern.) The recorder commits the same records to the store from memory and deletes a
//! segment once nothing refers to it; what it could not take from memory it replays from the file.
//!
//! A frame is `[magic u32][body length u32][CRC-32 of body, u32][body]`, little endian; the body is span JSON and
//! the two texts. A frame cut by the kill fails its checksum and ends its segment.
//!
//! While one process takes over from another both have segments here. A segment is locked for as long as a process holds
//! it, and the lock goes with the process: what nobody has locked was left behind, and whoever locks it first reads it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use arc_swap::ArcSwap;
use bytes::{Buf, BufMut, Bytes};
use weir_core::span::{Payload, Record, Span};
use weir_store::Written;

const MAGIC: u32 = 0x7765_6972;
const HEADER: usize = 12;
/// After the header, two lengths of four bytes, then the span.
const SPAN_START: usize = HEADER + 8;
/// A segment is closed at this size.
const SEGMENT_BYTES: u64 = 8 << 20;
/// Frames larger than this are damage, not data.
const MAX_FRAME: usize = 64 << 20;

/// One append-only file. Records in flight hold a reference; when none is left it can go.
#[derive(Debug)]
pub(crate) struct Segment {
    file: File,
    path: PathBuf,
    bytes: AtomicU64,
    /// Some record was not handed on in memory and must be read back from here.
    behind: AtomicBool,
}

impl Segment {
    /// `None` where another process has the number, or took the file for one that was left behind before it was locked.
    fn create(path: PathBuf) -> io::Result<Option<Arc<Self>>> {
        let file = match OpenOptions::new().append(true).create_new(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            Err(error) => return Err(error),
        };
        if file.try_lock().is_err() || !path.exists() {
            return Ok(None);
        }
        Ok(Some(Arc::new(Self { file, path, bytes: AtomicU64::new(0), behind: AtomicBool::new(false) })))
    }

    /// Marks a record of this segment as not handed on in memory.
    pub(crate) fn fall_behind(&self) {
        self.behind.store(true, Relaxed);
    }

    /// True when the file must be read back before it is deleted.
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.load(Relaxed)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// A segment of a process that is gone. Locked, so that only this process reads it.
#[derive(Debug)]
pub(crate) struct Orphan {
    pub(crate) path: PathBuf,
    _locked: File,
}

/// What lies in the spool folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Left behind, oldest first; from now on this process's.
    pub(crate) orphans: Vec<Orphan>,
    /// Segments that some process holds, this one included.
    pub(crate) held: usize,
}

/// The spool folder.
#[derive(Debug)]
pub(crate) struct Spool {
    dir: PathBuf,
    active: ArcSwap<Segment>,
    next: AtomicU64,
    max_bytes: u64,
}

impl Spool {
    /// Opens the folder and starts a fresh segment.
    pub(crate) fn open(dir: &Path, max_bytes: u64) -> io::Result<(Self, Found)> {
        fs::create_dir_all(dir)?;
        let found = look(dir)?;
        let numbers = paths(dir)?.into_iter().filter_map(|path| path.file_stem()?.to_str()?.parse::<u64>().ok());
        let next = AtomicU64::new(numbers.max().unwrap_or(0) + 1);
        let active = ArcSwap::new(fresh(dir, &next)?);
        Ok((Self { dir: dir.to_owned(), active, next, max_bytes }, found))
    }

    /// Takes what was left behind meanwhile.
    pub(crate) fn look(&self) -> io::Result<Found> {
        look(&self.dir)
    }

    /// Appends one record: one `write`, no lock of ours. The kernel keeps appends whole. Gives back the record as it is
    /// in the frame, which it shares: its span's JSON is written once for spool and store, its texts are held once.
    pub(crate) fn append(&self, record: &mut Record) -> io::Result<(Arc<Segment>, Bytes)> {
        let frame = encode(record)?;
        let segment = self.active.load_full();
        (&segment.file).write_all(&frame.bytes)?;
        segment.bytes.fetch_add(frame.bytes.len() as u64, Relaxed);
        let (span_end, request_end) = (frame.span_end, frame.span_end + record.payload.request.len());
        let response_end = request_end + record.payload.response.len();
        record.payload.request = frame.bytes.slice(span_end..request_end);
        record.payload.response = frame.bytes.slice(request_end..response_end);
        Ok((segment, frame.bytes.slice(SPAN_START..span_end)))
    }

    /// True when the active segment is large enough to close.
    pub(crate) fn is_full(&self) -> bool {
        self.active.load().bytes.load(Relaxed) >= SEGMENT_BYTES
    }

    /// True when the active segment holds anything.
    pub(crate) fn is_used(&self) -> bool {
        self.active.load().bytes.load(Relaxed) > 0
    }

    /// True when the active segment must be read back.
    pub(crate) fn is_behind(&self) -> bool {
        self.active.load().is_behind()
    }

    /// Starts a fresh segment and returns the closed one.
    pub(crate) fn rotate(&self) -> io::Result<Arc<Segment>> {
        Ok(self.active.swap(fresh(&self.dir, &self.next)?))
    }

    /// Bytes all segments may take together.
    pub(crate) const fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Bytes all segments take now.
    pub(crate) fn used_bytes(&self) -> u64 {
        let sizes =
            fs::read_dir(&self.dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len()));
        sizes.sum()
    }
}

/// A new segment under the next number that is free.
fn fresh(dir: &Path, next: &AtomicU64) -> io::Result<Arc<Segment>> {
    loop {
        let number = next.fetch_add(1, Relaxed);
        if let Some(segment) = Segment::create(dir.join(format!("{number:012}.spool")))? {
            return Ok(segment);
        }
    }
}

/// Every segment, oldest first.
fn paths(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "spool"))
        .collect();
    paths.sort();
    Ok(paths)
}

fn look(dir: &Path) -> io::Result<Found> {
    let mut found = Found::default();
    for path in paths(dir)? {
        // One that is gone by now was stored by its process; one that may not be read is left for a person to see.
        let Ok(file) = File::open(&path) else { continue };
        match file.try_lock() {
            Ok(()) if path.exists() => found.orphans.push(Orphan { path, _locked: file }),
            Ok(()) => {}
            Err(_) => found.held += 1,
        }
    }
    Ok(found)
}

struct Frame {
    bytes: Bytes,
    span_end: usize,
}

fn encode(record: &Record) -> io::Result<Frame> {
    let Payload { request, response, truncated } = &record.payload;
    let mut frame = Vec::with_capacity(SPAN_START + 2_048 + request.len() + response.len());
    frame.resize(SPAN_START, 0);
    serde_json::to_writer(&mut frame, &record.span)?;
    let span_end = frame.len();
    frame.extend_from_slice(request);
    frame.extend_from_slice(response);
    frame.push(u8::from(*truncated));
    let length = |from: usize, to: usize| u32::try_from(to - from).map_err(io::Error::other);
    let (span_length, request_length) = (length(SPAN_START, span_end)?, length(0, request.len())?);
    let body_length = length(HEADER, frame.len())?;
    let (header, body) = frame.split_at_mut(HEADER);
    let mut lengths = body.get_mut(..8).unwrap_or_default();
    lengths.put_u32_le(span_length);
    lengths.put_u32_le(request_length);
    let checksum = crc32fast::hash(body);
    let mut header = header;
    header.put_u32_le(MAGIC);
    header.put_u32_le(body_length);
    header.put_u32_le(checksum);
    Ok(Frame { bytes: frame.into(), span_end })
}

/// Reads a segment's records in order, in bounded memory. Stops without error at a cut or damaged frame: that is the
/// end of what was written whole.
pub(crate) struct Reader<R> {
    source: R,
}

impl Reader<io::BufReader<File>> {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self::new(io::BufReader::new(File::open(path)?)))
    }
}

impl<R: Read> Reader<R> {
    pub(crate) const fn new(source: R) -> Self {
        Self { source }
    }

    fn frame(&mut self) -> Option<Written> {
        let mut header = [0; HEADER];
        self.source.read_exact(&mut header).ok()?;
        let mut fields = &header[..];
        let (magic, length, checksum) = (fields.get_u32_le(), fields.get_u32_le() as usize, fields.get_u32_le());
        if magic != MAGIC || length > MAX_FRAME {
            return None;
        }
        let mut body = vec![0; length];
        self.source.read_exact(&mut body).ok()?;
        if crc32fast::hash(&body) != checksum {
            return None;
        }
        decode(body.into())
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Written;
    fn next(&mut self) -> Option<Written> {
        self.frame()
    }
}

fn decode(mut body: Bytes) -> Option<Written> {
    let span_length = body.try_get_u32_le().ok()? as usize;
    let request_length = body.try_get_u32_le().ok()? as usize;
    let truncated = *body.last()? == 1;
    body.truncate(body.len() - 1);
    if body.len() < span_length.checked_add(request_length)? {
        return None;
    }
    let span_json = body.split_to(span_length);
    let span: Span = serde_json::from_slice(&span_json).ok()?;
    let payload = Payload { request: body.split_to(request_length), response: body, truncated };
    Some(Written { record: Arc::new(Record { span, payload }), span_json })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::record;

    fn records(source: impl Read) -> Vec<Record> {
        Reader::new(source).map(|written| (*written.record).clone()).collect()
    }

    #[test]
    fn what_was_appended_is_read_back_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, left) = Spool::open(dir.path(), 1 << 30).unwrap();
        assert!(left.orphans.is_empty());
        let written: Vec<_> = (0..10).map(record).collect();
        for record in &written {
            let mut shared = record.clone();
            let (_, json) = spool.append(&mut shared).unwrap();
            assert_eq!(shared, *record, "the record keeps its texts");
            assert_eq!(json, serde_json::to_vec(&record.span).unwrap());
        }
        let closed = spool.rotate().unwrap();
        assert_eq!(records(File::open(closed.path()).unwrap()), written);
    }

    #[test]
    fn a_segment_cut_at_any_byte_gives_every_whole_frame_before_the_cut() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(dir.path(), 1 << 30).unwrap();
        let mut ends = Vec::new();
        for number in 0..3 {
            let (segment, _) = spool.append(&mut record(number)).unwrap();
            ends.push(segment.bytes.load(Relaxed) as usize);
        }
        let whole = fs::read(spool.rotate().unwrap().path()).unwrap();
        for length in 0..=whole.len() {
            let expected = ends.iter().filter(|&&end| end <= length).count();
            let found = Reader::new(&whole[..length]).count();
            assert_eq!(found, expected, "cut at {length}");
        }
    }

    #[test]
    fn a_restart_finds_what_was_left_and_numbers_on() {
        let dir = tempfile::tempdir().unwrap();
        let (first, _) = Spool::open(dir.path(), 1 << 30).unwrap();
        first.append(&mut record(1)).unwrap();
        drop(first);
        let (_, left) = Spool::open(dir.path(), 1 << 30).unwrap();
        assert_eq!((left.orphans.len(), left.held), (1, 0));
        assert_eq!(records(File::open(&left.orphans[0].path).unwrap()), [record(1)]);
    }

    #[test]
    fn what_another_process_holds_is_left_alone_until_it_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let (elder, _) = Spool::open(dir.path(), 1 << 30).unwrap();
        elder.append(&mut record(1)).unwrap();
        let (heir, found) = Spool::open(dir.path(), 1 << 30).unwrap();
        assert_eq!((found.orphans.len(), found.held), (0, 1));
        elder.append(&mut record(2)).unwrap();
        let closed = elder.rotate().unwrap();
        let found = heir.look().unwrap();
        assert_eq!((found.orphans.len(), found.held), (0, 3), "both of the elder's, and its own");
        drop((elder, closed));
        let found = heir.look().unwrap();
        let left: Vec<_> = found.orphans.iter().flat_map(|orphan| records(File::open(&orphan.path).unwrap())).collect();
        assert_eq!(left, [record(1), record(2)]);
        assert_eq!(heir.look().unwrap().orphans.len(), 0, "they are this process's now");
    }
}
