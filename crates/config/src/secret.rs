//! Secrets by reference. A configuration says where a secret is, never what it is: files get committed, pasted and
//! shown. What is resolved lives in [`SecretString`], which prints as redacted and is wiped when dropped.

use std::{fs, path::Path};

use secrecy::SecretString;

use crate::credential::meant;

/// A resolved reference.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// The secret.
    pub(crate) secret: SecretString,
    /// What should be mended although it works.
    pub(crate) warning: Option<String>,
}

/// Why a reference gives no secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// What was found and what is wanted; never the secret.
    pub(crate) message: String,
    /// The next step.
    pub(crate) hint: Option<String>,
}

/// Larger than any key there is, small enough to read whole.
const MOST_BYTES: u64 = 64 * 1024;

/// Resolves `env:NAME` or `file:PATH`, paths relative to `base`.
pub(crate) fn resolve(
    reference: &str,
    base: &Path,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Resolved, Unresolved> {
    if let Some(name) = reference.strip_prefix("env:") {
        let wrong = |message: String, hint: &str| Unresolved { message, hint: Some(hint.to_owned()) };
        // A literal secret after `env:` must not be echoed, so only things that look like a name are.
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(wrong(
                "found no variable name after `env:`".into(),
                "write `env:NAME` with letters, digits and `_`",
            ));
        }
        let secret = env(name).ok_or_else(|| {
            wrong(format!("environment variable `{name}` is not set"), "set it, or point the reference elsewhere")
        })?;
        return sound(&secret, &format!("environment variable `{name}`"), None);
    }
    if let Some(path) = reference.strip_prefix("file:") {
        let path = base.join(path);
        let shown = path.display();
        let unreadable = |error: std::io::Error| Unresolved {
            message: format!("secret file `{shown}` cannot be read: {}", error.kind()),
            hint: None,
        };
        let about = fs::metadata(&path).map_err(unreadable)?;
        if about.len() > MOST_BYTES {
            return Err(Unresolved {
                message: format!("secret file `{shown}` has {} bytes, wanted at most {MOST_BYTES}", about.len()),
                hint: None,
            });
        }
        let secret = fs::read_to_string(&path).map_err(unreadable)?;
        let warning = loose(&about)
            .map(|mode| format!("secret file `{shown}` has mode {mode:03o}: others on this machine can read it"));
        return sound(&secret, &format!("secret file `{shown}`"), warning);
    }
    Err(Unresolved {
        message: "found a literal, wanted a reference to a secret".into(),
        hint: Some(meant(reference).unwrap_or_else(|| {
            "keep the secret in a variable and write `env:NAME`, or in a file and write `file:PATH`".into()
        })),
    })
}

fn sound(secret: &str, place: &str, warning: Option<String>) -> Result<Resolved, Unresolved> {
    let secret = secret.trim();
    let wrong = |what: &str| Unresolved { message: format!("{place} {what}"), hint: None };
    if secret.is_empty() {
        return Err(wrong("is empty"));
    }
    // It travels in an HTTP header.
    if !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(wrong("holds spaces, line breaks or characters outside ASCII"));
    }
    Ok(Resolved { secret: secret.into(), warning })
}

#[cfg(unix)]
fn loose(about: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = about.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn loose(_: &fs::Metadata) -> Option<u32> {
    None
}
