//! Who may write where these rules decide, checked before anybody does.

use std::collections::BTreeSet;

use scim_core::{Provenance, Source};
use thiserror::Error;

use crate::rules::language::RuleSet;
use crate::rules::subject::{Believed, Trust};

/// A program must not write here: the rules do not say enough about whom they believe.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WriterError {
    /// Several sources write, and the rules do not list them.
    #[error(
        "{} write here, and the rules do not say whom they believe: add `sources = [{}]`, and name in each rule whom it believes, \
         by `from`, `client` or `provider`",
        listed(.writers, " and "),
        quoted(.writers)
    )]
    Unlisted {
        /// The sources, in their text form.
        writers: Vec<String>,
    },
    /// The rules list sources, and this one is not among them.
    #[error(
        "{writer} would write here, and is not among the `sources` of the rules: add \"{writer}\" there, or start without it"
    )]
    NotAmong {
        /// The source, in its text form.
        writer: String,
    },
    /// A rule that gives protected roles believes more than one writer without naming each.
    #[error(
        "rule {rule} grants protected roles to whom any of {} puts into its group: name the one that may, by {key}",
        listed(.writers, " and ")
    )]
    Ambiguous {
        /// The 1-based number of the rule in the file.
        rule: usize,
        /// The writers that it believes.
        writers: Vec<String>,
        /// The keys of the rules file that tell them apart.
        key: &'static str,
    },
}

fn listed(writers: &[String], last: &str) -> String {
    match writers {
        [all @ .., one] if !all.is_empty() => format!("{}{last}{one}", all.join(", ")),
        writers => writers.concat(),
    }
}

fn quoted(writers: &[String]) -> String {
    writers.iter().map(|writer| format!("\"{writer}\"")).collect::<Vec<_>>().join(", ")
}

