//! Prints the public interface described by a rustdoc JSON file, one item per line.
//!
//! `.ci/run` compares the output with docs/public-api.txt.

use std::process::ExitCode;

use public_api::Builder;

fn main() -> ExitCode {
    let Some(json) = std::env::args_os().nth(1) else {
        eprintln!("usage: public-api-listing RUSTDOC.json");
        return ExitCode::from(2);
    };
    // Nine in ten lines would be derived and automatic impls. The automatic impls that matter (`Send`, `Sync`) are
    // asserted by tests/it/public_api.rs.
    let listing = Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build();
    match listing {
        Ok(listing) => {
            print!("{listing}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}
