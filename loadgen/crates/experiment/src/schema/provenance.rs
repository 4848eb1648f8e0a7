//! Where a summary comes from: the program, the machine and the command.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a summary comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// The program.
    pub program: Program,
    /// The machine that the load came from.
    pub host: HostInfo,
    /// The words of the command line, secrets masked.
    pub arguments: Vec<String>,
    /// The variables of the environment that stood for flags, as `NAME=value`, secrets masked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<String>,
    /// Where the load went, over all trials; empty before anything was sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<LoadedEndpoint>,
}

/// An endpoint of the target, and the load that went there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadedEndpoint {
    /// Value of the `Host` header.
    pub host: String,
    /// Address and port, or path of the Unix socket, that connections were made to.
    pub address: String,
    /// Connections that were opened; of the client that keeps cookies, one for each user.
    pub connections: u64,
}

/// The program that wrote the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Program {
    /// Its version.
    pub version: String,
    /// The commit of the checkout around the program's file, where there is one.
    pub commit: Option<String>,
    /// Whether it was built without optimisation.
    pub debug_build: bool,
}

/// A machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostInfo {
    /// Kernel release.
    pub kernel: String,
    /// Model of its processor.
    pub cpu: String,
    /// Processors that this process may use.
    pub cores: usize,
    /// Memory in bytes.
    pub memory_bytes: u64,
}

impl Provenance {
    /// The command line as a shell reads it, after the variables that stood for flags.
    pub fn command_line(&self) -> String {
        let variables = self.variables.iter().map(|one| assigned(one));
        let words = self.arguments.iter().enumerate().map(|(place, word)| {
            // How the program was found is no part of the command.
            let name = word.rsplit('/').next().unwrap_or(word);
            quoted(if place == 0 { name } else { word })
        });
        variables.chain(words).collect::<Vec<_>>().join(" ")
    }
}

/// `NAME=value` as a shell takes it before a command. Where no variable of a shell can have that name, all of it is
/// quoted, so that nothing in it is run.
fn assigned(variable: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    match variable.split_once('=') {
        Some((name, value)) if name.chars().all(plain) => format!("{name}={}", quoted(value)),
        _ => quoted(variable),
    }
}

/// A word that a POSIX shell reads as one.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_can_be_pasted_into_a_shell() {
        let provenance = Provenance {
            arguments: ["/x/loadgen", "run", "--flow", "a b", "it's", "--rate=5"]
                .map(String::from)
                .to_vec(),
            variables: ["LOADGEN_AA=true", "LOADGEN_SET=a=b;c", "$(x)=y"]
                .map(String::from)
                .to_vec(),
            ..Provenance::default()
        };
        assert_eq!(
            provenance.command_line(),
            r"LOADGEN_AA=true LOADGEN_SET='a=b;c' '$(x)=y' loadgen run --flow 'a b' 'it'\''s' --rate=5"
        );
    }
}
