//! The addresses of a target. Its name is looked up once; the first address that accepts a
//! connection is used for everything that is sent afterwards.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _},
    str::FromStr,
    time::Duration,
};

use super::{
    client_endpoint::Endpoint,
    target_url::{TargetUrl, TargetUrlError, reached},
};

/// Longest wait for one address to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Addresses to use for a name in place of those that the system knows, as curl's `--resolve`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolveRule {
    host: String,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl ResolveRule {
    fn applies(&self, url: &TargetUrl) -> bool {
        self.host == url.name && self.port == url.port
    }

    /// Refuses a rule that no URL uses: it is probably misspelt.
    fn check(rules: &[Self], urls: &[TargetUrl]) -> Result<(), TargetAddressError> {
        let unused = |rule: &&Self| !urls.iter().any(|url| rule.applies(url));
        let Some(rule) = rules.iter().find(unused) else {
            return Ok(());
        };
        let hosts: Vec<String> = urls
            .iter()
            .map(|url| format!("{}:{}", url.name, url.port))
            .collect();
        Err(TargetAddressError::UnusedRule {
            rule: rule.to_string(),
            hosts: hosts.join(", "),
        })
    }
}

impl FromStr for ResolveRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (host, rest) = text.split_once(':')?;
            let (port, addresses) = rest.split_once(':')?;
            let addresses = addresses
                .split(',')
                .map(|one| one.trim_matches(['[', ']']).parse().ok())
                .collect::<Option<_>>()?;
            (!host.is_empty()).then_some(Self {
                host: host.to_ascii_lowercase(),
                port: port.parse().ok().filter(|port| *port > 0)?,
                addresses,
            })
        };
        read().ok_or_else(|| {
            format!(
                "`{text}` is not HOST:PORT:ADDRESS, like a.test:8080:127.0.0.1 or a.test:80:[::1]"
            )
        })
    }
}

impl fmt::Display for ResolveRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        write!(f, "{}:{}:{}", self.host, self.port, addresses.join(","))
    }
}

/// Why a target has no addresses.
#[derive(Debug, thiserror::Error)]
pub enum TargetAddressError {
    /// The text is not a URL.
    #[error(transparent)]
    Url(#[from] TargetUrlError),
    /// The name is not known.
    #[error("the host `{host}` has no address: {why}")]
    Unknown {
        /// The name that was looked up.
        host: String,
        /// What the system says.
        why: String,
    },
    /// A rule that this target does not use is probably misspelt.
    #[error("--resolve {rule} is about another host or port than {hosts}")]
    UnusedRule {
        /// The rule.
        rule: String,
        /// Name and port of each endpoint of the target.
        hosts: String,
    },
}

/// No address of a target accepted a connection.
#[derive(Debug)]
pub struct UnreachableTarget {
    /// Each address that was tried, in order, with its error.
    tried: Vec<(SocketAddr, io::Error)>,
}

impl fmt::Display for UnreachableTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (address, error)) in self.tried.iter().enumerate() {
            let mark = if index > 0 { "; " } else { "" };
            write!(f, "{mark}{address}: {error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnreachableTarget {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.tried.last().map(|(_, error)| error as _)
    }
}

/// A target with every address that its name has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetAddresses {
    host: String,
    /// At least one, in the order in which they are tried.
    addresses: Vec<SocketAddr>,
}

impl TargetAddresses {
    /// Looks the name of a URL up, in the rules first.
    pub fn find(url: &TargetUrl, rules: &[ResolveRule]) -> Result<Self, TargetAddressError> {
        ResolveRule::check(rules, std::slice::from_ref(url))?;
        Self::look_up(url, rules)
    }

    /// The same for the endpoints of one target.
    pub fn find_all(
        urls: &[TargetUrl],
        rules: &[ResolveRule],
    ) -> Result<Vec<Self>, TargetAddressError> {
        ResolveRule::check(rules, urls)?;
        urls.iter().map(|url| Self::look_up(url, rules)).collect()
    }

