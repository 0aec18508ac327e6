//! A program with a file in it that its build script has downloaded.

const GREETING: &str = include_str!(concat!(env!("OUT_DIR"), "/greeting.txt"));

fn main() {
    print!("{GREETING}");
}
