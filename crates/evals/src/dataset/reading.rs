//! A file as rows. Content decides what it is: first how rows are wrapped, then whose rows they are. Nothing is read
//! twice but the beginning, and only whole documents (a JSON list, YAML, Parquet) are held in memory.

use std::io::{Read, Seek, SeekFrom};

use serde_json::{Map, Value};

use super::{
    Format, Header, Item, Mapping, RawRow, Row, RowError, array,
    containers::{self, Rows},
    parquet, vendor, weir, write,
};

/// Bytes at the beginning that a file is judged by.
const HEAD: u64 = 1 << 20;
/// Rows at the beginning that columns are gathered from.
const SAMPLE: usize = 1_000;
/// Columns told of a file.
const COLUMNS: usize = 256;
/// Largest document that has to be read whole, in bytes.
pub const WHOLE_LIMIT: u64 = 256 << 20;

/// Where a file comes from.
pub trait Source: Read + Seek + Send + 'static {}

impl<T: Read + Seek + Send + 'static> Source for T {}

/// A file being read, row by row.
pub struct Reading {
    format: Format,
    header: Option<Header>,
    columns: Vec<String>,
    mapping: Mapping,
    rows: Rows,
    reader: Reader,
}

/// How a row becomes an item.
enum Reader {
    Weir {
        headed: bool,
    },
    Cells,
    Vendor(vendor::Reader),
    /// promptfoo's, over what all cases of the file share.
    Cases(Value),
    Mapped,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("format", &self.format).field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// How rows are wrapped, as far as the beginning tells.
enum Shape {
    Lines,
    List,
    Document,
    Csv,
    Yaml,
    Parquet,
    Nothing(String),
}

/// A file taken apart, before it is known whose it is.
struct Opened {
    shape: Format,
    columns: Vec<String>,
    rows: Rows,
    /// The document's fields beside its rows.
    others: Map<String, Value>,
    /// The header of a file of ours that is no JSON Lines.
    header: Option<String>,
}

impl Reading {
    /// Opens a file. Never fails: a file that is nothing at all is one bad row. `name` helps to tell formats apart;
    /// `given` overrides the guessed columns, and any format but our own.
    pub fn open(mut source: impl Source, name: &str, given: Option<&Mapping>) -> Self {
        let name = name.to_ascii_lowercase();
        let mut head = Vec::new();
        let opened = source
            .by_ref()
            .take(HEAD)
            .read_to_end(&mut head)
            .and_then(|_| source.seek(SeekFrom::Start(0)))
            .map_err(|error| RowError::new(1, error.to_string()))
            .and_then(|_| unwrap(source, &head, &name));
        match opened {
            Ok(opened) => Self::settle(opened, given),
            Err(error) => Self::settle(nothing(error), given),
        }
    }

    /// What the file is.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }
    /// Its header, in the canonical form.
    #[must_use]
    pub const fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }
    /// Its columns, where it has any, in order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
    /// Which column is read as what; guessed unless given.
    #[must_use]
    pub const fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Looks at the first rows to tell whose they are.
    fn settle(opened: Opened, given: Option<&Mapping>) -> Self {
        let Opened { shape, mut columns, mut rows, others, header } = opened;
        let first: Vec<RawRow> = rows.by_ref().take(SAMPLE).collect();
        let objects = || first.iter().filter_map(|(_, row)| row.as_ref().ok()?.as_object());
        let (mut format, mut reader) = (shape, Reader::Mapped);
        let mut parsed = header.as_deref().and_then(|text| serde_json::from_str::<Header>(text).ok());
        if header.is_some() {
            (format, reader) = (Format::Weir, Reader::Cells);
        } else if let Some(head) = objects().find(|fields| fields.get("weir").is_some_and(|is| is == weir::VERSION)) {
            parsed = serde_json::from_value(Value::Object(head.clone())).ok();
            (format, reader) = (Format::Weir, Reader::Weir { headed: false });
        } else if given.is_none_or(|given| !given.has_columns())
            && let Some((vendor, read)) = objects().find_map(vendor::of)
        {
            let default = others.get("defaultTest").filter(|_| vendor == Format::Promptfoo).cloned();
            (format, reader) = (vendor, default.map_or(Reader::Vendor(read), Reader::Cases));
        }
        let mut mapping = Mapping::default();
        if matches!(reader, Reader::Mapped) {
            for key in objects().flat_map(|fields| fields.keys()) {
                if columns.len() < COLUMNS && !columns.contains(key) {
                    columns.push(key.clone());
                }
            }
            mapping = Mapping::settle(given, &columns);
        }
        mapping.separator = given.and_then(|given| given.separator.clone());
        let rows = Box::new(first.into_iter().chain(rows));
        Self { format, header: parsed, columns, mapping, rows, reader }
    }

