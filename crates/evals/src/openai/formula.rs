//! What a `multi` makes of its graders' scores, in the arithmetic that OpenAI's Evals define: numbers, graders' names,
//! `+ - * / ^`, brackets, and `min max abs floor ceil exp sqrt log`. Names may hold hyphens only where that leaves no
//! doubt, so `a-b` is a difference unless a grader is called `a-b`.

use std::collections::BTreeMap;

/// Longest formula, in bytes.
const MOST_BYTES: usize = 4 * 1024;
/// Most brackets, signs and functions within each other.
const MOST_DEPTH: u32 = 64;

/// A formula over named scores.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Formula(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    Score(String),
    Negative(Box<Self>),
    Pair(Operator, Box<Self>, Box<Self>),
    Call(Function, Vec<Self>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Plus,
    Minus,
    Times,
    Over,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Min,
    Max,
    Abs,
    Floor,
    Ceil,
    Exp,
    Sqrt,
    Log,
}

const FUNCTIONS: [(&str, Function); 8] = [
    ("min", Function::Min),
    ("max", Function::Max),
    ("abs", Function::Abs),
    ("floor", Function::Floor),
    ("ceil", Function::Ceil),
    ("exp", Function::Exp),
    ("sqrt", Function::Sqrt),
    ("log", Function::Log),
];

impl Formula {
    /// Reads a formula over scores of these names.
    ///
    /// # Errors
    /// What was found, where, and what is wanted.
    pub(super) fn parse(source: &str, names: &[&str]) -> Result<Self, String> {
        if source.len() > MOST_BYTES {
            return Err(format!("it has {} bytes, at most {MOST_BYTES} are taken", source.len()));
        }
        let mut reader = Reader { rest: source, names, depth: 0 };
        let tree = reader.sum()?;
        if reader.rest.trim_start().is_empty() { Ok(Self(tree)) } else { Err(reader.unexpected("an operator")) }
    }

    /// Its value; `None` where a score is missing or the result is no finite number.
    pub(super) fn value(&self, scores: &BTreeMap<String, f64>) -> Option<f64> {
        self.0.value(scores).filter(|value| value.is_finite())
    }
}

impl Node {
    fn value(&self, scores: &BTreeMap<String, f64>) -> Option<f64> {
        Some(match self {
            Self::Number(number) => *number,
            Self::Score(name) => *scores.get(name)?,
            Self::Negative(of) => -of.value(scores)?,
            Self::Pair(operator, left, right) => {
                let (left, right) = (left.value(scores)?, right.value(scores)?);
                match operator {
                    Operator::Plus => left + right,
                    Operator::Minus => left - right,
                    Operator::Times => left * right,
                    Operator::Over => left / right,
                    Operator::Power => left.powf(right),
                }
            }
            Self::Call(function, given) => {
                let given: Vec<f64> = given.iter().map(|one| one.value(scores)).collect::<Option<_>>()?;
                let first = *given.first()?;
                match function {
                    Function::Min => given.into_iter().fold(f64::INFINITY, f64::min),
                    Function::Max => given.into_iter().fold(f64::NEG_INFINITY, f64::max),
                    Function::Abs => first.abs(),
                    Function::Floor => first.floor(),
                    Function::Ceil => first.ceil(),
                    Function::Exp => first.exp(),
                    Function::Sqrt => first.sqrt(),
                    Function::Log => first.ln(),
                }
            }
        })
    }
}

