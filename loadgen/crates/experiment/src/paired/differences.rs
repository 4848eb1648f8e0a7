//! In what the arms of an experiment differ: the one reader of that for lists, notes,
//! tables and reports.

use super::file::Experiment;

/// Number of switches that are listed; more are only counted.
const MAX_LISTED: usize = 4;

impl Experiment {
    /// Path, value before and value after of every switch in which the arms differ; before them the
    /// programs and the topologies, where the arms have two.
    pub fn differences(&self) -> Vec<(String, String, String)> {
        let programs = self
            .before
            .program
            .as_ref()
            .zip(self.after.program.as_ref());
        let programs = programs
            .filter(|(before, after)| before != after)
            .map(|(before, after)| {
                let program = "program".to_owned();
                (program, before.to_string(), after.to_string())
            });
        let topologies = self.topologies().map(|both| {
            let [before, after] = both.map(|one| one.to_string());
            ("topology".to_owned(), before, after)
        });
        let switches = self.before.settings.differences(&self.after.settings);
        let programs = programs.into_iter();
        programs.chain(topologies).chain(switches).collect()
    }

    /// The same in one line.
    pub fn describe_differences(&self) -> String {
        match self.differences().as_slice() {
            [] => "nothing differs: both arms are the same".to_owned(),
            few if few.len() <= MAX_LISTED => few
                .iter()
                .map(|(path, before, after)| format!("{path}: {before} -> {after}"))
                .collect::<Vec<_>>()
                .join("; "),
            many => format!("{} switches differ", many.len()),
        }
    }
}
