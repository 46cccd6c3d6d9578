//! The simulator as a process of its own, for clients that know nothing of weir. Prints its origin and serves until it is
//! ended. Its models are `small` and `large`; it asks for no key.

use std::io::{self, Write as _};

use weir_sim::{Sim, SimModel};

#[tokio::main]
async fn main() -> io::Result<()> {
    let models = ["small", "large"].map(SimModel::new);
    let sim = models.into_iter().fold(Sim::builder(), weir_sim::Builder::model).build().serve().await?;
    let origin = sim.base_url();
    writeln!(io::stdout(), "{}", origin.trim_end_matches("/v1"))?;
    std::future::pending().await
}
