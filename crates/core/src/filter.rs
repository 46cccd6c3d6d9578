//! Which requests: what people write to pick some, as `score.factuality<0.5 and workload=support`. Comparisons joined by
//! `and`; each names a field, so that the store can look them up in its indexes and nothing is ever evaluated.

use std::{fmt, str::FromStr};

/// Comparisons that must all hold. Empty fits every request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter(pub Vec<Clause>);

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// What is compared.
    pub field: Field,
    /// How.
    pub op: Op,
    /// With what.
    pub value: Operand,
}

/// What a request can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// A text, by its column: `workload`, `deployment`, `status`, `code`, `tenant`, `session`, `segment`, `strategy`,
    /// `revision`, `canary` or `arm`.
    Word(&'static str),
    /// A number, by its name: `latency_ms`, `ttft_ms`, `cost_usd`, `input_tokens`, `output_tokens` or `attempts`.
    Number(&'static str),
    /// The newest grade of this scorer.
    Score(String),
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// What is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A text.
    Word(String),
    /// A finite number.
    Number(f64),
}

/// The text is no filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// Where it goes wrong, in characters from 1.
    pub column: usize,
    /// What was found and what is wanted.
    pub message: String,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.column, self.message)
    }
}

impl std::error::Error for FilterError {}

/// Fields that hold texts.
pub const WORDS: [&str; 11] = [
    "workload",
    "deployment",
    "status",
    "code",
    "tenant",
    "session",
    "segment",
    "strategy",
    "revision",
    "canary",
    "arm",
];
/// Fields that hold numbers.
pub const NUMBERS: [&str; 6] = ["latency_ms", "ttft_ms", "cost_usd", "input_tokens", "output_tokens", "attempts"];
/// Most comparisons of one filter.
const MOST: usize = 32;

impl Op {
    /// As it is written.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

impl FromStr for Filter {
    type Err = FilterError;
    fn from_str(text: &str) -> Result<Self, FilterError> {
        let mut reader = Reader { text, at: 0 };
        let mut clauses = Vec::new();
        if reader.is_over() {
            return Ok(Self(clauses));
        }
        loop {
            if clauses.len() == MOST {
                return Err(reader.wrong(format!("more than {MOST} comparisons")));
            }
            clauses.push(reader.clause()?);
            if reader.is_over() {
                return Ok(Self(clauses));
            }
            if !(reader.word("and") || reader.sign("&&") || reader.sign(",")) {
                return Err(reader.wrong("wanted `and` and another comparison".to_owned()));
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn is_over(&mut self) -> bool {
        self.rest().is_empty()
    }

    fn wrong(&self, message: String) -> FilterError {
        FilterError { column: self.text[..self.at].chars().count() + 1, message }
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let found = rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !rest[word.len()..].starts_with(is_name);
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn clause(&mut self) -> Result<Clause, FilterError> {
        let rest = self.rest();
        let name = &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())];
        let field = field(name).ok_or_else(|| {
            let found = if name.is_empty() { "no field".to_owned() } else { format!("no field is called `{name}`") };
            self.wrong(format!("{found}; there are {}, {} and score.NAME", WORDS.join(", "), NUMBERS.join(", ")))
        })?;
        self.at += name.len();
        let ops = [
            ("<=", Op::Le),
            (">=", Op::Ge),
            ("!=", Op::Ne),
            ("==", Op::Eq),
            ("=", Op::Eq),
            ("<", Op::Lt),
            (">", Op::Gt),
        ];
        let Some((_, op)) = ops.into_iter().find(|(sign, _)| self.sign(sign)) else {
            return Err(self.wrong("wanted =, !=, <, <=, > or >=".to_owned()));
        };
        let start = self.at;
        let word = self.value()?;
        let value = match field {
            Field::Word(_) if !matches!(op, Op::Eq | Op::Ne) => {
                self.at = start;
                return Err(self.wrong(format!("`{name}` is a text, which is = or != another")));
            }
            Field::Word(_) => Operand::Word(word),
            Field::Number(_) | Field::Score(_) => {
                let number = word.parse().ok().filter(|number: &f64| number.is_finite());
                Operand::Number(number.ok_or_else(|| {
                    self.at = start;
                    self.wrong(format!("`{word}` is no number, which `{name}` is compared with"))
                })?)
            }
        };
        Ok(Clause { field, op, value })
    }

    fn value(&mut self) -> Result<String, FilterError> {
        let rest = self.rest();
        if let Some(quote @ ('"' | '\'')) = rest.chars().next() {
            let Some(end) = rest[1..].find(quote) else {
                return Err(self.wrong(format!("a text that begins with {quote} and does not end")));
            };
            self.at += end + 2;
            return Ok(rest[1..=end].to_owned());
        }
        let word = &rest[..rest.find(|c: char| c.is_whitespace() || c == ',' || c == '&').unwrap_or(rest.len())];
        if word.is_empty() {
            return Err(self.wrong("wanted a value".to_owned()));
        }
        self.at += word.len();
        Ok(word.to_owned())
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn field(name: &str) -> Option<Field> {
    if let Some(scorer) = name.strip_prefix("score.").filter(|scorer| !scorer.is_empty()) {
        return Some(Field::Score(scorer.to_owned()));
    }
    // A deployment is a model at a provider.
    let name = if name == "model" { "deployment" } else { name };
    let word = WORDS.iter().find(|known| **known == name).map(|known| Field::Word(known));
    word.or_else(|| NUMBERS.iter().find(|known| **known == name).map(|known| Field::Number(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_read_with_their_fields() {
        let filter: Filter =
            "score.fact-2<0.5 and workload=support && status != 'failed' and latency_ms>=10".parse().unwrap();
        let word = |text: &str| Operand::Word(text.into());
        assert_eq!(
            filter.0,
            [
                Clause { field: Field::Score("fact-2".into()), op: Op::Lt, value: Operand::Number(0.5) },
                Clause { field: Field::Word("workload"), op: Op::Eq, value: word("support") },
                Clause { field: Field::Word("status"), op: Op::Ne, value: word("failed") },
                Clause { field: Field::Number("latency_ms"), op: Op::Ge, value: Operand::Number(10.0) },
            ]
        );
        assert_eq!(" ".parse(), Ok(Filter::default()));
        let model: Filter = "model=sim/large".parse().unwrap();
        assert_eq!(model.0[0].field, Field::Word("deployment"));
    }

    #[test]
    fn what_is_no_filter_says_where() {
        for (text, column, part) in [
            ("wrkload=a", 1, "`wrkload`"),
            ("workload", 9, "wanted ="),
            ("workload=", 10, "a value"),
            ("workload<a", 10, "is a text"),
            ("score.x=good", 9, "no number"),
            ("workload=a or status=ok", 12, "`and`"),
            ("workload='a", 10, "does not end"),
            ("workload=a and", 15, "no field"),
            ("score.=1", 1, "`score.`"),
        ] {
            let error = text.parse::<Filter>().unwrap_err();
            assert_eq!(error.column, column, "{text}: {error}");
            assert!(error.message.contains(part), "{text}: {error}");
        }
    }
}
