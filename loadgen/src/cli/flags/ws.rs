//! The flags of `loadgen ws`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use shared::{dataset::Scale, time::Millis};

use super::{
    result::ResultArgs,
    values::{positive, timeout, whole},
};
use loadgen_engine::{
    suite::{Think, load::think},
    threshold::Threshold,
};

/// A bundled load of sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SocketPreset {
    /// 10 users for 60 s.
    Quick,
    /// 100 users for 5 minutes.
    Full,
    /// 200 users for 10 minutes.
    Stress,
}

impl SocketPreset {
    /// The bundled suite that it is.
    pub const fn suite(self) -> &'static str {
        match self {
            Self::Quick => "wheels_websocket_quick",
            Self::Full => "wheels_websocket_full",
            Self::Stress => "wheels_websocket_stress",
        }
    }
}

/// `loadgen ws`.
#[derive(Debug, Clone, Args)]
pub struct WsArgs {
    /// URL of a server that sends back each text that it receives, like ws://127.0.0.1:9000/echo; at the
    /// path of target-app's chat, seeded students talk in their rooms [default: start an own stack and
    /// chat there]
    #[arg(value_name = "URL")]
    pub url: Option<String>,
    /// Load to start from
    #[arg(
        long,
        env = "LOADGEN_PRESET",
        value_name = "PRESET",
        value_enum,
        default_value_t = SocketPreset::Quick
    )]
    pub preset: SocketPreset,
    /// Number of users, each on one socket
    #[arg(long, short, env = "LOADGEN_USERS", value_name = "N", value_parser = whole(1_u32, 20_000))]
    pub users: Option<u32>,
    /// Length of the load, like 60s [default: that of the preset]
    #[arg(long, short, env = "LOADGEN_DURATION", value_name = "TIME", value_parser = positive)]
    pub duration: Option<Millis>,
    /// Pause of a user between two messages, like 500ms..1500ms
    #[arg(long, env = "LOADGEN_THINK", value_name = "MIN..MAX", value_parser = think)]
    pub think: Option<Think>,
    /// Token that each socket sends as `Authorization: Bearer TOKEN` when it is opened
    #[arg(
        long,
        env = "LOADGEN_TOKEN",
        value_name = "TOKEN",
        requires = "url",
        hide_env_values = true
    )]
    pub token: Option<String>,
    /// Timeout of a message and of the opening of a socket
    #[arg(long, env = "LOADGEN_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = timeout)]
    pub timeout: Millis,
    /// Add a threshold, like "ws.deliver: p99 < 500ms" (repeatable)
    #[arg(
        long = "threshold",
        env = "LOADGEN_THRESHOLD",
        value_name = "TEXT",
        value_delimiter = ','
    )]
    pub thresholds: Vec<Threshold>,
    /// Seed of every random choice
    #[arg(long, env = "LOADGEN_SEED", value_name = "N", default_value_t = 1, value_parser = whole(0, u64::MAX))]
    pub seed: u64,
    /// Number of sender threads
    #[arg(long, short = 't', env = "LOADGEN_WORKERS", value_name = "N", default_value_t = 1, value_parser = whole(1_u16, 64))]
    pub workers: u16,
    /// Allow a server on another machine
    #[arg(long, env = "LOADGEN_ALLOW_REMOTE_TARGET")]
    pub allow_remote_target: bool,
    /// Trust the certificate authorities in this PEM file (wss)
    #[arg(
        long,
        env = "LOADGEN_CACERT",
        value_name = "FILE",
        conflicts_with = "insecure"
    )]
    pub cacert: Option<PathBuf>,
    /// Accept every certificate (wss)
    #[arg(long, env = "LOADGEN_INSECURE")]
    pub insecure: bool,
    /// Amount of data in an own stack: tiny, small, medium or large
    #[arg(
        long,
        env = "LOADGEN_SCALE",
        value_name = "SCALE",
        conflicts_with = "url"
    )]
    pub scale: Option<Scale>,
    /// Path of the target-app program of an own stack [default: the one beside loadgen]
    #[arg(
        long,
        env = "LOADGEN_TARGET_BIN",
        value_name = "FILE",
        conflicts_with = "url"
    )]
    pub target_bin: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long, env = "LOADGEN_JSON")]
    pub json: bool,
    /// The results.
    #[command(flatten)]
    pub result: ResultArgs,
}