struct Reader<'a> {
    rest: &'a str,
    names: &'a [&'a str],
    depth: u32,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn takes(&mut self, wanted: char) -> bool {
        let found = self.next() == Some(wanted);
        if found {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        found
    }

    fn unexpected(&mut self, wanted: &str) -> String {
        match self.next() {
            Some(found) => format!("found `{found}`, wanted {wanted}"),
            None => format!("it ends where {wanted} is wanted"),
        }
    }

    fn sum(&mut self) -> Result<Node, String> {
        let mut left = self.product()?;
        loop {
            let operator = match self.next() {
                Some('+') => Operator::Plus,
                Some('-') => Operator::Minus,
                _ => return Ok(left),
            };
            self.rest = &self.rest[1..];
            left = Node::Pair(operator, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Node, String> {
        let mut left = self.signed()?;
        loop {
            let operator = match self.next() {
                Some('*') if !self.rest.starts_with("**") => Operator::Times,
                Some('/') => Operator::Over,
                _ => return Ok(left),
            };
            self.rest = &self.rest[1..];
            left = Node::Pair(operator, Box::new(left), Box::new(self.signed()?));
        }
    }

    fn signed(&mut self) -> Result<Node, String> {
        self.deeper(|reader| {
            if reader.takes('-') {
                return Ok(Node::Negative(Box::new(reader.signed()?)));
            }
            if reader.takes('+') {
                return reader.signed();
            }
            let base = reader.atom()?;
            if reader.takes('^') {
                // To the right, and tighter than a sign before it: -2^2 is -4, 2^3^2 is 512.
                return Ok(Node::Pair(Operator::Power, Box::new(base), Box::new(reader.signed()?)));
            }
            Ok(base)
        })
    }

    fn atom(&mut self) -> Result<Node, String> {
        if self.takes('(') {
            let inner = self.sum()?;
            return self.closed(inner);
        }
        match self.next() {
            Some(digit) if digit.is_ascii_digit() || digit == '.' => self.number(),
            Some(letter) if letter.is_alphabetic() || letter == '_' => self.named(),
            _ => Err(self.unexpected("a number, a grader's name or a bracket")),
        }
    }

    fn number(&mut self) -> Result<Node, String> {
        let plain = self.rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.rest.len());
        let mut end = plain;
        if let Some(power) = self.rest[plain..].strip_prefix(['e', 'E']) {
            let sign = usize::from(power.starts_with(['+', '-']));
            let digits = power[sign..].bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 {
                end = plain + 1 + sign + digits;
            }
        }
        let (text, rest) = self.rest.split_at(end);
        let number = text.parse().map_err(|_| format!("`{text}` is no number"))?;
        self.rest = rest;
        Ok(Node::Number(number))
    }

    fn named(&mut self) -> Result<Node, String> {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        // The longest name that a grader has, as far as it is not a part of a longer word.
        let whole = |name: &&&str| self.rest.strip_prefix(**name).is_some_and(|rest| !rest.starts_with(part));
        if let Some(name) = self.names.iter().filter(whole).max_by_key(|name| name.len()) {
            let node = Node::Score((*name).to_owned());
            self.rest = &self.rest[name.len()..];
            return Ok(node);
        }
        let end = self.rest.find(|c: char| !part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        let Some((_, function)) = FUNCTIONS.into_iter().find(|(known, _)| *known == word) else {
            let known: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
            return Err(format!("`{word}` does not exist; there are {}", known.join(", ")));
        };
        self.rest = rest;
        if !self.takes('(') {
            return Err(self.unexpected(&format!("`(` after `{word}`")));
        }
        let mut given = vec![self.sum()?];
        while self.takes(',') {
            given.push(self.sum()?);
        }
        if given.len() > 1 && !matches!(function, Function::Min | Function::Max) {
            return Err(format!("`{word}` takes one value, found {}", given.len()));
        }
        self.closed(Node::Call(function, given))
    }

    fn closed(&mut self, node: Node) -> Result<Node, String> {
        if self.takes(')') { Ok(node) } else { Err(self.unexpected("`)`")) }
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Result<Node, String>) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(format!("more than {MOST_DEPTH} levels within each other"));
        }
        let node = read(self);
        self.depth -= 1;
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["a", "b", "a-b", "min_score"];

    fn value(source: &str) -> Option<f64> {
        let scores = [("a", 1.0), ("b", 0.25), ("a-b", 0.5), ("min_score", 0.125)];
        let scores = scores.into_iter().map(|(name, score)| (name.to_owned(), score)).collect();
        Formula::parse(source, &NAMES).unwrap().value(&scores)
    }

    #[test]
    fn formulas_follow_the_rules_of_arithmetic() {
        for (source, want) in [
            ("(a + b) / 2", 0.625),
            ("0.5*a+0.5 * b", 0.625),
            ("a - b - b", 0.5),
            ("a-b", 0.5),
            ("a - b", 0.75),
            ("-2^2", -4.0),
            ("2^3^2", 512.0),
            ("2^-1", 0.5),
            ("8 / 4 / 2", 1.0),
            ("--a + +b", 1.25),
            ("min(a, b, min_score)", 0.125),
            ("max(b, 1e-1)", 0.25),
            ("floor(1.9) + ceil(0.1) + abs(-1)", 3.0),
            ("sqrt(b) + exp(0) + log(1)", 1.5),
            ("2.5E+1 * .5", 12.5),
        ] {
            let found = value(source).unwrap();
            assert!((found - want).abs() < 1e-12, "{source}: {found}");
        }
        for source in ["1 / 0", "log(0)", "sqrt(-1)", "0 / 0"] {
            assert_eq!(value(source), None, "{source}");
        }
        assert_eq!(Formula::parse("a", &["a"]).unwrap().value(&BTreeMap::new()), None, "no score, no number");
    }

    #[test]
    fn what_is_no_formula_is_told_by_what_was_found() {
        for (source, want) in [
            ("", "it ends where a number"),
            ("a +", "it ends where a number"),
            ("a ** b", "found `*`, wanted an operator"),
            ("a b", "found `b`, wanted an operator"),
            ("c * 2", "`c` does not exist; there are `a`, `b`"),
            ("(a", "it ends where `)`"),
            ("abs(a, b)", "`abs` takes one value, found 2"),
            ("min a", "wanted `(` after `min`"),
            ("1.2.3", "`1.2.3` is no number"),
            ("__import__('os')", "`__import__` does not exist"),
        ] {
            let error = Formula::parse(source, &NAMES).unwrap_err();
            assert!(error.contains(want), "{source}: {error}");
        }
        for source in ["(".repeat(4_000), "-".repeat(4_000), format!("{}1{}", "abs(".repeat(500), ")".repeat(500))] {
            assert!(Formula::parse(&source, &NAMES).unwrap_err().contains("levels"), "{}", &source[..8]);
        }
        assert!(Formula::parse(&"1+".repeat(3_000), &NAMES).unwrap_err().contains("bytes"));
    }
}
