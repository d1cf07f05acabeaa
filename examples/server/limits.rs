//! The limits of the protocol as flags.

use clap::Args;
use scim_service::ServiceLimits;

/// How much one request can ask for; what is not given stays as [`ServiceLimits`](scim_service::ServiceLimits) has it.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Limits")]
pub struct LimitFlags {
    /// Longest path and query of a URL, in bytes; 32 KiB unless given
    #[arg(long, value_name = "BYTES")]
    max_url: Option<usize>,
    /// Largest request body, in bytes; 1 MiB unless given
    #[arg(long, value_name = "BYTES")]
    max_body: Option<usize>,
    /// Largest body that creates or changes a group, in bytes; 16 MiB unless given
    #[arg(long, value_name = "BYTES")]
    max_group_body: Option<usize>,
    /// Largest bulk request, in bytes; 1 MiB unless given
    #[arg(long, value_name = "BYTES")]
    max_bulk_payload: Option<usize>,
    /// Most operations in a bulk request; 1,000 unless given
    #[arg(long, value_name = "NUMBER")]
    max_bulk_operations: Option<usize>,
    /// Most values in the arrays of a body, such as the members of a group; 20,000 unless given
    #[arg(long, value_name = "NUMBER")]
    max_values: Option<usize>,
    /// Longest text in a body, in bytes; 1 MiB unless given
    #[arg(long, value_name = "BYTES")]
    max_text: Option<usize>,
    /// Deepest nesting of a body, in levels; 64 unless given
    #[arg(long, value_name = "LEVELS")]
    max_depth: Option<usize>,
    /// Most operations in a PATCH; 1,000 unless given
    #[arg(long, value_name = "NUMBER")]
    max_patch_operations: Option<usize>,
    /// Most names in `attributes` or `excludedAttributes`; 256 unless given
    #[arg(long, value_name = "NUMBER")]
    max_attributes: Option<usize>,
    /// Most resources in a response; 1,000 unless given
    #[arg(long, value_name = "NUMBER")]
    max_page: Option<u64>,
    /// Resources in a response when the client names no number; 200 unless given
    #[arg(long, value_name = "NUMBER")]
    default_page: Option<u64>,
    /// Most resources that a query may select, whatever its page; no limit unless given
    #[arg(long, value_name = "NUMBER")]
    max_results: Option<u64>,
    /// Longest filter, in bytes; 8 KiB unless given
    #[arg(long, value_name = "BYTES")]
    max_filter: Option<usize>,
}

impl LimitFlags {
    /// The limits.
    pub fn limits(&self) -> ServiceLimits {
        let mut limits = ServiceLimits::default();
        for (given, limit) in [
            (self.max_url, &mut limits.url),
            (self.max_body, &mut limits.body),
            (self.max_group_body, &mut limits.group_body),
            (self.max_bulk_payload, &mut limits.bulk_payload),
            (self.max_bulk_operations, &mut limits.bulk_operations),
            // One array may hold all that a body may.
            (self.max_values, &mut limits.json.array),
            (self.max_values, &mut limits.values),
            (self.max_text, &mut limits.json.string),
            (self.max_depth, &mut limits.json.depth),
            (self.max_patch_operations, &mut limits.patch_operations),
            (self.max_attributes, &mut limits.attributes),
            (self.max_filter, &mut limits.filter.text),
        ] {
            *limit = given.unwrap_or(*limit);
        }
        limits.page = self.max_page.unwrap_or(limits.page);
        limits.default_page = self.default_page.unwrap_or(limits.default_page);
        limits.results = self.max_results.or(limits.results);
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        limits: LimitFlags,
    }

    fn limits(flags: &[&str]) -> ServiceLimits {
        Program::parse_from([&["program"], flags].concat()).limits.limits()
    }

    #[test]
    fn p19_every_limit_has_a_flag_and_a_default() {
        assert_eq!(limits(&[]), ServiceLimits::default());
        let mut expected = ServiceLimits::default();
        let flags = [
            ("--max-url", 1),
            ("--max-body", 2),
            ("--max-group-body", 3),
            ("--max-bulk-payload", 4),
            ("--max-bulk-operations", 5),
            ("--max-values", 6),
            ("--max-text", 7),
            ("--max-depth", 8),
            ("--max-patch-operations", 9),
            ("--max-attributes", 10),
            ("--max-page", 11),
            ("--default-page", 12),
            ("--max-results", 13),
            ("--max-filter", 14),
        ];
        (expected.url, expected.body, expected.group_body) = (1, 2, 3);
        (expected.bulk_payload, expected.bulk_operations, expected.values) = (4, 5, 6);
        (expected.json.array, expected.json.string, expected.json.depth) = (6, 7, 8);
        (expected.patch_operations, expected.attributes) = (9, 10);
        (expected.page, expected.default_page, expected.results) = (11, 12, Some(13));
        expected.filter.text = 14;
        let given: Vec<String> = flags.iter().map(|(flag, value)| format!("{flag}={value}")).collect();
        assert_eq!(limits(&given.iter().map(String::as_str).collect::<Vec<_>>()), expected);
    }
}
