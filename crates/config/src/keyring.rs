//! Who may call. Keys are found by the SHA-256 digest of what was presented and then compared in constant time, so
//! that neither timing nor a memory dump of the ring gives a secret away; the secret itself is not kept.

use std::{collections::HashMap, fmt, sync::Arc};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use weir_core::{NanoUsd, Problem, WorkloadId, error::UNKNOWN_KEY, route::Grant};

/// Longest key that is looked at, in bytes. The length of a guess is no secret; hashing megabytes of it is work.
const MOST_BYTES: usize = 1024;

/// All keys. Without any it is open: whoever can connect is `local`, an admin; the server then listens on loopback
/// only.
#[derive(Clone, Default)]
pub struct Keyring {
    keys: Vec<Held>,
    by_digest: HashMap<[u8; 32], usize>,
}

#[derive(Clone)]
struct Held {
    digest: [u8; 32],
    caller: Caller,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Name of the key, which is the tenant of its spans; `local` in open mode.
    pub name: Arc<str>,
    /// What it opens.
    pub grant: Grant,
    /// Workloads it may use; `None` is all.
    pub workloads: Option<Arc<[WorkloadId]>>,
    /// Presets it may choose for one call; an admin may choose any.
    pub policies: Arc<[Arc<str>]>,
    /// Most that its requests may cost in 24 hours; `None` is no limit.
    pub max_per_day: Option<NanoUsd>,
}

impl Caller {
    /// The caller of open mode.
    #[must_use]
    pub fn local() -> Self {
        Self { name: "local".into(), grant: Grant::Admin, workloads: None, policies: Arc::default(), max_per_day: None }
    }

    /// True when a route that wants `grant` is open to this caller.
    #[must_use]
    pub fn holds(&self, grant: Grant) -> bool {
        match grant {
            Grant::Public => true,
            Grant::Caller => matches!(self.grant, Grant::Caller | Grant::Admin),
            Grant::Admin => self.grant == Grant::Admin,
        }
    }

    /// True when this caller may have one call routed by the preset of this name.
    #[must_use]
    pub fn may_choose(&self, preset: &str) -> bool {
        self.grant == Grant::Admin || self.policies.iter().any(|known| **known == *preset)
    }

    /// True when `workload` is in this caller's scope.
    #[must_use]
    pub fn may_use(&self, workload: &WorkloadId) -> bool {
        self.workloads.as_ref().is_none_or(|scope| scope.contains(workload))
    }
}

/// Why nobody was recognised. Both answer 401; which one it was is not told apart to the caller by time or text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No key was sent.
    #[error("no key was sent")]
    Missing,
    /// The key is not in the ring.
    #[error("the key is not known")]
    Unknown,
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        Self::new(&UNKNOWN_KEY, error.to_string()).hint("send a key from `[keys]` as `Authorization: Bearer …`")
    }
}