    fn item(&mut self, line: u64, value: Value) -> Option<Result<Item, RowError>> {
        if let Reader::Weir { headed } = &mut self.reader {
            if value.get("weir").is_none() {
                return Some(weir::item(line, value, self.header.as_ref()));
            }
            if std::mem::replace(headed, true) {
                return Some(Err(RowError::new(line, "a second header")));
            }
            let read = serde_json::from_value::<Header>(value);
            return read.err().map(|error| Err(RowError::new(line, format!("the header: {error}"))));
        }
        let Value::Object(mut fields) = value else {
            return Some(Err(RowError::new(line, "the row is no object")));
        };
        if let Some(separator) = &self.mapping.separator {
            vendor::part(&mut fields, separator);
        }
        Some(match &self.reader {
            Reader::Cells => weir::cells(line, fields, self.header.as_ref()),
            Reader::Vendor(read) => read(line, &fields),
            Reader::Cases(default) => {
                let mut case = Value::Object(fields);
                vendor::promptfoo::over(default, &mut case);
                case.as_object().map_or_else(
                    || Err(RowError::new(line, "the row is no object")),
                    |case| vendor::promptfoo::item(line, case),
                )
            }
            _ => self.mapping.item(line, &Value::Object(fields)),
        })
    }
}

impl Iterator for Reading {
    type Item = Row;
    fn next(&mut self) -> Option<Row> {
        loop {
            let (line, row) = self.rows.next()?;
            let result = match row {
                Err(error) => Some(Err(error)),
                Ok(value) => self.item(line, value),
            };
            if let Some(result) = result {
                return Some(Row { line, result });
            }
        }
    }
}

fn nothing(error: RowError) -> Opened {
    let rows = containers::listed(vec![(error.line, Err(error))]);
    Opened { shape: Format::Jsonl, columns: Vec::new(), rows, others: Map::new(), header: None }
}

fn unwrap(source: impl Source, head: &[u8], name: &str) -> Result<Opened, RowError> {
    if !head.starts_with(b"\xff\xfe") && !head.starts_with(b"\xfe\xff") {
        return of_bytes(source, head, name);
    }
    // What spreadsheets call Unicode text.
    let text = containers::utf16(&whole(source)?)?.into_bytes();
    let head = text.get(..usize::try_from(HEAD).unwrap_or(usize::MAX)).unwrap_or(&text).to_vec();
    of_bytes(containers::source(text), &head, name)
}