    fn look_up(url: &TargetUrl, rules: &[ResolveRule]) -> Result<Self, TargetAddressError> {
        // As with curl, a later rule replaces an earlier one.
        let found: Vec<IpAddr> = match rules.iter().rfind(|rule| rule.applies(url)) {
            Some(rule) => rule.addresses.clone(),
            None => (url.name.as_str(), url.port)
                .to_socket_addrs()
                .map_err(|error| TargetAddressError::Unknown {
                    host: url.name.clone(),
                    why: error.to_string(),
                })?
                .map(|address| address.ip())
                .collect(),
        };
        let mut addresses = Vec::new();
        for address in found {
            let address = SocketAddr::new(reached(address), url.port);
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() {
            return Err(TargetAddressError::Unknown {
                host: url.name.clone(),
                why: "the system knows the name without an address".to_owned(),
            });
        }
        Ok(Self {
            host: url.host.clone(),
            addresses,
        })
    }

    /// Value of the `Host` header.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The first address that is not on this machine.
    pub fn remote(&self) -> Option<IpAddr> {
        let mut addresses = self.addresses.iter().map(SocketAddr::ip);
        addresses.find(|address| !address.is_loopback())
    }

    /// A target for each address of the name: the processes of a service that have one name together.
    /// Of a name with addresses of both families those of IPv4, because a process may have one of each.
    pub fn each(&self) -> Vec<Self> {
        let any_v4 = self.addresses.iter().any(SocketAddr::is_ipv4);
        let of_processes = self.addresses.iter();
        of_processes
            .filter(|address| address.is_ipv4() == any_v4)
            .map(|address| Self {
                host: self.host.clone(),
                addresses: vec![*address],
            })
            .collect()
    }

    /// Opens a connection to one address after the other and closes it again; the first that
    /// accepts is the endpoint. Blocks for two seconds an address at most.
    pub fn connect(&self) -> Result<Endpoint, UnreachableTarget> {
        let mut tried = Vec::new();
        for address in &self.addresses {
            match TcpStream::connect_timeout(address, CONNECT_TIMEOUT) {
                Ok(_closed) => {
                    return Ok(Endpoint {
                        address: *address,
                        host: self.host.clone(),
                    });
                }
                Err(error) => tried.push((*address, error)),
            }
        }
        Err(UnreachableTarget { tried })
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn target(port: u16, addresses: &str) -> TargetAddresses {
        let url = TargetUrl::parse(&format!("http://two.test:{port}/")).unwrap();
        let rule = format!("two.test:{port}:{addresses}").parse().unwrap();
        TargetAddresses::find(&url, &[rule]).unwrap()
    }

    #[test]
    fn the_first_address_that_accepts_is_used_whichever_it_is() {
        let both = "[::1],127.0.0.1";
        let Ok(mut six) = TcpListener::bind("[::1]:0") else {
            println!("skipped: there is no IPv6 here");
            return;
        };
        // One that is free at the first address may be taken at the other.
        for _ in 0..100 {
            if TcpListener::bind(("127.0.0.1", six.local_addr().unwrap().port())).is_ok() {
                break;
            }
            six = TcpListener::bind("[::1]:0").unwrap();
        }
        let port = six.local_addr().unwrap().port();
        let endpoint = target(port, both).connect().unwrap();
        assert_eq!(endpoint.address, six.local_addr().unwrap());
        assert_eq!(endpoint.host, format!("two.test:{port}"));
        let endpoint = target(port, "127.0.0.1,[::1]").connect().unwrap();
        assert_eq!(endpoint.address, six.local_addr().unwrap(), "[::1] only");
        drop(six);
        let four = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let endpoint = target(port, both).connect().unwrap();
        assert_eq!(endpoint.address, four.local_addr().unwrap(), "IPv4 only");
        let six = TcpListener::bind(("::1", port)).unwrap();
        let endpoint = target(port, both).connect().unwrap();
        assert_eq!(endpoint.address, six.local_addr().unwrap(), "both");
        drop((four, six));
        let error = target(port, both).connect().unwrap_err().to_string();
        assert!(
            error.contains("[::1]:") && error.contains("127.0.0.1:"),
            "{error}"
        );
    }

    #[test]
    fn a_rule_is_read_as_curl_writes_it_and_one_that_is_not_used_is_refused() {
        for text in [
            "a.test:80",
            "a.test:0:::1",
            "a.test:x:::1",
            ":80:::1",
            "a.test:80:b",
        ] {
            let error = text.parse::<ResolveRule>().unwrap_err();
            assert!(error.contains("a.test:8080:127.0.0.1"), "{text}: {error}");
        }
        let url = TargetUrl::parse("http://A.test:81/").unwrap();
        let rule = |text: &str| text.parse::<ResolveRule>().unwrap();
        let found = TargetAddresses::find(&url, &[rule("a.test:81:::1")]).unwrap();
        assert_eq!(found.addresses, ["[::1]:81".parse().unwrap()]);
        let error = TargetAddresses::find(&url, &[rule("a.test:80:::1")]).unwrap_err();
        assert!(error.to_string().contains("a.test:80:::1"), "{error}");
    }

    #[test]
    fn a_name_of_several_processes_is_a_target_for_each_and_no_process_counts_twice() {
        let each = |addresses: &str| {
            let all = target(80, addresses).each();
            assert!(all.iter().all(|one| one.host() == "two.test"), "{all:?}");
            let of = |one: TargetAddresses| one.addresses[0].ip().to_string();
            all.into_iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(each("10.0.0.2,10.0.0.3"), ["10.0.0.2", "10.0.0.3"]);
        assert_eq!(
            each("[fd00::2],10.0.0.2,[fd00::3],10.0.0.3"),
            ["10.0.0.2", "10.0.0.3"]
        );
        assert_eq!(each("[fd00::2],[fd00::3]"), ["fd00::2", "fd00::3"]);
    }

    #[test]
    fn addresses_of_this_machine_are_not_remote_and_one_remote_address_is_named() {
        let remote = |host: &str| {
            let url = TargetUrl::parse(&format!("http://{host}:80/")).unwrap();
            TargetAddresses::find(&url, &[]).unwrap().remote()
        };
        for host in ["0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "[::1]", "127.1"] {
            assert_eq!(remote(host), None, "{host}");
        }
        assert_eq!(remote("192.0.2.7"), Some([192, 0, 2, 7].into()));
        assert_eq!(
            target(80, "127.0.0.1,192.0.2.7").remote(),
            Some([192, 0, 2, 7].into())
        );
    }
}