impl Keyring {
    /// True when no key is configured.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.keys.is_empty()
    }

    /// Names of all keys, in configured order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|held| &*held.caller.name)
    }

    /// Every key's caller, in configured order.
    pub fn callers(&self) -> impl Iterator<Item = &Caller> {
        self.keys.iter().map(|held| &held.caller)
    }

    /// The caller whose key has this name: what weir does on its behalf later is bound as the caller is then.
    ///
    /// # Errors
    /// When no key has this name.
    pub fn named(&self, name: &str) -> Result<Caller, AuthError> {
        if self.is_open() {
            return Ok(Caller::local());
        }
        let held = self.keys.iter().find(|held| &*held.caller.name == name);
        held.map(|held| held.caller.clone()).ok_or(AuthError::Unknown)
    }

    /// Who presents this key. `presented` is the bare key, without `Bearer `. Does not block; a few microseconds.
    ///
    /// # Errors
    /// When no key was sent or it is not in the ring; never in open mode.
    pub fn authenticate(&self, presented: Option<&str>) -> Result<Caller, AuthError> {
        if self.is_open() {
            return Ok(Caller::local());
        }
        let presented = presented.ok_or(AuthError::Missing)?;
        if presented.len() > MOST_BYTES {
            return Err(AuthError::Unknown);
        }
        let digest = digest(presented);
        let held = self.by_digest.get(&digest).and_then(|nth| self.keys.get(*nth)).ok_or(AuthError::Unknown)?;
        if bool::from(held.digest.ct_eq(&digest)) { Ok(held.caller.clone()) } else { Err(AuthError::Unknown) }
    }

    /// Adds a key; gives back the name of the key that has the same secret, if one does.
    pub(crate) fn add(&mut self, caller: Caller, secret: &SecretString) -> Result<(), Arc<str>> {
        let digest = digest(secret.expose_secret());
        if let Some(twin) = self.by_digest.get(&digest).and_then(|nth| self.keys.get(*nth)) {
            return Err(twin.caller.name.clone());
        }
        self.by_digest.insert(digest, self.keys.len());
        self.keys.push(Held { digest, caller });
        Ok(())
    }

    /// True when the key of this name has the same secret in both rings.
    pub(crate) fn same_secret(&self, other: &Self, name: &str) -> bool {
        let find = |ring: &Self| ring.keys.iter().find(|held| &*held.caller.name == name).map(|held| held.digest);
        find(self) == find(other)
    }
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

impl fmt::Debug for Keyring {
    /// Names and grants only: the digest of a weak secret can be searched for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|held| &held.caller)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> Keyring {
        let mut ring = Keyring::default();
        let dev = Caller {
            name: "dev".into(),
            grant: Grant::Caller,
            workloads: Some([WorkloadId::from("maths")].into()),
            policies: ["race".into()].into(),
            max_per_day: None,
        };
        let ops = Caller { name: "ops".into(), ..Caller::local() };
        ring.add(dev, &"dev-secret-0123456789".into()).unwrap();
        ring.add(ops, &"ops-secret-0123456789".into()).unwrap();
        ring
    }

    #[test]
    fn only_the_whole_key_opens() {
        let ring = ring();
        assert_eq!(ring.authenticate(None), Err(AuthError::Missing));
        for wrong in
            ["", "*", "dev-secret-012345678", "dev-secret-0123456789 ", "' OR 1=1 --", "\0", &"x".repeat(100_000)]
        {
            assert_eq!(ring.authenticate(Some(wrong)), Err(AuthError::Unknown));
        }
        let caller = ring.authenticate(Some("dev-secret-0123456789")).unwrap();
        assert_eq!(&*caller.name, "dev");
    }

    #[test]
    fn a_key_reaches_its_grant_and_its_scope_and_no_further() {
        let ring = ring();
        let dev = ring.authenticate(Some("dev-secret-0123456789")).unwrap();
        assert!(dev.holds(Grant::Public) && dev.holds(Grant::Caller) && !dev.holds(Grant::Admin));
        assert!(dev.may_use(&"maths".into()) && !dev.may_use(&"support".into()));
        assert!(dev.may_choose("race") && !dev.may_choose("hedge"));
        let ops = ring.authenticate(Some("ops-secret-0123456789")).unwrap();
        assert!(ops.holds(Grant::Admin) && ops.may_use(&"support".into()) && ops.may_choose("hedge"));
    }

    #[test]
    fn an_empty_ring_is_open_to_a_local_admin() {
        let ring = Keyring::default();
        assert!(ring.is_open());
        assert_eq!(ring.authenticate(None), Ok(Caller::local()));
        assert_eq!(ring.authenticate(Some("anything")), Ok(Caller::local()));
    }

    #[test]
    fn one_secret_cannot_stand_for_two_callers() {
        let mut ring = ring();
        let twin = ring.add(Caller::local(), &"dev-secret-0123456789".into());
        assert_eq!(twin, Err("dev".into()));
    }

    #[test]
    fn debug_shows_neither_secret_nor_digest() {
        let text = format!("{:?}", ring());
        assert!(text.contains("dev") && text.contains("ops"));
        assert!(!text.contains("secret") && !text.contains("digest"), "{text}");
    }
}
