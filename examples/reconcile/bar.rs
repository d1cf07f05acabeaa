//! A progress bar, where standard error is a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use superset_mapping::reconcile::{Progress, Stage};

/// One bar for all stages. `indicatif` draws nothing where nobody would see it.
pub(crate) struct Bar(ProgressBar);

impl Default for Bar {
    fn default() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{msg:10} {bar:32} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        Self(bar)
    }
}

impl Bar {
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn advanced(&self, stage: Stage, done: u64, total: Option<u64>) {
        let name = match stage {
            Stage::Groups => "groups",
            Stage::Users => "users",
            Stage::Accounts => "accounts",
            Stage::Repairs => "repairs",
            Stage::Directory => "directory",
            Stage::DeprovisionedUsers => "leavers",
            _ => "",
        };
        self.0.set_message(name);
        self.0.set_length(total.unwrap_or(done));
        self.0.set_position(done);
    }
}
