//! A program that contains a file which its build script downloaded.

const GREETING: &str = include_str!(concat!(env!("OUT_DIR"), "/greeting.txt"));

fn main() {
    print!("{GREETING}");
}