impl RuleSet {
    /// Checks that everybody who can write through a program is somebody whom these rules know, before the program starts.
    ///
    /// `writers` are the SCIM clients and identity providers of the program, each with its tenant; the tenant `*` stands for any.
    /// `recorded` are the sources that have written before, in the order in which they first did
    /// ([`SupersetStore::writers`](crate::SupersetStore::writers)).
    ///
    /// ```
    /// use scim_core::{Provenance, Source};
    /// use superset_mapping::RuleSet;
    ///
    /// let rules: RuleSet = "[[rule]]\ngroup = \"analysts\"\nroles = [\"Alpha\"]".parse()?;
    /// let okta = Provenance::new(Source::client("okta"));
    /// assert!(rules.check_writers(&[okta.clone()], &[]).is_ok());
    /// let error = rules.check_writers(&[okta], &[Source::provider("partners")]).unwrap_err();
    /// assert!(error.to_string().contains(r#"add `sources = ["client:okta", "provider:partners"]`"#));
    /// # Ok::<(), superset_mapping::RuleError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WriterError`]: several sources write and the file lists none, a writer is not listed, or a rule with `grants_protected`
    /// does not say which of several writers it believes.
    pub fn check_writers(&self, writers: &[Provenance], recorded: &[Source]) -> Result<(), WriterError> {
        let own = || writers.iter().map(Provenance::source).filter(|source| **source != Source::Host);
        if let Some(sources) = &self.sources {
            if let Some(stranger) = own().find(|source| !sources.iter().any(|listed| listed.believes(source))) {
                return Err(WriterError::NotAmong { writer: stranger.to_string() });
            }
        } else {
            let mut all: BTreeSet<&Source> = own().chain(recorded).filter(|source| **source != Source::Host).collect();
            // Whoever wrote before clients had names is taken for the first that has one.
            if all.iter().any(|source| matches!(source, Source::Client(_))) {
                all.remove(&Source::UnknownClient);
            }
            if all.len() > 1 {
                return Err(WriterError::Unlisted { writers: all.into_iter().map(ToString::to_string).collect() });
            }
        }
        let first: Vec<Believed> = own().cloned().map(Believed::One).collect();
        let trust = self.trust(Trust::These(&first));
        for (index, rule) in self.rules.iter().enumerate().filter(|(_, rule)| rule.grants_protected()) {
            let named = rule.belief().sources();
            let trusted: &[Believed] = match trust {
                _ if !named.is_empty() => named,
                Trust::These(these) => these,
                Trust::Same(_) => &[],
            };
            for believed in trusted {
                let tenant = rule.belief().tenant();
                let of = |writer: &&Provenance| {
                    believed.believes(writer.source())
                        && (tenant.is_none() || writer.tenant() == Some("*") || writer.tenant() == tenant)
                };
                let able: BTreeSet<&Provenance> = writers.iter().filter(of).collect();
                let sources: BTreeSet<&Source> = able.iter().map(|writer| writer.source()).collect();
                let tenants: BTreeSet<Option<&str>> = able.iter().map(|writer| writer.tenant()).collect();
                let one_tenant = tenant.is_some() || (tenants.len() < 2 && !tenants.contains(&Some("*")));
                let key = match (sources.len() < 2, one_tenant) {
                    (true, true) => continue,
                    (true, false) => "`tenant`",
                    (false, true) => "`client` or `provider`",
                    (false, false) => "`client` or `provider` and `tenant`",
                };
                let writers = able.into_iter().map(ToString::to_string).collect();
                return Err(WriterError::Ambiguous { rule: index + 1, writers, key });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROTECTED: &str =
        "[[rule]]\ngroup_external_id = \"grp-exec\"\nroles = [\"Admin\"]\ngrants_protected = true\n";

    fn refusal(rules: &str, writers: &[(&str, Option<&str>)], recorded: &[&str]) -> Option<String> {
        let writer =
            |(source, tenant): &(&str, Option<&str>)| Provenance::new(source.parse().unwrap()).in_tenant(*tenant);
        let writers: Vec<Provenance> = writers.iter().map(writer).collect();
        let recorded: Vec<Source> = recorded.iter().map(|source| source.parse().unwrap()).collect();
        let rules: RuleSet = rules.parse().unwrap();
        rules.check_writers(&writers, &recorded).err().map(|error| error.to_string())
    }

    #[test]
    fn x9_a_second_source_needs_a_list() {
        let okta = ("client:okta", None);
        assert_eq!(refusal("", &[okta], &[]), None);
        assert_eq!(refusal("", &[okta], &["client:okta", "host"]), None);
        assert_eq!(refusal("", &[okta], &["client:*"]), None, "the client from before there were names");
        assert_eq!(refusal("sources = [\"scim\"]", &[okta, ("client:entra", None)], &["provider:gone"]), None);
        let error = refusal("", &[okta], &["client:*", "provider:partners"]).unwrap();
        assert_eq!(
            error,
            "client:okta and provider:partners write here, and the rules do not say whom they believe: add `sources = \
             [\"client:okta\", \"provider:partners\"]`, and name in each rule whom it believes, by `from`, `client` or `provider`"
        );
        assert!(refusal("", &[("provider:partners", None)], &["client:*"]).is_some());
        let error = refusal("sources = [\"client:okta\"]", &[("provider:partners", None)], &[]).unwrap();
        assert!(error.starts_with("provider:partners would write here, and is not among the `sources`"), "{error}");
    }

    #[test]
    fn x3_a_protected_rule_names_which_of_several_writers_it_believes() {
        let (okta, entra) = (("client:okta", Some("acme")), ("client:entra", Some("acme")));
        let scim = format!("sources = [\"scim\"]\n{PROTECTED}");
        assert_eq!(refusal(&scim, &[okta], &[]), None);
        let error = refusal(&scim, &[okta, entra], &[]).unwrap();
        assert_eq!(
            error,
            "rule 1 grants protected roles to whom any of client:entra in tenant acme and client:okta in tenant acme puts into \
             its group: name the one that may, by `client` or `provider`"
        );
        assert_eq!(refusal(&format!("{scim}client = \"okta\""), &[okta, entra], &[]), None);
        let beta = ("client:okta", Some("beta"));
        assert!(refusal(&scim, &[okta, beta], &[]).unwrap().ends_with("by `tenant`"));
        assert!(refusal(PROTECTED, &[okta, beta], &[]).unwrap().ends_with("by `tenant`"));
        assert!(refusal(PROTECTED, &[("client:okta", Some("*"))], &[]).unwrap().ends_with("by `tenant`"));
        assert_eq!(refusal(&format!("{scim}tenant = \"acme\""), &[okta, beta], &[]), None);
        assert_eq!(refusal(&format!("{PROTECTED}tenant = \"acme\""), &[("client:okta", Some("*"))], &[]), None);
        let both = format!("sources = [\"scim\", \"provider:corp\"]\n{PROTECTED}from = \"scim\"\nprovider = \"corp\"");
        assert_eq!(refusal(&both, &[("client:okta", None), ("provider:corp", None)], &[]), None, "each is named");
    }
}
