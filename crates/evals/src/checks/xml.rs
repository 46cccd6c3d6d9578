//! Well-formed XML, by the grammar of XML 1.0 (fifth edition) that a reader without a DTD has to hold to: one root, tags that
//! match, names, quoted attributes that are there once, references that are declared, characters that are allowed. What a
//! document type declares is not read: with one, any entity may be meant.

use std::collections::HashSet;

/// Why the text is no document, in words.
type Fault = Result<(), String>;

/// The text is one well-formed document.
pub(super) fn document(text: &str) -> Fault {
    if let Some(c) = text.chars().find(|c| !is_char(*c)) {
        return Err(format!("U+{:04X} stands in no XML", u32::from(c)));
    }
    let mut reader = Reader { rest: text, open: Vec::new(), declared: false, root: Root::Awaited };
    if let Some(inside) = reader.rest.strip_prefix("<?xml").filter(|rest| rest.starts_with(is_space)) {
        let (words, rest) = inside.split_once("?>").ok_or("the declaration has no end")?;
        declaration(words)?;
        reader.rest = rest;
    }
    while !reader.rest.is_empty() {
        reader.step()?;
    }
    match (reader.root, reader.open.is_empty()) {
        (Root::Awaited, _) => Err("no element".into()),
        (Root::Seen, true) => Ok(()),
        (Root::Seen, false) => Err("an element is not closed".into()),
    }
}

#[derive(PartialEq)]
enum Root {
    Awaited,
    Seen,
}

struct Reader<'a> {
    rest: &'a str,
    /// Names of the elements that are open.
    open: Vec<&'a str>,
    /// There was a document type.
    declared: bool,
    root: Root,
}

impl<'a> Reader<'a> {
    /// Text up to the next mark, or one mark.
    fn step(&mut self) -> Fault {
        let rest = self.rest;
        if let Some(rest) = rest.strip_prefix("<!--") {
            let (words, rest) = rest.split_once("--").ok_or("a comment has no end")?;
            self.rest = rest.strip_prefix('>').ok_or_else(|| format!("`--` within the comment `{}`", short(words)))?;
        } else if let Some(rest) = rest.strip_prefix("<![CDATA[") {
            if self.open.is_empty() {
                return Err("text outside the root".into());
            }
            (_, self.rest) = rest.split_once("]]>").ok_or("a section of CDATA has no end")?;
        } else if let Some(rest) = rest.strip_prefix("<?") {
            let (words, rest) = rest.split_once("?>").ok_or("an instruction has no end")?;
            let target = name(words).filter(|target| !target.eq_ignore_ascii_case("xml"));
            let after = target.map(|target| &words[target.len()..]);
            if !after.is_some_and(|after| after.is_empty() || after.starts_with(is_space)) {
                return Err(format!("`<?{}` is no instruction", short(words)));
            }
            self.rest = rest;
        } else if rest.starts_with("<!DOCTYPE") {
            self.document_type()?;
        } else if let Some(rest) = rest.strip_prefix("</") {
            let found = name(rest).ok_or("a closing tag has no name")?;
            let after = rest[found.len()..].trim_start_matches(is_space);
            self.rest = after.strip_prefix('>').ok_or_else(|| format!("`</{found}` is not ended"))?;
            match self.open.pop() {
                Some(open) if open == found => {}
                Some(open) => return Err(format!("`</{found}>` closes `<{open}>`")),
                None => return Err(format!("`</{found}>` closes nothing")),
            }
        } else if let Some(rest) = rest.strip_prefix('<') {
            self.element(rest)?;
        } else {
            let end = rest.find('<').unwrap_or(rest.len());
            let (words, rest) = rest.split_at(end);
            if self.open.is_empty() && !words.chars().all(is_space) {
                return Err("text outside the root".into());
            }
            if words.contains("]]>") {
                return Err("`]]>` in a text".into());
            }
            self.references(words)?;
            self.rest = rest;
        }
        Ok(())
    }

    /// An opening tag, behind its `<`.
    fn element(&mut self, rest: &'a str) -> Fault {
        let found = name(rest).ok_or("a `<` that begins no tag")?;
        if self.open.is_empty() && std::mem::replace(&mut self.root, Root::Seen) == Root::Seen {
            return Err("a second root".into());
        }
        let mut rest = &rest[found.len()..];
        let mut known = HashSet::new();
        loop {
            let after = rest.trim_start_matches(is_space);
            if let Some(after) = after.strip_prefix("/>") {
                self.rest = after;
                return Ok(());
            }
            if let Some(after) = after.strip_prefix('>') {
                self.rest = after;
                self.open.push(found);
                return Ok(());
            }
            if after.len() == rest.len() {
                return Err(format!("`<{found}` is not ended"));
            }
            let (key, value, behind) = attribute(after).ok_or_else(|| format!("an attribute of `<{found}`"))?;
            if !known.insert(key) {
                return Err(format!("`{key}` twice in `<{found}`"));
            }
            if value.contains('<') {
                return Err(format!("`<` in `{key}` of `<{found}`"));
            }
            self.references(value)?;
            rest = behind;
        }
    }

