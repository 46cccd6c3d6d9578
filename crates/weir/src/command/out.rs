//! How data leaves a command: the API's own JSON, a table for people, tab-separated values for pipes. One place, so
//! that every noun prints alike.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table, Width, presets::NOTHING,
};
use serde_json::Value;

use super::{
    client::Reply,
    failure::Failure,
    io::Io,
    look::{self, Column, Look},
};

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

impl Colour {
    /// The flag wins over `NO_COLOR`, which wins over `CLICOLOR_FORCE`, which wins over what the stream is.
    pub(super) fn on(self, io: &Io<'_>, tty: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if io.env("NO_COLOR").is_some() => false,
            Self::Auto => tty || io.env("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Table,
    Tsv,
}

/// The output of one command.
pub(super) struct Out<'a, 'io> {
    io: &'a mut Io<'io>,
    form: Form,
    colour: bool,
}

impl<'a, 'io> Out<'a, 'io> {
    pub(super) fn new(io: &'a mut Io<'io>, json: bool, colour: Colour) -> Self {
        let form = match (json, io.out_tty) {
            (true, _) => Form::Json,
            (false, true) => Form::Table,
            (false, false) => Form::Tsv,
        };
        let colour = colour.on(io, io.out_tty);
        Self { io, form, colour }
    }

    /// True when nothing but JSON may be printed.
    pub(super) fn is_json(&self) -> bool {
        self.form == Form::Json
    }

    /// True when a person reads.
    pub(super) fn is_table(&self) -> bool {
        self.form == Form::Table
    }

    /// A list as the API gave it.
    pub(super) fn list(&mut self, reply: &Reply, columns: &[Column]) -> Result<(), Failure> {
        match self.form {
            Form::Json => self.line(&reply.text),
            _ => self.rows(reply.items(), columns),
        }
    }

    /// Rows under their heads; a table without rows says so.
    pub(super) fn rows(&mut self, items: &[Value], columns: &[Column]) -> Result<(), Failure> {
        if self.form == Form::Tsv {
            self.head(columns)?;
            return items.iter().try_for_each(|item| self.row(item, columns));
        }
        if items.is_empty() {
            return self.note("none");
        }
        let mut table = self.table();
        table.set_header(columns.iter().map(|column| {
            let head = Cell::new(column.head.replace('_', " "));
            if self.colour { head.add_attribute(Attribute::Bold) } else { head }
        }));
        for item in items {
            table.add_row(columns.iter().map(|column| self.cell(item, column)));
        }
        // Sentences give way where the terminal is narrow; ids and figures stay whole, to be copied.
        table.set_constraints(columns.iter().map(|column| match column.look {
            Look::Text => ColumnConstraint::LowerBoundary(Width::Fixed(20)),
            _ => ColumnConstraint::ContentWidth,
        }));
        self.line(&table.trim_fmt())
    }

    /// One thing, a line for each field.
    pub(super) fn fields(&mut self, value: &Value, fields: &[Column]) -> Result<(), Failure> {
        if self.form == Form::Tsv {
            return fields
                .iter()
                .try_for_each(|field| self.line(&format!("{}\t{}", field.head, look::raw(field.of(value)))));
        }
        let mut table = self.table();
        for field in fields {
            let value = self.cell(value, field).set_alignment(CellAlignment::Left);
            table.add_row([Cell::new(field.head.replace('_', " ")), value]);
        }
        self.line(&table.trim_fmt())
    }

    /// The heads of a stream.
    pub(super) fn head(&mut self, columns: &[Column]) -> Result<(), Failure> {
        let cells = columns.iter().map(|column| match self.form {
            Form::Table => look::pad(&column.head.replace('_', " "), column.look),
            _ => column.head.to_owned(),
        });
        let cells: Vec<String> = cells.collect();
        match self.form {
            Form::Json => Ok(()),
            Form::Table => self.line(cells.join("  ").trim_end()),
            Form::Tsv => self.line(&cells.join("\t")),
        }
    }

    /// One row of a stream, at once. Columns of a stream have fixed widths: what comes is not known.
    pub(super) fn row(&mut self, item: &Value, columns: &[Column]) -> Result<(), Failure> {
        match self.form {
            Form::Json => self.line(&item.to_string()),
            Form::Table => {
                let cells = columns.iter().map(|column| {
                    let text = look::pad(&look::pretty(column.of(item), column.look), column.look);
                    match look::colour(column.of(item), column.look).filter(|_| self.colour) {
                        Some(colour) => paint(&text, colour),
                        None => text,
                    }
                });
                let cells: Vec<String> = cells.collect();
                self.line(cells.join("  ").trim_end())
            }
            Form::Tsv => {
                let cells: Vec<String> = columns.iter().map(|column| look::raw(column.of(item))).collect();
                self.line(&cells.join("\t"))
            }
        }
    }

    /// One event of a stream: its JSON as it came, or its row.
    pub(super) fn event(&mut self, text: &str, item: &Value, columns: &[Column]) -> Result<(), Failure> {
        match self.form {
            Form::Json => self.line(text),
            _ => self.row(item, columns),
        }
    }

    /// A heading between the parts of one thing.
    pub(super) fn part(&mut self, title: &str) -> Result<(), Failure> {
        let title = if self.colour { format!("\u{1b}[1m{title}\u{1b}[0m") } else { title.to_owned() };
        self.line(&format!("\n{title}"))
    }

    /// One line of data.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.io.out, "{}", text.trim_end_matches('\n'))?;
        Ok(self.io.out.flush()?)
    }

    /// A word to the person, when one reads along.
    pub(super) fn note(&mut self, text: &str) -> Result<(), Failure> {
        if self.io.err_tty && self.form == Form::Table {
            writeln!(self.io.err, "{text}")?;
        }
        Ok(())
    }

    /// True when a person watches progress.
    pub(super) fn follows(&self) -> bool {
        self.io.err_tty && self.form == Form::Table
    }

    /// Where data goes that is no text.
    pub(super) fn writer(&mut self) -> &mut dyn std::io::Write {
        self.io.out
    }

    /// A line of progress, for logs.
    pub(super) fn progress(&mut self, text: &str) -> Result<(), Failure> {
        Ok(writeln!(self.io.err, "{text}")?)
    }

    /// The next useful command.
    pub(super) fn next(&mut self, command: &str) -> Result<(), Failure> {
        self.note(&format!("\nnext: {command}"))
    }

    /// Asks before something that moves traffic. `what` is the act, in the imperative.
    pub(super) fn confirm(&mut self, what: &str, yes: bool) -> Result<(), Failure> {
        if yes {
            return Ok(());
        }
        if !self.io.input_tty {
            return Err(Failure::usage(
                format!("this moves traffic and nobody can be asked: {what}"),
                "`--yes` does it without asking, `--dry-run` only says what it would do",
            ));
        }
        write!(self.io.err, "{what}? [y/N] ")?;
        self.io.err.flush()?;
        let mut answer = String::new();
        self.io.input.read_line(&mut answer)?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Failure::Declined),
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        // As elsewhere, `COLUMNS` wins over what the terminal says of itself.
        if let Some(width) = self.io.env("COLUMNS").and_then(|columns| columns.parse().ok()) {
            table.set_width(width);
        }
        if self.colour {
            table.enforce_styling();
        }
        table
    }

