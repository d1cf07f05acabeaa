#![no_main]

use scim_fuzz::{filter, generated};

libfuzzer_sys::fuzz_target!(|input: &[u8]| generated::either(input, filter::path_parse, generated::path));
