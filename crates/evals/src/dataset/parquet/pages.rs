//! Pages of a file, unpacked within a bound. The `parquet` crate takes a page header's word for its size, and with gzip,
//! brotli and framed LZ4 not even that; here its own reader gets every column as if it were not packed, and what it
//! hands over is unpacked by us. Bytes are counted for as long as anything holds them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use ::parquet::{
    basic::{Compression, Encoding, Type as Physical},
    bloom_filter::Sbbf,
    column::page::{Page, PageMetadata, PageReader},
    data_type::ByteArray,
    errors::{ParquetError, Result},
    file::{
        metadata::{ParquetMetaData, RowGroupMetaData},
        reader::{FileReader, RowGroupReader, SerializedFileReader, SerializedPageReader},
    },
    record::reader::RowIter,
    schema::types::{ColumnDescPtr, Type},
};
use bytes::Bytes;

use super::{
    delta,
    unpack::{Failure, unpack},
};

/// What is unpacked at the moment, and how much may be.
#[derive(Debug, Clone)]
struct Room {
    open: Arc<AtomicU64>,
    most: u64,
}

impl Room {
    fn free(&self) -> u64 {
        self.most.saturating_sub(self.open.load(Ordering::Relaxed))
    }

    fn take(&self, bytes: u64) -> Result<Taken> {
        if bytes > self.free() {
            return Err(self.over());
        }
        self.open.fetch_add(bytes, Ordering::Relaxed);
        Ok(Taken { open: Arc::clone(&self.open), bytes })
    }

    fn over(&self) -> ParquetError {
        let most = self.most >> 20;
        ParquetError::General(format!(
            "its pages take more than {most} MiB unpacked, the limit; write it again with smaller pages and row groups, or \
             as JSON Lines, which may have any size"
        ))
    }
}

/// A part of the room; given back when it is dropped.
struct Taken {
    open: Arc<AtomicU64>,
    bytes: u64,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.open.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Unpacked bytes; values point into them, so that they may outlive their page.
struct Held {
    bytes: Box<[u8]>,
    _taken: Taken,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A file whose pages are unpacked within a bound.
pub(super) struct Paged {
    bytes: Arc<Bytes>,
    file: SerializedFileReader<Bytes>,
    room: Room,
}

impl Paged {
    /// Reads the metadata. All pages that are unpacked at once may take `most` bytes.
    ///
    /// # Errors
    /// When it is no Parquet file.
    pub(super) fn open(bytes: Vec<u8>, most: u64) -> Result<Self> {
        let bytes = Bytes::from(bytes);
        let file = SerializedFileReader::new(bytes.clone())?;
        Ok(Self { bytes: Arc::new(bytes), file, room: Room { open: Arc::default(), most } })
    }
}

impl FileReader for Paged {
    fn metadata(&self) -> &ParquetMetaData {
        self.file.metadata()
    }
    fn num_row_groups(&self) -> usize {
        self.metadata().num_row_groups()
    }
    fn get_row_group(&self, i: usize) -> Result<Box<dyn RowGroupReader + '_>> {
        Ok(Box::new(Group { file: self, metadata: self.metadata().row_group(i) }))
    }
    fn get_row_iter(&self, projection: Option<Type>) -> Result<RowIter<'_>> {
        RowIter::from_file(projection, self)
    }
}

struct Group<'a> {
    file: &'a Paged,
    metadata: &'a RowGroupMetaData,
}

impl RowGroupReader for Group<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.metadata
    }
    fn num_columns(&self) -> usize {
        self.metadata.num_columns()
    }
    fn get_column_page_reader(&self, i: usize) -> Result<Box<dyn PageReader>> {
        let chunk = self.metadata.column(i);
        let plain = chunk.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
        let rows = usize::try_from(self.metadata.num_rows())?;
        let packed = SerializedPageReader::new(Arc::clone(&self.file.bytes), &plain, rows, None)?;
        let (codec, room, column) = (chunk.compression(), self.file.room.clone(), chunk.column_descr_ptr());
        Ok(Box::new(Pages { packed, codec, room, column, dictionary: None, lists: Vec::new() }))
    }
    fn get_column_bloom_filter(&self, _: usize) -> Option<&Sbbf> {
        None
    }
    fn get_row_iter(&self, projection: Option<Type>) -> Result<RowIter<'_>> {
        RowIter::from_row_group(projection, self)
    }
}

/// A column's pages within a row group.
struct Pages {
    packed: SerializedPageReader<Bytes>,
    codec: Compression,
    room: Room,
    column: ColumnDescPtr,
    /// The room of the dictionary's values once decoded.
    dictionary: Option<Taken>,
    /// The room of a list's values once decoded, which one row may keep for as long as there are pages.
    lists: Vec<Taken>,
}