    fn cell(&self, item: &Value, column: &Column) -> Cell {
        let value = column.of(item);
        let cell = Cell::new(look::pretty(value, column.look));
        let cell = if column.look.is_number() { cell.set_alignment(CellAlignment::Right) } else { cell };
        match look::colour(value, column.look).filter(|_| self.colour) {
            Some(colour) => cell.fg(colour),
            None => cell,
        }
    }
}

/// `text` in a colour, for a stream.
fn paint(text: &str, colour: Color) -> String {
    let code = match colour {
        Color::Green => 32,
        Color::Yellow => 33,
        _ => 31,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// A failure on standard error: what, then the next step.
pub(super) fn tell(io: &mut Io<'_>, failure: &Failure, colour: Colour) {
    if matches!(failure, Failure::Closed) {
        return;
    }
    let colour = colour.on(io, io.err_tty);
    let paint = |text: &str, code: u8| match colour {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    };
    let text = match failure {
        // Configuration problems carry code, place and hint themselves.
        Failure::Other(error) if error.is::<weir_config::Invalid>() || error.to_string().starts_with("error[") => {
            error.to_string()
        }
        Failure::Declined => failure.to_string(),
        _ => {
            let hint = failure.hint().map(|hint| format!("\n\n{} {hint}", paint("hint:", 36)));
            format!("{}: {failure}{}", paint(&failure.label(), 31), hint.unwrap_or_default())
        }
    };
    // With standard error gone there is nobody left to tell.
    drop(writeln!(io.err, "{text}"));
}
