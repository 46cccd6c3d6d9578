//! Which addresses weir may dial, applied to what a name resolves to and to addresses written in URLs.
//!
//! Source: IANA special-purpose address registries (RFC 6890 and updates).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Why an address may not be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} addresses are not allowed; `allow_private` where the address is configured permits private networks")]
pub(super) struct Forbidden {
    pub(super) what: &'static str,
}

/// What kind of forbidden address this is, or `None` when it may be dialled. With `allow_private`, loopback and private
/// networks may be; metadata services, multicast and addresses that name no host never.
#[must_use]
pub fn forbidden(address: IpAddr, allow_private: bool) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => forbidden_v4(address, allow_private),
        IpAddr::V6(address) => forbidden_v6(address, allow_private),
    }
}

fn forbidden_v4(address: Ipv4Addr, allow_private: bool) -> Option<&'static str> {
    let [a, b, c, d] = address.octets();
    let never = match (a, b, c, d) {
        (0, ..) => Some("unspecified"),
        (169, 254, 169, 254 | 253 | 123) | (169, 254, 170, 2 | 23) | (100, 100, 100, 200) => Some("metadata"),
        (168, 63, 129, 16) => Some("metadata"),
        (224..=239, ..) => Some("multicast"),
        (240..=255, ..) => Some("reserved"),
        _ => None,
    };
    if never.is_some() || allow_private {
        return never;
    }
    match (a, b, c) {
        (127, ..) => Some("loopback"),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => Some("private"),
        (100, 64..=127, _) => Some("shared"),
        (169, 254, _) => Some("link-local"),
        (192, 0, 0) | (192, 0, 2) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99) => Some("reserved"),
        (198, 18 | 19, _) => Some("benchmark"),
        _ => None,
    }
}

fn forbidden_v6(address: Ipv6Addr, allow_private: bool) -> Option<&'static str> {
    // Forms that carry an IPv4 address are judged by it: mapped, compatible, NAT64, 6to4.
    if let Some(inner) = embedded(address) {
        return forbidden_v4(inner, allow_private);
    }
    let segments = address.segments();
    let never = match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("unspecified"),
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0x0ce, 0, 0, 0, 0, 0, 0x254] => Some("metadata"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        _ => None,
    };
    if never.is_some() || allow_private {
        return never;
    }
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
        [0xfc00..=0xfdff, ..] => Some("private"),
        [0xfe80..=0xfebf, ..] => Some("link-local"),
        [0xfec0..=0xfeff, ..] => Some("site-local"),
        [0x2001, 0x0db8, ..] | [0x0100, 0, 0, 0, ..] | [0x2001, 0, ..] => Some("reserved"),
        _ => None,
    }
}

fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 1, _, _, _, high, low]
        | [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

/// Resolves names with the system's resolver and hands on only what may be dialled.
#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) allow_private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let mut refused = None;
            let mut allowed = Vec::new();
            for address in found {
                match forbidden(address.ip(), allow_private) {
                    Some(what) => refused = Some(what),
                    None => allowed.push(address),
                }
            }
            match refused {
                Some(what) if allowed.is_empty() => Err(Forbidden { what }.into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}