impl Pages {
    fn unpacked(&self, packed: &[u8], levels: usize) -> Result<Bytes> {
        let (levels, values) = packed.split_at_checked(levels).ok_or_else(damaged)?;
        let free = self.room.free().saturating_sub(levels.len() as u64);
        let values = self.fits(unpack(self.codec, values, free))?;
        self.held(if levels.is_empty() { values.into() } else { [levels, &values].concat().into() })
    }

    fn fits(&self, unpacked: std::result::Result<Vec<u8>, Failure>) -> Result<Vec<u8>> {
        unpacked.map_err(|failure| match failure {
            Failure::Over => self.room.over(),
            Failure::Damaged(why) => ParquetError::General(format!("a page is damaged: {why}")),
        })
    }

    fn held(&self, bytes: Box<[u8]>) -> Result<Bytes> {
        let taken = self.room.take(bytes.len() as u64)?;
        Ok(Bytes::from_owner(Held { bytes, _taken: taken }))
    }

    /// The page with its texts in plain.
    fn plain(&self, page: Page) -> Result<Page> {
        Ok(match page {
            Page::DataPage { buf, num_values, encoding, def_level_encoding, rep_level_encoding, statistics }
                if delta::is_delta(encoding) =>
            {
                let mut levels = 0;
                let each = [
                    (self.column.max_rep_level(), rep_level_encoding),
                    (self.column.max_def_level(), def_level_encoding),
                ];
                for (_, level) in each.into_iter().filter(|(most, _)| *most > 0) {
                    let size = buf.get(levels..).and_then(|rest| rest.first_chunk::<4>());
                    let size = size.filter(|_| level == Encoding::RLE).ok_or_else(damaged)?;
                    levels += 4 + usize::try_from(u32::from_le_bytes(*size))?;
                }
                let buf = self.rewritten(&buf, levels, encoding, num_values)?;
                let encoding = Encoding::PLAIN;
                Page::DataPage { buf, num_values, encoding, def_level_encoding, rep_level_encoding, statistics }
            }
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                num_nulls,
                num_rows,
                def_levels_byte_len,
                rep_levels_byte_len,
                is_compressed,
                statistics,
            } if delta::is_delta(encoding) => {
                let levels = usize::try_from(u64::from(def_levels_byte_len) + u64::from(rep_levels_byte_len))?;
                Page::DataPageV2 {
                    buf: self.rewritten(&buf, levels, encoding, num_values)?,
                    num_values,
                    encoding: Encoding::PLAIN,
                    num_nulls,
                    num_rows,
                    def_levels_byte_len,
                    rep_levels_byte_len,
                    is_compressed,
                    statistics,
                }
            }
            other => other,
        })
    }

    fn rewritten(&self, page: &[u8], levels: usize, encoding: Encoding, count: u32) -> Result<Bytes> {
        if self.column.physical_type() != Physical::BYTE_ARRAY {
            return Err(ParquetError::General(format!(
                "its values are written as {encoding}; write it again with plain or dictionary encoding, or as JSON Lines"
            )));
        }
        let (levels, values) = page.split_at_checked(levels).ok_or_else(damaged)?;
        let free = self.room.free().saturating_sub(levels.len() as u64);
        let plain = self.fits(delta::plain(encoding, values, count, free))?;
        self.held([levels, &plain].concat().into())
    }

    /// A row of a list may be all of its page: a value and two levels each.
    fn list(&mut self, page: &Page) -> Result<()> {
        if self.column.max_rep_level() > 0 && page.is_data_page() {
            let bytes = u64::from(page.num_values()) * (size_of::<ByteArray>() as u64 + 4);
            self.lists.push(self.room.take(bytes)?);
        }
        Ok(())
    }
}

fn damaged() -> ParquetError {
    ParquetError::General("a page is damaged".to_owned())
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some(mut page) = self.packed.get_next_page()? else {
            return Ok(None);
        };
        if self.codec != Compression::UNCOMPRESSED {
            match &mut page {
                Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => *buf = self.unpacked(buf, 0)?,
                Page::DataPageV2 { is_compressed: false, .. } => {}
                // The levels stand before the values and are never packed.
                Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } => {
                    let levels = u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len);
                    *buf = self.unpacked(buf, usize::try_from(levels)?)?;
                }
            }
        }
        if let Page::DictionaryPage { num_values, .. } = page {
            // All its values are decoded at once, and the header is free to claim any number of them.
            let bytes = u64::from(num_values) * size_of::<ByteArray>() as u64;
            self.dictionary = Some(self.room.take(bytes)?);
        }
        let page = self.plain(page)?;
        self.list(&page)?;
        Ok(Some(page))
    }
    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.packed.peek_next_page()
    }
    fn skip_next_page(&mut self) -> Result<()> {
        self.packed.skip_next_page()
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;
    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}
