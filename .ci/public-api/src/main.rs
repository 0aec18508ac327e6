//! Prints the public interface that a rustdoc JSON file describes, one item a line. `.ci/run` compares it with
//! docs/public-api.txt.

use std::process::ExitCode;

use public_api::Builder;

fn main() -> ExitCode {
    let Some(json) = std::env::args_os().nth(1) else {
        eprintln!("usage: public-api-listing RUSTDOC.json");
        return ExitCode::from(2);
    };
    // Derived and automatic impls would be nine lines of ten. What matters of the automatic ones (`Send`, `Sync`) is
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