fn of_bytes(mut source: impl Source, head: &[u8], name: &str) -> Result<Opened, RowError> {
    let plain = |shape, rows| Opened { shape, columns: Vec::new(), rows, others: Map::new(), header: None };
    match shape(head, name) {
        Shape::Nothing(why) => Err(RowError::new(1, why)),
        Shape::Lines => Ok(plain(Format::Jsonl, containers::lines(source))),
        Shape::Csv => {
            if head.starts_with(b"\xef\xbb\xbf") {
                source.seek(SeekFrom::Start(3)).map_err(|error| RowError::new(1, error.to_string()))?;
            }
            let (mut columns, rows) = containers::csv(source, containers::separator(head, name))?;
            let ours = columns.last().and_then(|last| last.strip_prefix(write::MARK)).map(str::to_owned);
            if ours.is_some() {
                columns.clear();
            }
            Ok(Opened { shape: Format::Csv, columns, rows, others: Map::new(), header: ours })
        }
        Shape::Parquet => {
            let (columns, rows, header) = parquet::open(whole(source)?, parquet::OPEN_LIMIT)?;
            let columns = if header.is_some() { Vec::new() } else { columns };
            Ok(Opened { shape: Format::Parquet, columns, rows, others: Map::new(), header })
        }
        Shape::List => {
            let bytes = whole(source)?;
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            Ok(plain(Format::JsonArray, containers::listed(array::read(bytes))))
        }
        Shape::Yaml => {
            let bytes = whole(source)?;
            let (rows, others) = containers::yaml(containers::utf8(&bytes)?);
            Ok(Opened { others, ..plain(Format::Promptfoo, containers::listed(rows)) })
        }
        Shape::Document => {
            let bytes = whole(source)?;
            match containers::utf8(&bytes).ok().and_then(containers::document) {
                Some((rows, others)) => Ok(Opened { others, ..plain(Format::JsonArray, containers::listed(rows)) }),
                // Broken, or no list in it: as lines every place that is wrong has its number.
                None => Ok(plain(Format::Jsonl, containers::lines(containers::source(bytes)))),
            }
        }
    }
}

fn shape(head: &[u8], name: &str) -> Shape {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if head.starts_with(b"PAR1") {
        return Shape::Parquet;
    }
    if name.ends_with(".parquet") {
        let found = "named .parquet and no Parquet file: that begins and ends with `PAR1`; download or write it again, or \
                     give it the name ending of what it is";
        return Shape::Nothing(found.to_owned());
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"\x1f\x8b") {
        let found = "a spreadsheet or an archive; wanted JSON Lines, a JSON list, CSV, YAML or Parquet";
        return Shape::Nothing(found.to_owned());
    }
    let text = head.trim_ascii_start();
    match text.first() {
        None => Shape::Nothing("the file is empty".to_owned()),
        Some(b'[') => Shape::List,
        Some(b'{') => document_or_lines(text),
        _ if name.ends_with(".yaml") || name.ends_with(".yml") => Shape::Yaml,
        _ if name.ends_with(".jsonl") || name.ends_with(".ndjson") => Shape::Lines,
        _ if text.starts_with(b"tests:") || text.windows(7).any(|part| part == b"\ntests:") => Shape::Yaml,
        _ => Shape::Csv,
    }
}

/// The first line decides: a whole value that holds no list of rows is the first of many, one that goes on below is a
/// document.
fn document_or_lines(text: &[u8]) -> Shape {
    let mut lines = text.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    match serde_json::from_slice::<Value>(first) {
        Ok(value) => {
            let alone = lines.all(|line| line.trim_ascii().is_empty());
            let holds = std::str::from_utf8(first).is_ok_and(|text| containers::document(text).is_some());
            let is_row = value.as_object().is_some_and(|fields| vendor::of(fields).is_some());
            if alone && holds && !is_row { Shape::Document } else { Shape::Lines }
        }
        Err(error) if error.is_eof() => Shape::Document,
        Err(_) => Shape::Lines,
    }
}

fn whole(source: impl Source) -> Result<Vec<u8>, RowError> {
    let mut bytes = Vec::new();
    let read = source.take(WHOLE_LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|error| RowError::new(1, error.to_string()))?;
    if bytes.len() as u64 > WHOLE_LIMIT {
        let most = WHOLE_LIMIT >> 20;
        return Err(RowError::new(1, format!("a document of over {most} MiB; as JSON Lines it may have any size")));
    }
    Ok(bytes)
}
