//! Where a webhook may point: not into the network that the daemon runs in, unless a person allowed that host.

use super::Failure;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use url::{Host, Url};

/// Resolves a target and refuses what lies inside. The connection must go to these addresses and no others, so
/// that a second answer of the name server changes nothing (DNS rebinding).
pub async fn addresses(url: &Url, allowed: &[String]) -> Result<Vec<SocketAddr>, Failure> {
    let host = url.host().ok_or_else(|| Failure::final_("the webhook's address names no host"))?;
    let name = url.host_str().unwrap_or_default();
    let inside = allowed.iter().any(|one| one.eq_ignore_ascii_case(name.trim_matches(['[', ']'])));
    if url.scheme() != "https" && !(inside && url.scheme() == "http") {
        return Err(Failure::passing(
            "a webhook must be https (http only to a host in `reach.private_hosts`)",
        ));
    }
    let port = url.port_or_known_default().unwrap_or(443);
    let found: Vec<SocketAddr> = match host {
        Host::Ipv4(ip) => vec![(ip, port).into()],
        Host::Ipv6(ip) => vec![(ip, port).into()],
        Host::Domain(name) => tokio::net::lookup_host((name, port))
            .await
            .map_err(|error| Failure::passing(format!("{name} can't be resolved: {error}")))?
            .collect(),
    };
    if found.is_empty() {
        return Err(Failure::passing(format!("{name} has no address")));
    }
    match found.iter().find(|address| !inside && !is_public(address.ip())) {
        Some(address) => Err(Failure::passing(format!(
            "{name} is {}, inside a private network: add it to `reach.private_hosts` if that is meant",
            address.ip()
        ))),
        None => Ok(found),
    }
}

/// Reachable from anywhere (IANA special-purpose address registries).
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match embedded(ip) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(ip),
        },
    }
}

const fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && b >= 64 && b < 128)
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    // Global unicast is 2000::/3, less documentation, ORCHID, benchmarking and Teredo.
    first & 0xe000 == 0x2000 && !(first == 0x2001 && (second == 0xdb8 || second < 0x200)) && first != 0x3fff
}

/// The IPv4 address inside a mapped, translated or 6to4 one.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match ip.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, .., high, low] | [0x2002, high, low, ..] => {
            Some(join(high, low))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_open_internet_are_public() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.8",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "::7f00:1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "100.128.0.1"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[tokio::test]
    async fn a_target_inside_the_network_is_refused_until_a_person_allows_it() {
        let url = |text: &str| Url::parse(text).unwrap();
        for inside in
            ["https://127.0.0.1/x", "https://[::1]/x", "https://localhost/x", "http://93.184.216.34/"]
        {
            // Once it is allowed, the next try may go.
            assert!(addresses(&url(inside), &[]).await.unwrap_err().again, "{inside}");
        }
        let allowed = ["127.0.0.1".to_owned()];
        assert_eq!(addresses(&url("http://127.0.0.1:8080/x"), &allowed).await.unwrap().len(), 1);
        assert!(addresses(&url("http://127.0.0.2:8080/x"), &allowed).await.is_err());
    }
}
