use clap::Args;
/// Watch
#[derive(Debug, Args)]
pub(in crate::cli) struct Demo {}
impl Demo {
    pub(in crate::cli) async fn run(self) -> anyhow::Result<()> {
        Ok(())
    }
}
