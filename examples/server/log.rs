//! What the programs log, and in which form.

use clap::{Args, ValueEnum};
use tracing_subscriber::filter::LevelFilter;

/// Flags of the log, which goes to standard error.
#[derive(Args, Clone, Debug)]
pub struct LogFlags {
    /// Form of the log: lines of text, or of JSON
    #[arg(long, value_enum, default_value = "text")]
    log: LogForm,
    /// Log every request, not only warnings, errors and refused authentication
    #[arg(long)]
    verbose: bool,
}

/// The form of a log.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum LogForm {
    /// Lines for people
    Text,
    /// An object for each line
    Json,
}

impl LogFlags {
    /// Logs from now on.
    pub fn start(&self) {
        let level = if self.verbose { LevelFilter::INFO } else { LevelFilter::WARN };
        let log = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_ansi(false);
        match self.log {
            LogForm::Text => log.init(),
            LogForm::Json => log.json().flatten_event(true).with_span_list(false).init(),
        }
    }
}
