//! The hosts by which the control plane may be called.
//!
//! A page that a browser has loaded from an attacker's name can send requests to whatever address that
//! name is given afterwards, this server's too (DNS rebinding), and it may know the token. Such a request
//! has the attacker's name as its `Host`. So the control plane answers only to what nobody else can point
//! at this machine: its addresses, `localhost`, and the names that it was started with.

use std::net::IpAddr;

use http::uri::Authority;

/// The hosts that a request to the control plane may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabHosts {
    /// The address that is listened on.
    listen: IpAddr,
    /// Names and addresses beyond those of the machine.
    names: Vec<String>,
}

impl LabHosts {
    /// Those of a server that listens on this address, and these names; empty ones, which `NAME=` in the
    /// environment leaves, are none.
    pub fn new(listen: IpAddr, names: &[String]) -> Result<Self, String> {
        let names = names.iter().map(|name| name.trim());
        let names: Vec<String> = names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        match names.iter().find(|name| !is_host(name)) {
            Some(wrong) => Err(format!(
                "`{wrong}` in --lab-hosts is not the name of a host: write names alone, like `target-app`"
            )),
            None => Ok(Self {
                listen: listen.to_canonical(),
                names,
            }),
        }
    }

    /// Whether `host`, with or without a port, is one of them.
    pub fn allow(&self, host: &Authority) -> bool {
        let name = host.host().trim_matches(['[', ']']);
        name.eq_ignore_ascii_case("localhost")
            || self.names.iter().any(|one| one.eq_ignore_ascii_case(name))
            || name
                .parse()
                .is_ok_and(|address: IpAddr| self.is_own(address.to_canonical()))
    }

    /// Whether an address may be one of this machine; the unspecified one reaches it too. Where it listens
    /// on all of them it cannot know by which it is reached, and any will do: unlike a name, an address
    /// cannot be pointed elsewhere.
    fn is_own(&self, address: IpAddr) -> bool {
        address.is_loopback()
            || address.is_unspecified()
            || address == self.listen
            || self.listen.is_unspecified()
    }
}

/// Whether a text is a name or an address without a port.
fn is_host(text: &str) -> bool {
    let is_name = Authority::try_from(text).is_ok_and(|host| host.host() == text);
    is_name || text.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(listen: &str, names: &[&str]) -> LabHosts {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        LabHosts::new(listen.parse().unwrap(), &names).unwrap()
    }

    fn allowed(hosts: &LabHosts, host: &str) -> bool {
        hosts.allow(&host.parse().unwrap())
    }

    #[test]
    fn addresses_of_this_machine_localhost_and_given_names_are_allowed_and_no_other_name() {
        let hosts = hosts("192.0.2.1", &["target-app", " lab.test "]);
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:8080",
            "[::ffff:127.0.0.1]",
            "0.0.0.0:8080",
            "192.0.2.1:8080",
            "target-app:8080",
            "Target-App",
            "lab.test",
        ] {
            assert!(allowed(&hosts, host), "{host}");
        }
        for host in [
            "rebound.test",
            "localhost.rebound.test",
            "127.0.0.1.rebound.test:8080",
            "target-app.rebound.test",
            "localhost.",
            "192.0.2.2",
            "2130706433",
        ] {
            assert!(!allowed(&hosts, host), "{host}");
        }
    }

    #[test]
    fn a_server_on_every_address_may_be_called_by_any_and_still_by_no_other_name() {
        for listen in ["0.0.0.0", "::"] {
            let hosts = hosts(listen, &[""]);
            for host in ["192.0.2.2:8080", "[2001:db8::7]", "10.0.0.5"] {
                assert!(allowed(&hosts, host), "{host}");
            }
            for host in ["rebound.test", "192.0.2.2.rebound.test", "target-app"] {
                assert!(!allowed(&hosts, host), "{host}");
            }
        }
    }

    #[test]
    fn what_is_no_name_of_a_host_is_refused_with_an_example() {
        let listen = "127.0.0.1".parse().unwrap();
        for wrong in [
            "target-app:8080",
            "http://target-app",
            "me@target-app",
            "a b",
            "a/b",
        ] {
            let why = LabHosts::new(listen, &[wrong.to_owned()]).unwrap_err();
            assert!(why.contains(&format!("`{wrong}`")), "{why}");
            assert!(why.contains("like `target-app`"), "{why}");
        }
        assert!(LabHosts::new(listen, &["::1".to_owned()]).is_ok());
    }
}
