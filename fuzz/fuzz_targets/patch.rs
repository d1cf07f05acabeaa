#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| scim_fuzz::patch::patch(text));