    /// `<!DOCTYPE` with its name, where else it may be found, and what it declares within brackets.
    fn document_type(&mut self) -> Fault {
        if self.root == Root::Seen || std::mem::replace(&mut self.declared, true) {
            return Err("a document type that does not come first".into());
        }
        let rest = &self.rest["<!DOCTYPE".len()..];
        let named = rest.trim_start_matches(is_space);
        let found = name(named).filter(|_| named.len() < rest.len()).ok_or("a document type without a name")?;
        let mut rest = named[found.len()..].trim_start_matches(is_space);
        for (word, quoted) in [("PUBLIC", 2), ("SYSTEM", 1)] {
            let Some(mut after) = rest.strip_prefix(word) else { continue };
            for _ in 0..quoted {
                let spaced = after.trim_start_matches(is_space);
                let (_, behind) = literal(spaced).filter(|_| spaced.len() < after.len()).ok_or("a document type")?;
                after = behind;
            }
            rest = after.trim_start_matches(is_space);
            break;
        }
        if let Some(inside) = rest.strip_prefix('[') {
            let end = subset(inside).ok_or("a document type has no end")?;
            rest = inside[end..].trim_start_matches(is_space);
        }
        self.rest = rest.strip_prefix('>').ok_or("a document type has no end")?;
        Ok(())
    }

    /// Each `&` begins a reference to a character or to an entity that there is.
    fn references(&self, words: &str) -> Fault {
        for after in words.split('&').skip(1) {
            let inside = after.split_once(';').map(|(inside, _)| inside).ok_or("a `&` that begins no reference")?;
            let is_known = match inside.strip_prefix('#') {
                Some(number) => {
                    let code = match number.strip_prefix('x') {
                        Some(hex) => digits(hex, 16),
                        None => digits(number, 10),
                    };
                    code.and_then(char::from_u32).is_some_and(is_char)
                }
                None => {
                    ["amp", "lt", "gt", "apos", "quot"].contains(&inside)
                        || (self.declared && name(inside) == Some(inside))
                }
            };
            if !is_known {
                return Err(format!("`&{};` stands for nothing", short(inside)));
            }
        }
        Ok(())
    }
}

fn digits(text: &str, radix: u32) -> Option<u32> {
    // `from_str_radix` alone would also take a sign.
    text.chars().all(|c| c.is_digit(radix)).then(|| u32::from_str_radix(text, radix).ok()).flatten()
}

/// Behind the declarations within a document type's brackets: quoted texts and comments may hold brackets.
fn subset(text: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        at += match c {
            ']' => return Some(at + 1),
            '"' | '\'' => rest[1..].find(c)? + 2,
            _ if rest.starts_with("<!--") => rest.find("-->")? + 3,
            _ if rest.starts_with("<?") => rest.find("?>")? + 2,
            _ => c.len_utf8(),
        };
    }
    None
}

/// `version`, then `encoding` and `standalone` where they are said, of `<?xml`.
fn declaration(words: &str) -> Fault {
    let fits = |key: &str, value: &str| match key {
        "version" => value.strip_prefix("1.").is_some_and(|rest| digits(rest, 10).is_some() && !rest.is_empty()),
        "encoding" => {
            value.starts_with(|c: char| c.is_ascii_alphabetic())
                && value.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        }
        _ => matches!(value, "yes" | "no"),
    };
    let mut wanted = ["version", "encoding", "standalone"].iter();
    let mut rest = words;
    let mut first = true;
    loop {
        let after = rest.trim_start_matches(is_space);
        if after.is_empty() && !first {
            return Ok(());
        }
        let found = attribute(after).filter(|(key, value, _)| {
            after.len() < rest.len()
                && if first { wanted.next() == Some(key) } else { wanted.any(|word| word == key) }
                && fits(key, value)
        });
        let (_, _, behind) = found.ok_or("the declaration is none")?;
        (rest, first) = (behind, false);
    }
}

/// A name, its quoted value, and what stands behind.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let key = name(text)?;
    let rest = text[key.len()..].trim_start_matches(is_space).strip_prefix('=')?.trim_start_matches(is_space);
    let (value, behind) = literal(rest)?;
    Some((key, value, behind))
}

/// A quoted text, and what stands behind.
fn literal(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split_once(quote)
}

/// The name that a text begins with.
fn name(text: &str) -> Option<&str> {
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    text.starts_with(starts_name).then(|| &text[..end])
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

const fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

const fn starts_name(c: char) -> bool {
    matches!(c, ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

const fn is_name(c: char) -> bool {
    starts_name(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

fn short(text: &str) -> String {
    text.chars().take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_from_what_only_looks_like_them() {
        for text in [
            "<a/>",
            "<?xml version=\"1.0\" encoding='UTF-8' standalone=\"yes\"?>\n<a x='1' y=\"2\">t<b/>&amp;&#65;&#x41;</a >\n",
            "<!-- c --><?pi data?><!DOCTYPE a SYSTEM \"a.dtd\" [<!ENTITY x \"]>\"><!-- ] -->]><a>&x;</a><!-- e -->",
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0//EN\" \"x.dtd\"><html/>",
            "<é:日 x.y-z='&lt;'><![CDATA[<&]]></é:日>",
        ] {
            assert_eq!(document(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "text",
            "<a/>t",
            "<a/><b/>",
            "<a><b></a></b>",
            "<a>",
            "</a>",
            "<1/>",
            "< a/>",
            "<a b/>",
            "<a b=c/>",
            "<a b='1' b='2'/>",
            "<a b='1'c='2'/>",
            "<a b='<'/>",
            "<a>&x;</a>",
            "<a>& b</a>",
            "<a>&#0;</a>",
            "<a>&#;</a>",
            "<a>]]></a>",
            "<a><!-- a -- b --></a>",
            "<a>\u{1}</a>",
            "<a><?xml?></a>",
            "<a><??></a>",
            " <?xml version='1.0'?><a/>",
            "<?xml encoding='UTF-8'?><a/>",
            "<?xml version='1.0'encoding='UTF-8'?><a/>",
            "<a/><!DOCTYPE a>",
            "<!DOCTYPE a [<!ENTITY x 'y'><a/>",
            "<![CDATA[x]]><a/>",
        ] {
            assert!(document(text).is_err(), "{text}");
        }
    }
}
