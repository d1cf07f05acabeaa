#![no_main]

use scim_fuzz::{generated, patch};

libfuzzer_sys::fuzz_target!(|input: &[u8]| generated::either(input, patch::patch, generated::message));
