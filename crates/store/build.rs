//! A new migration file changes no Rust source, so cargo has to be told.

fn main() {
    for input in ["../../migrations/sqlite", "sqlx.toml"] {
        // The build-script protocol is spoken on standard output.
        std::io::Write::write_all(&mut std::io::stdout(), format!("cargo::rerun-if-changed={input}\n").as_bytes())
            .unwrap_or_default();
    }
}
